/* SPDX-License-Identifier: MIT */
/* ruleset.c - what people's files say, in one piece.
 *
 * Everything lies in the arena but what has memory of its own: filters and detectors hold compiled
 * patterns, netsets grow while they are built. Those are freed one by one, detectors first, for
 * they borrow the filters. */
#include "engine/ruleset.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/brake.h"

enum {
	HOST_V6 = 64,
	NETWORK_V4 = 24,
	NETWORK_V6 = 48,
	MAX_SUBJECTS = 1000000,
	KNOWN_SECONDS = 30 * 86400,
};

static int add_known_types(struct ruleset *r)
{
	for (unsigned type = 0; type < EVENT_KNOWN_TYPES; type++) {
		uint16_t number;
		int n = names_add(&r->types, r->arena, str_of(event_kind((uint16_t)type)->name),
				  &number);

		if (n < 0) {
			return n;
		}
	}
	return 0;
}

int ruleset_new(struct ruleset **ret)
{
	CLEANUP(ruleset_freep) struct ruleset *r = calloc(1, sizeof(*r));
	int n;

	if (!r) {
		return -ENOMEM;
	}
	*r = (struct ruleset){
		.arena = arena_new(),
		.never_block = netset_new(),
		.host_v6 = HOST_V6,
		.network_v4 = NETWORK_V4,
		.network_v6 = NETWORK_V6,
		.max_subjects = MAX_SUBJECTS,
		.known_for = seconds(KNOWN_SECONDS),
		.brake = BRAKE_LIMIT,
	};
	if (!r->arena || !r->never_block) {
		return -ENOMEM;
	}
	netset_seal(r->never_block);
	n = add_known_types(r);
	if (n < 0) {
		return n;
	}
	r->scopes = arena_alloc(r->arena, SCOPES_MAX, sizeof(*r->scopes));
	if (!r->scopes) {
		return -ENOMEM;
	}
	r->scopes[SCOPE_ALL] = (struct scope){
		.name = STR("all"),
		.label = STR("all"),
		.verdict = VERDICT_DROP,
	};
	r->n_scopes = 1;
	*ret = TAKE(r);
	return 0;
}

struct ruleset *ruleset_free(struct ruleset *r)
{
	if (!r) {
		return NULL;
	}
	for (size_t i = 0; i < r->n_sources; i++) {
		detector_free(r->sources[i].detector);
	}
	for (size_t i = 0; i < r->n_filters; i++) {
		filter_free(r->filters[i].filter);
	}
	for (size_t i = 0; i < r->n_jails; i++) {
		netset_free(r->jails[i].never_block);
	}
	netset_free(r->never_block);
	arena_free(r->arena);
	free(r);
	return NULL;
}

uint16_t ruleset_jail(const struct ruleset *r, struct str name)
{
	for (size_t i = 0; i < r->n_jails; i++) {
		if (str_eq(r->jails[i].name, name)) {
			return (uint16_t)i;
		}
	}
	return JAIL_BY_HAND;
}

struct str ruleset_jail_name(const struct ruleset *r, uint16_t jail)
{
	return jail < r->n_jails ? r->jails[jail].name : STR("by hand");
}

const struct route *ruleset_route(const struct ruleset *r, const struct event *event)
{
	if (event->source >= r->n_sources) {
		return NULL;
	}
	for (size_t i = 0; i < r->sources[event->source].n_routes; i++) {
		if (r->sources[event->source].routes[i].filter == event->filter) {
			return &r->sources[event->source].routes[i];
		}
	}
	return NULL;
}

bool route_has(const struct route *route, uint16_t jail)
{
	for (size_t i = 0; i < route->n_jails; i++) {
		if (route->jails[i] == jail) {
			return true;
		}
	}
	return false;
}

struct str ruleset_ports(const struct ruleset *r, uint16_t scope)
{
	return scope < r->n_scopes ? r->scopes[scope].label : STR("");
}

static duration longer(duration a, duration b)
{
	return a.us > b.us ? a : b;
}

duration ruleset_window(const struct ruleset *r)
{
	duration longest = { 0 };

	for (size_t i = 0; i < r->n_jails; i++) {
		longest = longer(longest, r->jails[i].window);
	}
	return longest;
}

duration ruleset_memory(const struct ruleset *r)
{
	duration longest = longer(seconds(BLOCKS_SECONDS), ruleset_window(r));

	for (size_t i = 0; i < r->n_jails; i++) {
		longest = longer(longest, r->jails[i].ban_memory);
	}
	return longest;
}

struct prefix ruleset_subject(const struct ruleset *r, const struct addr *a)
{
	const struct addr host = addr_unwrap(a);

	return prefix_of(&host, host.family == 4 ? addr_bits(&host) : r->host_v6);
}

struct prefix ruleset_network(const struct ruleset *r, const struct addr *a)
{
	const struct addr host = addr_unwrap(a);

	return prefix_of(&host, host.family == 4 ? r->network_v4 : r->network_v6);
}
