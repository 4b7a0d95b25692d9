/* SPDX-License-Identifier: MIT */
#include "lookup/logins.h"

#include <string.h>

static const duration lasts = { .us = INT64_C(12) * 3600 * 1000000 };

instant logins_end(const struct login *login)
{
	return instant_add(login->time, lasts);
}

static void set_account(struct login *login, struct str account)
{
	size_t n = account.n < LOGINS_ACCOUNT_MAX - 1 ? account.n : LOGINS_ACCOUNT_MAX - 1;

	memset(login->account, 0, sizeof(login->account));
	for (size_t i = 0; i < n; i++) {
		char c = account.p[i];

		login->account[i] = c > ' ' && c <= '~' ? c : '?';
	}
	if (n == 0) {
		login->account[0] = '-';
	}
}

/* The place for the address: its own, a free one, or that of the oldest. */
static struct login *place(struct logins *l, const struct addr *addr)
{
	struct login *oldest = &l->at[0];

	for (size_t i = 0; i < l->n; i++) {
		if (addr_eq(&l->at[i].addr, addr)) {
			return &l->at[i];
		}
		oldest = l->at[i].time.us < oldest->time.us ? &l->at[i] : oldest;
	}
	return l->n < LOGINS_MAX ? &l->at[l->n++] : oldest;
}

bool logins_add(struct logins *l, const struct addr *addr, struct str account, instant time,
		instant now)
{
	struct login made = { .addr = *addr, .time = instant_min(time, now) };
	struct login *login;

	if (logins_end(&made).us <= now.us) {
		return false;
	}
	login = place(l, addr);
	if (addr_eq(&login->addr, addr) && login->time.us >= made.time.us) {
		return false;
	}
	set_account(&made, account);
	*login = made;
	return true;
}

bool logins_expire(struct logins *l, instant now)
{
	size_t kept = 0, before = l->n;

	for (size_t i = 0; i < before; i++) {
		if (logins_end(&l->at[i]).us > now.us) {
			l->at[kept++] = l->at[i];
		}
	}
	memset(&l->at[kept], 0, (before - kept) * sizeof(l->at[0]));
	l->n = kept;
	return kept < before;
}

/* One a line: address, microseconds, account. */
void logins_save(const struct logins *l, struct buf *out)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < l->n; i++) {
		buf_printf(out, "%s %lld %s\n", addr_format(&l->at[i].addr, text),
			   (long long)l->at[i].time.us, l->at[i].account);
	}
}

void logins_load(struct logins *l, struct str text, instant now)
{
	struct str line, address, time, account;

	while (str_split(&text, '\n', &line)) {
		struct addr addr;
		uint64_t us;

		if (str_word(&line, &address) && str_word(&line, &time) &&
		    str_word(&line, &account) && addr_parse(address, &addr) == 0 &&
		    str_to_uint(time, INT64_MAX, &us) == 0) {
			(void)logins_add(l, &addr, account, (instant){ .us = (int64_t)us }, now);
		}
	}
}
