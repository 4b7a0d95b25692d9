/* SPDX-License-Identifier: MIT */
#pragma once
/* try.h - one filter and the lines it is tried on; the inside of `try`. */
#include "ctl/ctl.h"
#include "ctl/shapes.h"
#include "engine/ruleset.h"

struct trial {
	const struct ctl *ctl;
	const struct ruleset *rules;
	struct filter *filter;
	struct matcher *matcher;
	struct detector *detector;
	struct shapes *missed; /* NULL: nobody asks */
	struct stamp_context when;
	struct str line; /* the one that is tried */
	bool hit;        /* it is an event */
	uint64_t lines, hits, folded;
	uint64_t known; /* lines that are an event, or tell one again */
};

/* What stands in the way of a line that a pattern hit and that is no event all the same; NULL. */
const char *try_why_not(enum filter_result result);
/* Says of each pattern how far it gets in the line; with JSON it fills `out` (an object). An exit
 * code. */
int try_explain(const struct trial *t, struct str line, enum filter_result result,
		const struct event *event, struct value *out);
/* `try --all FILE`. */
int try_all(const struct ctl *ctl);
