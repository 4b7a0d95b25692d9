/* SPDX-License-Identifier: MIT */
#pragma once
/* explain.h - why does this pattern take this line, or why not?
 *
 * For `try --line`: what each pattern of a filter makes of one line, by itself, as if no other
 * stood before it. What the filter makes of the line says filter_match(). Pure. */
#include "detect/filter.h"
#include "detect/reach.h"

enum explain_heard {
	HEARD = 0,
	HEARD_NO_HEAD = 1, /* layout = syslog, and this is no line of syslog */
	HEARD_OTHER = 2,   /* `program` does not name the one that said it */
};

struct explanation {
	struct reach reach;            /* .at counts in what patterns see */
	const struct literal *lacks;   /* without it, or another of its set, it is not even tried */
	const struct diag_place *veto; /* the `ignore` that takes the line from it */
	bool gave_up;
};

/* What patterns see of the line: a piece of it. */
enum explain_heard explain_hear(const struct filter *f, struct str line, struct str *ret_message);
/* Pattern i is tried once, for its time. */
enum pattern_result explain_try(const struct filter *f, struct matcher *m, struct str message,
				size_t i);
/* What pattern i makes of the message. -ENOMEM. */
NODISCARD int explain_pattern(const struct filter *f, struct matcher *m, struct str message,
			      size_t i, struct explanation *ret);
