/* SPDX-License-Identifier: MIT */
#pragma once
/* rig_lines.h - rules that read lines: `SECONDS fail ADDRESS` is an auth-failure, `fail ADDRESS`
 * one without a stamp.
 *
 * Two filters read the same source: 0 knows both forms, 1 only the first, and calls it
 * relay-denied. */
#include "unit/engine/rig.h"

static inline struct filter *rig_filter(struct ruleset *r, uint16_t type, const char *first,
					const char *second)
{
	struct spec_text match[] = { { .text = str_of(first) }, { .text = str_of(second) } };
	const struct section_spec section = {
		.type = type,
		.name = STR("section"),
		.service = EVENT_SERVICE_NONE,
		.match = { .at = match, .n = second ? 2 : 1 },
	};
	const struct filter_spec spec = {
		.name = STR("lines"),
		.stamp = { .text = STR("%s") },
		.service = EVENT_SERVICE_NONE,
		.sections = &section,
		.n_sections = 1,
	};
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	struct filter *f = NULL;

	assert_non_null(diag);
	assert_int_equal(filter_new(&spec, r->arena, diag, &f), 0);
	return f;
}

/* The rules of rig_rules(), fed by lines. Each jail watches both filters. */
static inline struct ruleset *rig_line_rules(size_t n_jails)
{
	struct ruleset *r = rig_rules(n_jails);
	struct route *routes = arena_alloc(r->arena, 2, sizeof(*routes));
	struct filter **filters = arena_alloc(r->arena, 2, sizeof(struct filter *));

	r->filters = arena_alloc(r->arena, 2, sizeof(*r->filters));
	assert_true(routes && filters && r->filters);
	filters[0] = rig_filter(r, EVENT_AUTH_FAILURE, "^<STAMP> fail <ADDR>$", "^fail <ADDR>$");
	filters[1] = rig_filter(r, EVENT_RELAY_DENIED, "^<STAMP> fail <ADDR>$", NULL);
	for (uint16_t i = 0; i < 2; i++) {
		r->filters[i].filter = filters[i];
		routes[i] =
			(struct route){ .filter = i, .jails = RIG_ALL_JAILS, .n_jails = n_jails };
	}
	r->n_filters = 2;
	r->sources[0].routes = routes;
	r->sources[0].n_routes = 2;
	assert_int_equal(detector_new(filters, 2, &r->sources[0].detector), 0);
	return r;
}
