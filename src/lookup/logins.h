/* SPDX-License-Identifier: MIT */
#pragma once
/* logins.h - from where has somebody logged in lately?
 *
 * Each address with the account and the time of its newest login, until twelve hours after it. When
 * there is no room, the oldest goes. Pure, allocates nothing. */
#include "base/buf.h"
#include "base/time.h"
#include "lookup/facts.h"

enum { LOGINS_MAX = 256, LOGINS_ACCOUNT_MAX = 64 };

struct login {
	struct addr addr;
	instant time;
	char account[LOGINS_ACCOUNT_MAX]; /* printable, no blanks; cut */
};

struct logins {
	size_t n;
	struct login at[LOGINS_MAX];
};

/* One that is too old is not taken; a time of the future counts as now. True: the list is another
 * now. */
bool logins_add(struct logins *l, const struct addr *addr, struct str account, instant time,
		instant now);
/* Drops what is too old. True: something was. */
bool logins_expire(struct logins *l, instant now);
/* Until when a login protects its address. */
instant logins_end(const struct login *login);
/* The list as text, and back; nonsense is left out. */
void logins_save(const struct logins *l, struct buf *out);
void logins_load(struct logins *l, struct str text, instant now);
