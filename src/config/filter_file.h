/* SPDX-License-Identifier: MIT */
#pragma once
/* filter_file.h - what does a filter's file say?
 *
 * Words sorted into a spec that filter_new() understands, and beside it what detection does not
 * need: sources and samples. Texts of the spec lie in the ruleset's arena, the others in the
 * document's. Numbers of types and services are those of the ruleset, which gets the new ones. */
#include "config/document.h"
#include "config/values.h"
#include "engine/ruleset.h"

struct filter_file {
	struct filter_spec spec;
	struct filter_values values;
	struct session_values session;
	const struct event_values *events; /* one for each section of the spec */
};

/* Problems go to the reader's diag. -ENOMEM. */
NODISCARD int filter_file_read(const struct document *d, struct str name, struct reader *r,
			       struct ruleset *rules, struct filter_file *ret);
/* Does the place name files by a pattern, with * or ?, in its last component? */
bool filter_file_is_glob(struct str place);
/* Whether an entry of `sources` or `watch` can be read; if not, the reason is told. */
bool filter_file_is_place(const struct spec_text *place, struct reader *r);
