/* SPDX-License-Identifier: MIT */
/* What becomes of the inputs when the rules change: a source that is still there goes on under its
 * new number, with its file open and its partial line kept; one that is gone is let go, its
 * position was saved with the last batch; an added one is begun as at a start. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"

static uint16_t find(const struct ruleset *rules, const struct source *wanted)
{
	for (size_t i = 0; i < rules->n_sources; i++) {
		if (rules->sources[i].kind == wanted->kind &&
		    str_eq(rules->sources[i].text, wanted->text)) {
			return (uint16_t)i;
		}
	}
	return TAIL_NO_SOURCE;
}

int sources_map(const struct ruleset *before, const struct ruleset *now, uint16_t **ret,
		struct buf *told)
{
	uint16_t *map = calloc(before->n_sources + 1, sizeof(*map));

	if (!map) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < before->n_sources; i++) {
		map[i] = find(now, &before->sources[i]);
		if (map[i] == TAIL_NO_SOURCE) {
			buf_printf(told, "source %.*s removed\n", STR_ARG(before->sources[i].text));
		}
	}
	for (size_t i = 0; i < now->n_sources; i++) {
		if (find(before, &now->sources[i]) == TAIL_NO_SOURCE) {
			buf_printf(told, "source %.*s added\n", STR_ARG(now->sources[i].text));
		}
	}
	*ret = map;
	return 0;
}

static bool is_known(const uint16_t *map, size_t n, uint16_t source)
{
	for (size_t i = 0; i < n; i++) {
		if (map[i] == source) {
			return true;
		}
	}
	return false;
}

/* A journal begins anew behind the cursor that was saved. */
static int begin_others(struct daemon *d, const uint16_t *map, size_t n)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	int r = globs_renumber(d->globs, map);

	for (size_t i = 0; r >= 0 && i < rules->n_sources; i++) {
		if (rules->sources[i].kind == SOURCE_JOURNAL || !is_known(map, n, (uint16_t)i)) {
			r = sources_begin(d, (uint16_t)i, &rules->sources[i]);
		}
	}
	return r < 0 ? r : journals_start(d);
}

void sources_change(struct daemon *d, const uint16_t *map, size_t n)
{
	int r;

	/* Written with the last batch; if not, they borrow names that go now. */
	d->n_positions = 0;
	tail_renumber(d->tail, map);
	journals_stop(d);
	r = begin_others(d, map, n);
	if (r < 0) {
		log_error("not all logs are watched: %s; `systemctl restart ipsd` begins anew",
			  strerror(-r));
	}
}
