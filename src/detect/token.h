/* SPDX-License-Identifier: MIT */
#pragma once
/* token.h - what is the next piece of this regular expression?
 *
 * Reads PCRE2's pattern syntax (byte mode) as far as is needed to know which bytes must be there:
 * whatever is certain is named, whatever is not is TOKEN_ALIEN, and the reader must then promise
 * nothing about the whole pattern. Bad patterns give tokens too, up to the end: PCRE2 is the judge
 * of those. Pure, allocates nothing. */
#include "detect/cursor.h"

enum token_kind {
	TOKEN_END,     /* of the pattern */
	TOKEN_BYTE,    /* exactly this byte */
	TOKEN_OTHER,   /* something that consumes text, or may: a class, a dot, a backreference */
	TOKEN_NOTHING, /* an assertion that consumes nothing: ^ \b \K */
	TOKEN_OPTIONS, /* (?i) : holds to the end of the group */
	TOKEN_OPEN,    /* a group whose contents are matched where it stands */
	TOKEN_LOOK,    /* a group that looks around and consumes nothing */
	TOKEN_CHOICE,  /* a conditional group; its branches are no promise */
	TOKEN_BRANCH,  /* | */
	TOKEN_CLOSE,   /* the end of a group */
	TOKEN_ALIEN,   /* not understood */
};

struct token {
	enum token_kind kind;
	char byte;
	bool nocase; /* byte is an ASCII letter and matches in both cases */
};

enum token_repeat {
	REPEAT_ONCE,  /* no quantifier */
	REPEAT_MORE,  /* once at least */
	REPEAT_MAYBE, /* perhaps not at all */
	REPEAT_ALIEN, /* not understood */
};

/* In force at the place that is read. Saved by the caller before a group is opened, put back after
 * its end. */
struct token_options {
	bool nocase, extended;
	bool extended_more; /* (?xx) was seen: perhaps in force */
};

struct token_reader {
	struct cursor in;
	bool quoted; /* between \Q and \E */
	struct token_options options;
};

struct token token_next(struct token_reader *r);
/* The quantifier behind the piece or group that was just read, if there is one. */
enum token_repeat token_repeat(struct token_reader *r);
