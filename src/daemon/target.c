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

bool target_holds(const struct prefix *p, const struct addr *addr)
{
	struct addr inner = addr_unwrap(addr);
	struct prefix host = prefix_of(addr, 128), inner_host = prefix_of(&inner, 128);

	return addr->family && (prefix_contains(p, &host) || prefix_contains(p, &inner_host));
}
