/* SPDX-License-Identifier: MIT */
#include "ctl/replay_rules.h"

#include <stdio.h>
#include <string.h>

static bool is_named(const struct ctl *ctl, const struct ruleset *rules, uint16_t jail)
{
	for (size_t i = 0; i < ctl->n_options; i++) {
		if (strcmp(ctl->options[i].name, "jail") == 0 &&
		    str_eq(rules->jails[jail].name, str_of(ctl->options[i].value))) {
			return true;
		}
	}
	return false;
}

/* A jail is chosen as well when a jail was named that watches it. */
static bool is_chosen(const struct ctl *ctl, const struct ruleset *rules, uint16_t jail)
{
	const struct jail *its = &rules->jails[jail];

	if (!ctl_has(ctl, "jail") || is_named(ctl, rules, jail)) {
		return true;
	}
	for (uint16_t i = 0; i < its->n_watchers; i++) {
		if (is_named(ctl, rules, its->watchers[i])) {
			return true;
		}
	}
	return false;
}

/* Only chosen jails hear of bans. */
static int cut_watchers(const struct ctl *ctl, struct ruleset *rules, struct jail *jail)
{
	uint16_t *watchers = arena_alloc(rules->arena, jail->n_watchers, sizeof(*watchers));
	uint16_t n = 0;

	if (!watchers) {
		return -1;
	}
	for (uint16_t i = 0; i < jail->n_watchers; i++) {
		if (is_chosen(ctl, rules, jail->watchers[i])) {
			watchers[n++] = jail->watchers[i];
		}
	}
	jail->watchers = watchers;
	jail->n_watchers = n;
	return 0;
}

/* The route with its jails cut down to the chosen ones. */
static int cut_route(const struct ctl *ctl, struct ruleset *rules, struct route *route)
{
	uint16_t *jails = arena_alloc(rules->arena, route->n_jails, sizeof(*jails));
	size_t n = 0;

	if (!jails) {
		return -1;
	}
	for (size_t i = 0; i < route->n_jails; i++) {
		if (is_chosen(ctl, rules, route->jails[i])) {
			jails[n++] = route->jails[i];
		}
	}
	route->jails = jails;
	route->n_jails = n;
	return 0;
}

static int cut_source(const struct ctl *ctl, struct ruleset *rules, struct source *source)
{
	struct route *routes = arena_alloc(rules->arena, source->n_routes, sizeof(*routes));

	if (!routes) {
		return -1;
	}
	for (size_t i = 0; i < source->n_routes; i++) {
		routes[i] = source->routes[i];
		if (cut_route(ctl, rules, &routes[i]) < 0) {
			return -1;
		}
	}
	source->routes = routes;
	return 0;
}

/* All jails that watch this filter on any source. */
static size_t jails_of(const struct ruleset *rules, size_t n_sources, uint16_t filter,
		       uint16_t *jails)
{
	bool seen[JAILS_MAX] = { false };
	size_t n = 0;

	for (size_t s = 0; s < n_sources; s++) {
		for (size_t i = 0; i < rules->sources[s].n_routes; i++) {
			const struct route *route = &rules->sources[s].routes[i];

			for (size_t k = 0; route->filter == filter && k < route->n_jails; k++) {
				if (!seen[route->jails[k]]) {
					seen[route->jails[k]] = true;
					jails[n++] = route->jails[k];
				}
			}
		}
	}
	return n;
}

/* The source for any file: a route for each filter that a chosen jail watches, or for the named
 * one. */
static int make_any(const struct ctl *ctl, struct ruleset *rules, struct source *any,
		    size_t n_sources)
{
	const char *only = ctl_option(ctl, "filter");
	struct route *routes = arena_alloc(rules->arena, rules->n_filters, sizeof(*routes));
	struct filter **filters =
		arena_alloc(rules->arena, rules->n_filters, sizeof(struct filter *));

	if (!routes || !filters) {
		return -1;
	}
	for (size_t i = 0; i < rules->n_filters; i++) {
		uint16_t f = (uint16_t)i;
		uint16_t *jails = arena_alloc(rules->arena, JAILS_MAX, sizeof(*jails));
		size_t n;

		if (!jails) {
			return -1;
		}
		n = jails_of(rules, n_sources, f, jails);
		if (n && (!only || str_eq(rules->filters[f].name, str_of(only)))) {
			filters[any->n_routes] = rules->filters[f].filter;
			routes[any->n_routes++] =
				(struct route){ .filter = f, .jails = jails, .n_jails = n };
		}
	}
	any->routes = routes;
	return any->n_routes ? detector_new(filters, any->n_routes, &any->detector) : 0;
}

static int check_jails(const struct ctl *ctl, const struct ruleset *rules)
{
	for (size_t i = 0; i < ctl->n_options; i++) {
		const struct ctl_option *o = &ctl->options[i];

		if (strcmp(o->name, "jail") == 0 &&
		    ruleset_jail(rules, str_of(o->value)) == JAIL_BY_HAND) {
			return ctl_usage(ctl, "there is no jail %s in %s that runs", o->value,
					 ctl->config_dir);
		}
	}
	return 0;
}

int replay_rules(const struct ctl *ctl, struct ruleset *rules, bool lenient)
{
	size_t n = rules->n_sources;
	struct source *sources = arena_alloc(rules->arena, n + 1, sizeof(*sources));
	int code = lenient ? 0 : check_jails(ctl, rules);

	if (code || !sources) {
		return code ? code : CTL_NO;
	}
	if (n) {
		memcpy(sources, rules->sources, n * sizeof(*sources));
	}
	rules->sources = sources;
	for (size_t i = 0; i < n; i++) {
		if (cut_source(ctl, rules, &sources[i]) < 0) {
			return CTL_NO;
		}
	}
	for (size_t i = 0; i < rules->n_jails; i++) {
		if (cut_watchers(ctl, rules, &rules->jails[i]) < 0) {
			return CTL_NO;
		}
	}
	sources[n] = (struct source){ .text = STR("-"), .kind = SOURCE_FILE };
	rules->n_sources = n + 1;
	if (make_any(ctl, rules, &sources[n], n) < 0) {
		return CTL_NO;
	}
	if (!sources[n].detector && !lenient) {
		return ctl_usage(ctl,
				 ctl_has(ctl, "filter") ? "no jail that runs watches the filter %s"
							: "no jail in %s runs",
				 ctl_has(ctl, "filter") ? ctl_option(ctl, "filter")
							: ctl->config_dir);
	}
	return 0;
}

static struct str last_component(struct str path)
{
	for (size_t i = path.n; i-- > 0;) {
		if (path.p[i] == '/') {
			return str_slice(path, i + 1, path.n);
		}
	}
	return path;
}

bool replay_reads(const struct ruleset *rules)
{
	return rules->sources[rules->n_sources - 1].detector;
}

static bool has_jails(const struct source *source)
{
	for (size_t i = 0; i < source->n_routes; i++) {
		if (source->routes[i].n_jails) {
			return true;
		}
	}
	return false;
}

/* How many sources of chosen jails the path, or its last component, fits; *ret: the last of them.
 */
static size_t count_fits(const struct ruleset *rules, struct str path, bool by_name, uint16_t *ret)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < rules->n_sources; i++) {
		const struct source *s = &rules->sources[i];
		struct str pattern = by_name ? last_component(s->text) : s->text;

		if (s->kind != SOURCE_JOURNAL && has_jails(s) &&
		    str_glob(pattern, by_name ? last_component(path) : path)) {
			*ret = (uint16_t)i;
			n++;
		}
	}
	return n;
}

uint16_t replay_source(const struct ruleset *rules, const char *path, bool fit)
{
	uint16_t found = 0;
	size_t n = fit ? count_fits(rules, str_of(path), false, &found) : 0;

	if (fit && !n) {
		n = count_fits(rules, str_of(path), true, &found);
	}
	return n == 1 ? found : (uint16_t)(rules->n_sources - 1);
}
