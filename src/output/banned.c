/* SPDX-License-Identifier: MIT */
/* banned.c - bans by prefix.
 *
 * Scopes are told apart by their ranges: their numbers change with a plan. The bans stand sorted by
 * prefix, and a set of the prefixes knows where those of each begin; it is asked for the longest
 * that holds the peer, then for the next shorter one. */
#include "output/banned.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/netset.h"

struct ports {
	size_t n; /* 0: all */
	struct port_range ranges[SCOPE_RANGES_MAX];
};

struct ban {
	struct prefix prefix;
	uint8_t ports;
};

struct banned {
	size_t n, room, n_ports;
	struct ban *bans;
	struct netset *prefixes; /* NULL: not sealed */
	struct ports ports[SCOPES_MAX];
};

int banned_new(struct banned **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

struct banned *banned_free(struct banned *b)
{
	if (b) {
		netset_free(b->prefixes);
		free(b->bans);
		free(b);
	}
	return NULL;
}

static bool same_ports(const struct ports *ports, const struct scope *scope)
{
	if (ports->n != scope->n_ranges) {
		return false;
	}
	for (size_t i = 0; i < ports->n; i++) {
		const struct port_range *a = &ports->ranges[i], *b = &scope->ranges[i];

		if (a->proto != b->proto || a->low != b->low || a->high != b->high) {
			return false;
		}
	}
	return true;
}

/* The number of these ports. */
static int add_ports(struct banned *b, const struct scope *scope)
{
	struct ports *added = &b->ports[b->n_ports];

	for (size_t i = 0; i < b->n_ports; i++) {
		if (same_ports(&b->ports[i], scope)) {
			return (int)i;
		}
	}
	if (b->n_ports == SCOPES_MAX || scope->n_ranges > SCOPE_RANGES_MAX) {
		return -ENOBUFS;
	}
	added->n = scope->n_ranges;
	for (size_t i = 0; i < scope->n_ranges; i++) {
		added->ranges[i] = scope->ranges[i];
	}
	return (int)b->n_ports++;
}

int banned_add(struct banned *b, const struct prefix *prefix, const struct scope *scope)
{
	int ports;

	if (b->n == BANNED_MAX) {
		return -ENOBUFS;
	}
	if (b->n == b->room) {
		size_t room = b->room > 0 ? b->room * 2 : 64;
		struct ban *bans = reallocarray(b->bans, room, sizeof(*bans));

		if (!bans) {
			return -ENOMEM;
		}
		b->bans = bans;
		b->room = room;
	}
	ports = add_ports(b, scope);
	if (ports < 0) {
		return ports;
	}
	b->bans[b->n++] = (struct ban){ .prefix = *prefix, .ports = (uint8_t)ports };
	return 0;
}

static int compare(const void *a, const void *b)
{
	return prefix_cmp(&((const struct ban *)a)->prefix, &((const struct ban *)b)->prefix);
}

int banned_seal(struct banned *b)
{
	int r = 0;

	netset_free(b->prefixes);
	b->prefixes = netset_new();
	if (!b->prefixes) {
		return -ENOMEM;
	}
	if (b->n > 0) {
		qsort(b->bans, b->n, sizeof(*b->bans), compare);
	}
	for (size_t i = 0; i < b->n && r == 0; i++) {
		if (i == 0 || !prefix_eq(&b->bans[i].prefix, &b->bans[i - 1].prefix)) {
			r = netset_add(b->prefixes, &b->bans[i].prefix, (uint32_t)i);
		}
	}
	netset_seal(b->prefixes);
	return r;
}

static bool has_port(const struct ports *ports, uint8_t proto, uint16_t port)
{
	for (size_t i = 0; i < ports->n; i++) {
		const struct port_range *r = &ports->ranges[i];

		if (r->proto == proto && r->low <= port && port <= r->high) {
			return true;
		}
	}
	return ports->n == 0;
}

bool banned_has(const struct banned *b, const struct addr *peer, uint8_t proto, uint16_t port)
{
	struct prefix asked = prefix_of(peer, addr_bits(peer));
	const struct prefix *found;
	uint32_t first;

	while ((found = netset_covering(b->prefixes, &asked, &first)) != NULL) {
		for (size_t i = first; i < b->n && prefix_eq(&b->bans[i].prefix, found); i++) {
			if (has_port(&b->ports[b->bans[i].ports], proto, port)) {
				return true;
			}
		}
		if (found->len == 0) {
			return false;
		}
		asked = prefix_of(peer, (uint8_t)(found->len - 1));
	}
	return false;
}

size_t banned_count(const struct banned *b)
{
	return b->n;
}

void banned_clear(struct banned *b)
{
	b->n = 0;
	b->n_ports = 0;
}
