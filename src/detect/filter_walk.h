/* SPDX-License-Identifier: MIT */
#pragma once
/* filter_walk.h - where in a pattern's text are we, and which groups did it open?
 *
 * The inside of filter_expand.h: a stack of texts that are being read, the innermost last, each
 * with the groups that stand in it. What is read is copied to the expander's regex, or written
 * anew. Reading past the end gives nothing. Problems are told at the innermost text's place. */
#include "base/buf.h"
#include "detect/filter_tags.h"
#include "detect/pattern.h"

enum { FILTER_DEPTH_MAX = 16 };

struct filter_expander {
	const struct filter_tags *tags;
	const struct spec_text *defines;
	size_t n_defines;
	struct diag *diag;
	struct buf regex;
	unsigned seen;   /* tags so far, one bit each */
	unsigned groups; /* captures so far */
};

/* A text that is being read. */
struct filter_frame {
	const struct spec_text *text;
	size_t at;
	unsigned open;                     /* brackets */
	bool resets;                       /* (?| was seen: numbers mean nothing any more */
	unsigned groups;                   /* of this text's own */
	uint8_t group[PATTERN_GROUPS_MAX]; /* the numbers that they got */
};

struct filter_walk {
	struct filter_expander *x;
	struct filter_frame frames[FILTER_DEPTH_MAX];
	size_t n;
};

/* [+-]digits; `n` bytes long, 0: it is none. */
struct filter_reference {
	size_t n;
	int sign; /* '+', '-' or 0 */
	unsigned number;
};

struct filter_frame *filter_walk_top(struct filter_walk *w);
/* What is left of the innermost text. */
struct str filter_walk_rest(struct filter_walk *w);
/* The byte `ahead` places from here, or -1 behind the end. */
int filter_walk_peek(struct filter_walk *w, size_t ahead);
void filter_walk_skip(struct filter_walk *w, size_t n);
void filter_walk_copy(struct filter_walk *w, size_t n);
/* Copies up to and with the next `end` that begins `from` bytes on or later. -EINVAL: there is
 * none, which is told by `otherwise`. */
NODISCARD int filter_walk_copy_past(struct filter_walk *w, size_t from, struct str end,
				    const char *otherwise);
/* Tells what is wrong, and where. Always -EINVAL. */
NODISCARD int filter_walk_fail(struct filter_walk *w, const char *what);

/* A group begins: of this text, or (`own` false) a tag's. -EINVAL: too many. */
NODISCARD int filter_walk_group(struct filter_walk *w, bool own);
/* -EINVAL: the pattern has this tag already. */
NODISCARD int filter_walk_tag(struct filter_walk *w, enum filter_tag tag);
/* What stands `from` bytes on. */
struct filter_reference filter_walk_reference(struct filter_walk *w, size_t from);
/* Skips `n` bytes of text and writes `before` and the number that the group has in the whole
 * pattern. -EINVAL: no such group before. */
NODISCARD int filter_walk_refer(struct filter_walk *w, size_t n, const char *before,
				struct filter_reference ref);
