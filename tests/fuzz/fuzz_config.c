/* SPDX-License-Identifier: MIT */
/* Any folder of config files (a bundle, see config/bundle.h): the answer is one of the documented
 * ones, parts say what they are, and a config without errors is printed and read again as the same.
 */
#include <assert.h>
#include <string.h>

#include "config/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(const struct config_part *part, size_t n)
{
	assert((part->state == PART_FAILED) == (part->why.n > 0));
	assert(part->state == PART_OK ? part->index < n : part->index == NAMES_NONE);
}

static void check_ruleset(const struct ruleset *r)
{
	for (size_t i = 0; i < r->n_jails; i++) {
		const struct jail *j = &r->jails[i];

		assert(j->threshold >= 1 && j->threshold <= THRESHOLD_MAX);
		assert(j->steps >= 1 && j->steps <= LADDER_MAX && j->window.us > 0);
		assert(j->scope < r->n_scopes && jail_kept_events(j) >= 1);
	}
	for (size_t i = 0; i < r->n_sources; i++) {
		assert(r->sources[i].n_routes > 0 && r->sources[i].detector);
		for (size_t k = 0; k < r->sources[i].n_routes; k++) {
			const struct route *route = &r->sources[i].routes[k];

			assert(route->filter < r->n_filters && route->n_jails > 0);
			for (size_t j = 0; j < route->n_jails; j++) {
				assert(route->jails[j] < r->n_jails);
			}
		}
	}
}

static void check_config(const struct config *c)
{
	for (size_t i = 0; i < c->n_filters; i++) {
		check_part(&c->filters[i], c->ruleset ? c->ruleset->n_filters : SIZE_MAX);
	}
	for (size_t i = 0; i < c->n_jails; i++) {
		check_part(&c->jails[i], c->ruleset ? c->ruleset->n_jails : SIZE_MAX);
	}
	if (c->ruleset) {
		check_ruleset(c->ruleset);
	}
}

static struct config *load(const struct bundle *b, struct diag *diag)
{
	struct config *c = NULL;
	int r;

	bundle_open = b;
	r = config_load(&BUNDLE_ACCESS, &BUNDLE_PATHS, CONFIG_SAMPLES, diag, &c);
	assert((r == 0 || r == -EINVAL) && c && (r == 0) == (c->ruleset != NULL));
	check_config(c);
	return c;
}

static void cat(const struct config *c, enum config_kind kind, const char *path, struct str name,
		struct buf *out)
{
	int r;

	buf_printf(out, "--- etc/%s%.*s.conf\n", path, STR_ARG(name));
	r = config_cat(c, kind, name, false, out);
	assert(r == 0);
	r = config_cat(c, kind, STR("no such part"), false, out);
	assert(r == -ENOENT);
}

static void cat_all(const struct config *c, struct buf *out)
{
	int r;

	buf_add_str(out, STR("--- etc/ipsd.conf\n"));
	r = config_cat(c, CONFIG_MAIN, STR_NONE, false, out);
	assert(r == 0);
	for (size_t i = 0; i < c->n_filters; i++) {
		cat(c, CONFIG_FILTER, "filters/", c->filters[i].name, out);
	}
	for (size_t i = 0; i < c->n_jails; i++) {
		cat(c, CONFIG_JAIL, "jails/", c->jails[i].name, out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bundle first, second;
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(diag_freep) struct diag *again = diag_new();
	CLEANUP(config_freep) struct config *once = NULL;
	CLEANUP(config_freep) struct config *twice = NULL;
	CLEANUP(buf_done) struct buf out_once = { 0 };
	CLEANUP(buf_done) struct buf out_twice = { 0 };

	bundle_parse((struct str){ .p = (const char *)data, .n = size }, &first);
	once = load(&first, diag);
	if (diag_count(diag, DIAG_ERROR) == 0) {
		cat_all(once, &out_once);
		bundle_parse(buf_str(&out_once), &second);
		twice = load(&second, again);
		assert(diag_count(again, DIAG_ERROR) == 0);
		cat_all(twice, &out_twice);
		assert(str_eq(buf_str(&out_once), buf_str(&out_twice)));
	}
	return 0;
}
