/* SPDX-License-Identifier: MIT */
#include "output/store_rows.h"

#include <string.h>

#include "output/store_db.h"
#include "sys/clock.h"

bool store_addr(struct str bytes, struct addr *ret)
{
	*ret = (struct addr){ .family = bytes.n == 4 ? 4 : bytes.n == 16 ? 6 : 0 };
	if (ret->family) {
		memcpy(ret->bytes, bytes.p, bytes.n);
	}
	return ret->family != 0;
}

void store_range(const struct prefix *p, uint8_t low[static 16], uint8_t high[static 16],
		 struct str *ret_low, struct str *ret_high)
{
	size_t n = p->addr.family == 4 ? 4 : 16;

	for (size_t i = 0; i < n; i++) {
		unsigned bits = p->len >= 8 * (i + 1) ? 8
				: p->len > 8 * i      ? p->len - 8U * (unsigned)i
						      : 0;

		low[i] = p->addr.bytes[i];
		high[i] = (uint8_t)(p->addr.bytes[i] | (0xffU >> bits));
	}
	*ret_low = (struct str){ .p = (const char *)low, .n = n };
	*ret_high = (struct str){ .p = (const char *)high, .n = n };
}

void store_row_event(struct sql_statement *st, int first, struct stored_event *ret)
{
	*ret = (struct stored_event){
		.id = (uint64_t)sql_int(st, first),
		.time = { .us = sql_int(st, first + 1) },
		.type = sql_bytes(st, first + 2),
		.service = sql_bytes(st, first + 3),
		.filter = sql_bytes(st, first + 4),
		.source = sql_bytes(st, first + 5),
		.account = sql_bytes(st, first + 7),
		.data = sql_bytes(st, first + 8),
		.text = sql_bytes(st, first + 9),
		.count = (uint16_t)sql_int(st, first + 10),
	};
	(void)store_addr(sql_bytes(st, first + 6), &ret->addr);
}

/* A damaged database may say anything. */
static bool is_sane(const struct stored_ban *b)
{
	const struct decision *d = &b->decision;

	return d->prefix.addr.family && d->prefix.len <= addr_bits(&d->prefix.addr) &&
	       d->kind != DECISION_LIFT && d->kind <= DECISION_OBSERVED &&
	       d->action <= ACTION_BLACKLIST && d->because < BECAUSE_COUNT &&
	       b->ended_because < BECAUSE_COUNT;
}

/* False: nothing that we wrote. */
static bool read_ban(struct sql_statement *st, struct stored_ban *ret)
{
	struct decision *d = &ret->decision;

	*ret = (struct stored_ban){
		.jail = sql_bytes(st, 8),
		.scope = sql_bytes(st, 9),
		.type = sql_bytes(st, 10),
		.service = sql_bytes(st, 11),
		.ended = { .us = sql_is_null(st, 16) ? 0 : sql_int(st, 16) },
		.ended_because = (enum because)sql_int(st, 17),
	};
	*d = (struct decision){
		.ban = (uint64_t)sql_int(st, 0),
		.kind = (enum decision_kind)sql_int(st, 1),
		.because = (enum because)sql_int(st, 2),
		.action = (enum ban_action)sql_int(st, 3),
		.time = { .us = sql_int(st, 4) },
		.until = { .us = sql_int(st, 5) },
		.prefix.len = (uint8_t)sql_int(st, 7),
		.jail = ret->jail.n ? 0 : JAIL_BY_HAND,
		.threshold = (uint32_t)sql_int(st, 12),
		.score = sql_int(st, 13),
		.by = sql_bytes(st, 14),
		.reason = sql_bytes(st, 15),
	};
	(void)store_addr(sql_bytes(st, 6), &d->prefix.addr);
	if (!ret->jail.n) {
		ret->jail = STR("by hand");
	}
	/* The end of a spared or observed one is its time, nobody writes it. */
	if (!ret->ended.us && d->kind != DECISION_BAN && d->until.us <= clock_now().us) {
		ret->ended = d->until;
		ret->ended_because = BECAUSE_EXPIRED;
	}
	return is_sane(ret);
}

bool store_concerns(const struct prefix *p, const struct addr *addr)
{
	struct addr inner = addr_unwrap(addr);
	struct prefix outer_host = prefix_of(addr, 128), inner_host = prefix_of(&inner, 128);

	return prefix_contains(p, &outer_host) || prefix_contains(p, &inner_host);
}

int store_rows_bans(struct sql_statement *st, const struct prefix *subject, store_ban_fn fn,
		    void *arg)
{
	struct stored_ban ban;
	int r;

	while ((r = sql_step(st)) == 1) {
		if (read_ban(st, &ban) &&
		    (!subject || prefix_overlaps(subject, &ban.decision.prefix)) &&
		    !fn(arg, &ban)) {
			break;
		}
	}
	sql_done(st);
	return r < 0 ? r : 0;
}
