/* SPDX-License-Identifier: MIT */
#pragma once
/* ruleset.h - everything that people's files say about detection and policy, in one immutable
 * piece.
 *
 * Made by config/build, used by one engine, freed in one stroke. All lists live in `arena`. Pure.
 */
#include "base/arena.h"
#include "base/names.h"
#include "base/netset.h"
#include "detect/detector.h"
#include "policy/jail.h"
#include "policy/scope.h"

enum { BLOCKS_SECONDS = 30 * 86400 /* of BLOCKS-30D */ };

enum source_kind {
	SOURCE_FILE,    /* one path */
	SOURCE_GLOB,    /* a pattern of paths */
	SOURCE_JOURNAL, /* a journal match */
};

/* One filter on one source, and the jails that its events go to. */
struct route {
	uint16_t filter;
	const uint16_t *jails;
	size_t n_jails;
};

/* A place that lines come from. It is read once, whatever number of jails watch it. */
struct source {
	struct str text; /* path, glob, or `journal:...` (base/journal_place.h) */
	enum source_kind kind;
	const struct route *routes;
	size_t n_routes;
	struct detector *detector; /* its filter numbers are indexes of `routes` */
};

struct ruleset_filter {
	struct str name, about;
	struct filter *filter;
};

struct ruleset {
	struct arena *arena;
	struct names types; /* begins with the well-known ones */
	struct names services;
	struct ruleset_filter *filters;
	size_t n_filters;
	struct jail *jails;
	size_t n_jails;
	struct source *sources;
	size_t n_sources;
	struct scope *scopes; /* room for SCOPES_MAX; [0] is all ports, drop */
	size_t n_scopes;
	struct netset *never_block;     /* sealed; the tag is the line in never_file, 0 for
					   built-in ones; never NULL */
	struct str never_file;          /* ipsd.conf, or what overrides it */
	uint8_t host_v6;                /* length of an IPv6 subject, 64 */
	uint8_t network_v4, network_v6; /* 24, 48 */
	uint32_t max_subjects;
	duration known_for; /* how long a login makes an address known, 30 days */
	uint32_t brake;     /* known addresses that a jail may ban in five minutes, BRAKE_LIMIT */
	bool observe;       /* [ipsd] mode */
};

/* An empty one with the well-known types, scope 0 and the defaults above. -ENOMEM. */
NODISCARD int ruleset_new(struct ruleset **ret);
struct ruleset *ruleset_free(struct ruleset *r);
DEFINE_FREEP(struct ruleset, ruleset_free)
/* The route that the event came by; NULL: none of these rules. */
const struct route *ruleset_route(const struct ruleset *r, const struct event *event);
/* Do its events go to this jail? */
bool route_has(const struct route *route, uint16_t jail);
/* Index of the jail with this name, or JAIL_BY_HAND. */
uint16_t ruleset_jail(const struct ruleset *r, struct str name);
/* The name of a jail number; "by hand" for JAIL_BY_HAND. */
struct str ruleset_jail_name(const struct ruleset *r, uint16_t jail);
/* The ports of a scope number; "" for one of other rules that is out of range. */
struct str ruleset_ports(const struct ruleset *r, uint16_t scope);
/* The longest window of a jail. */
duration ruleset_window(const struct ruleset *r);
/* How long the beginning of a ban can matter: for BLOCKS-30D, a ladder, or as an event. */
duration ruleset_memory(const struct ruleset *r);
/* What is counted and banned for an address: the /32, the v6 host prefix (v4 inside NAT64, 6to4 and
 * Teredo unwrapped). */
struct prefix ruleset_subject(const struct ruleset *r, const struct addr *a);
/* The network around it. */
struct prefix ruleset_network(const struct ruleset *r, const struct addr *a);
