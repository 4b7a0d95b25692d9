/* SPDX-License-Identifier: MIT */
#include "daemon/target.h"

#include <errno.h>

int target_parse(const struct ruleset *rules, struct str text, struct prefix *ret)
{
	struct addr addr;
	int r;

	if (addr_parse(text, &addr) == 0) {
		*ret = ruleset_subject(rules, &addr);
		return 0;
	}
	r = prefix_parse(text, ret);
	if (r == 0 && ret->addr.family == 6 && ret->len > rules->host_v6) {
		*ret = prefix_of(&ret->addr, rules->host_v6);
	}
	return r;
}

struct prefix target_class_c(const struct ruleset *rules, const struct prefix *p)
{
	uint8_t len = p->addr.family == 4 ? 24 : rules->network_v6;

	return p->len <= len ? *p : prefix_of(&p->addr, len);
}

bool target_wraps_v4(const struct prefix *p)
{
	static const struct prefix wrapping[] = {
		{ { .family = 6, .bytes = { 0x00, 0x64, 0xff, 0x9b } }, 96 },
		{ { .family = 6, .bytes = { 0x20, 0x02 } }, 16 },
		{ { .family = 6, .bytes = { 0x20, 0x01, 0, 0 } }, 32 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrapping); i++) {
		/* No network is longer than an IPv6 subject, NAT64's own prefix is. */
		if (prefix_contains(&wrapping[i], p) ||
		    (p->len > 32 && prefix_overlaps(&wrapping[i], p))) {
			return true;
		}
	}
	return false;
}

bool target_holds(const struct prefix *p, const struct addr *addr)
{
	struct addr inner = addr_unwrap(addr);
	struct prefix host = prefix_of(addr, 128), inner_host = prefix_of(&inner, 128);

	return addr->family && (prefix_contains(p, &host) || prefix_contains(p, &inner_host));
}
