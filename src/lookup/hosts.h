/* SPDX-License-Identifier: MIT */
#pragma once
/* hosts.h - which addresses do the host names on never-block have, and which had they just now?
 *
 * A list of names with their addresses, and when each is to be asked for again: after five minutes,
 * after a failure sooner. An address that a successful look-up does not name any more stays for an
 * hour after it, and only a later success takes it away: a failure takes nothing. The clock is the
 * caller's. Allocates in hosts_want() only. */
#include "base/buf.h"
#include "base/time.h"
#include "lookup/question.h"

enum { HOSTS_MAX = 256 };

struct host_address {
	struct addr addr;
	instant gone; /* the first success that did not name it; 0: the last one did */
};

struct host {
	char name[HOSTNAME_MAX]; /* as it was written, `mx:` included */
	bool wanted;
	unsigned failures; /* since the last success */
	instant asked;     /* when it was last answered; 0: never */
	instant resolved;  /* the last success, also before a restart; 0: never */
	instant next;      /* when it is to be asked for */
	size_t n;
	struct host_address addresses[ANSWER_ADDRESSES];
	char why[ANSWER_WHY_MAX]; /* of the last failure; "" after a success */
};

struct hosts;

NODISCARD int hosts_new(struct hosts **ret);
struct hosts *hosts_free(struct hosts *h);
DEFINE_FREEP(struct hosts, hosts_free)
/* The names are said anew: begin, want each, end; what was not wanted is forgotten at the end, what
 * was there before keeps what is known of it. hosts_want(): -EINVAL: no name; -ENOSPC: more than
 * HOSTS_MAX. */
void hosts_begin(struct hosts *h);
NODISCARD int hosts_want(struct hosts *h, struct str name);
/* True: a name was forgotten that had addresses. */
bool hosts_end(struct hosts *h);
size_t hosts_count(const struct hosts *h);
const struct host *hosts_at(const struct hosts *h, size_t i);
/* The host of this name, or NULL. */
const struct host *hosts_find(const struct hosts *h, struct str name);
/* The name that is to be asked for at `now`, longest overdue first; NULL: none. */
const char *hosts_due(const struct hosts *h, instant now);
/* When the next one is due; INSTANT_NEVER. */
instant hosts_next(const struct hosts *h);
/* What came back for the name. True: its addresses are others than before. */
bool hosts_answer(struct hosts *h, struct str name, const struct answer *answer, instant now);
/* The addresses as text, and what of them is known again for wanted names; nonsense is left out. */
void hosts_save(const struct hosts *h, struct buf *out);
void hosts_load(struct hosts *h, struct str text);
