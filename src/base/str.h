/* SPDX-License-Identifier: MIT */
#pragma once
/* str.h - bytes with a length: what text from logs and files is.
 *
 * A str borrows; it owns nothing and is not NUL-terminated. `p` may be NULL when n is 0. Comparison
 * is by bytes, case folding is ASCII only. Pure, allocates nothing. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct str {
	const char *p;
	size_t n;
};

#define STR(literal)  ((struct str){ .p = (literal), .n = sizeof(literal) - 1 })
#define STR_NONE      ((struct str){ .p = NULL, .n = 0 })
#define STR_NOT_FOUND SIZE_MAX

/* For printf's "%.*s". Only for text that people wrote; text from logs goes through escape.h. */
#define STR_ARG(s) ((int)(s).n), ((s).p ? (s).p : "")

/* A str over a C string. NULL gives the empty str. */
struct str str_of(const char *cstring);
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b);
/* <0, 0, >0 as memcmp; a prefix sorts before the longer one. */
int str_cmp(struct str a, struct str b);
bool str_has_prefix(struct str s, struct str prefix);
bool str_has_suffix(struct str s, struct str suffix);
/* Index of the first occurrence, or STR_NOT_FOUND. An empty needle is found at 0. */
size_t str_find(struct str s, struct str needle);
size_t str_find_char(struct str s, char c);
/* The part from `from` on, at most n bytes; out of range gives an empty str. */
struct str str_slice(struct str s, size_t from, size_t n);
/* Without blanks (space, tab, CR, LF, VT, FF) at both ends. */
struct str str_trim(struct str s);
/* Takes the next word off `*rest`: bytes up to `sep`, which is eaten. False when nothing is left,
 * so a `sep` at the end begins no further word. */
bool str_split(struct str *rest, char sep, struct str *ret);
/* Takes the next word off `*rest`; any run of blanks separates. False when only blanks are left. */
bool str_word(struct str *rest, struct str *ret);
/* Decimal, no sign, no blanks, at most `max`. -EINVAL when it is no number, -ERANGE when it is
 * larger. */
NODISCARD int str_to_uint(struct str s, uint64_t max, uint64_t *ret);
/* Shell-like match of the whole text with `*` and `?` (one byte), no classes. At most pattern.n *
 * s.n steps, however many stars. */
bool str_glob(struct str pattern, struct str s);
/* How many single-character edits lie between the two, stopping at `max` + 1 (which is also the
 * answer for texts over 64 bytes that differ). For "did you mean". */
unsigned str_distance(struct str a, struct str b, unsigned max);
/* The end of a counted noun: "" for 1, else "s". */
const char *str_plural(uint64_t n);
