/* SPDX-License-Identifier: MIT */
#pragma once
/* diag.h - what is wrong with something that a person wrote, all of it in one go.
 *
 * A list of problems, each with its place. Owns copies of all texts. Printed as
 * `file:line: [section] key: what is wrong` with parts left out that do not apply. Allocates; when
 * memory runs out the counts still grow, the text or the item is lost: walk the items until NULL.
 */
#include "base/buf.h"
#include "base/str.h"

enum diag_level {
	DIAG_NOTE,    /* good to know: an event type that no jail counts */
	DIAG_WARNING, /* probably not what was meant */
	DIAG_ERROR,   /* cannot be used */
};

/* Where something stands. All parts are borrowed and may be empty; line 0 is none. */
struct diag_place {
	struct str file;
	unsigned line;
	struct str section;
	struct str key;
};

struct diag_item {
	enum diag_level level;
	struct diag_place place; /* owned by the diag */
	const char *text; /* what is wrong and what would be right; one line, as by escape_utf8() */
};

struct diag;

/* NULL without memory. */
struct diag *diag_new(void);
struct diag *diag_free(struct diag *d);
DEFINE_FREEP(struct diag, diag_free)
/* `at` may be NULL. */
void diag_add(struct diag *d, enum diag_level level, const struct diag_place *at, const char *fmt,
	      ...) PRINTF(4, 5);
size_t diag_count(const struct diag *d, enum diag_level level);
/* Over all levels. */
size_t diag_total(const struct diag *d);
/* Items in the order in which they were added; NULL past the end. */
const struct diag_item *diag_item(const struct diag *d, size_t i);
/* Appends one item as a line without newline. */
void diag_format(const struct diag_item *item, struct buf *out);
