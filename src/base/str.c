/* SPDX-License-Identifier: MIT */
/* str.c - bytes with a length.
 *
 * memcmp() and its kin may not be handed NULL, not even with a length of 0, so every function here
 * asks about the length first. Case folding and blanks are our own few lines: <ctype.h> depends on
 * the locale and is undefined for bytes above 127.
 *
 * The glob remembers only the last star: when the match fails behind it, the star swallows one byte
 * more. Earlier stars need no second look, because whatever they could give up the last star can
 * take. So no input makes it exponential.
 *
 * The edit distance keeps one row of the matrix on the stack and serves names that people mistype:
 * texts longer than DISTANCE_MAX bytes are far from everything. */
#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { DISTANCE_MAX = 64 };

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_of(const char *cstring)
{
	return (struct str){ .p = cstring, .n = cstring ? strlen(cstring) : 0 };
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n) {
		return false;
	}
	for (size_t i = 0; i < a.n; i++) {
		if (lower(a.p[i]) != lower(b.p[i])) {
			return false;
		}
	}
	return true;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int diff = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (diff != 0) {
		return diff;
	}
	return (a.n > b.n) - (a.n < b.n);
}

bool str_has_prefix(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_slice(s, 0, prefix.n), prefix);
}

bool str_has_suffix(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_slice(s, s.n - suffix.n, suffix.n), suffix);
}

size_t str_find(struct str s, struct str needle)
{
	const char *at;

	if (needle.n == 0) {
		return 0;
	}
	if (s.n < needle.n) {
		return STR_NOT_FOUND;
	}
	at = memmem(s.p, s.n, needle.p, needle.n);
	return at ? (size_t)(at - s.p) : STR_NOT_FOUND;
}

size_t str_find_char(struct str s, char c)
{
	const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : STR_NOT_FOUND;
}

struct str str_slice(struct str s, size_t from, size_t n)
{
	if (from >= s.n) {
		return STR_NONE;
	}
	return (struct str){ .p = s.p + from, .n = n < s.n - from ? n : s.n - from };
}

struct str str_trim(struct str s)
{
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1])) {
		s.n--;
	}
	return s;
}

bool str_split(struct str *rest, char sep, struct str *ret)
{
	size_t at;

	if (rest->n == 0) {
		return false;
	}
	at = str_find_char(*rest, sep);
	if (at == STR_NOT_FOUND) {
		*ret = *rest;
		*rest = STR_NONE;
		return true;
	}
	*ret = (struct str){ .p = rest->p, .n = at };
	*rest = str_slice(*rest, at + 1, SIZE_MAX);
	return true;
}

bool str_word(struct str *rest, struct str *ret)
{
	size_t from = 0, to;

	while (from < rest->n && is_blank(rest->p[from])) {
		from++;
	}
	to = from;
	while (to < rest->n && !is_blank(rest->p[to])) {
		to++;
	}
	if (from == to) {
		*rest = STR_NONE;
		return false;
	}
	*ret = str_slice(*rest, from, to - from);
	*rest = str_slice(*rest, to, SIZE_MAX);
	return true;
}

int str_to_uint(struct str s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;
	bool too_large = false;

	if (s.n == 0) {
		return -EINVAL;
	}
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9') {
			return -EINVAL;
		}
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.p[i] - '0'), &value)) {
			too_large = true;
		}
	}
	if (too_large || value > max) {
		return -ERANGE;
	}
	*ret = value;
	return 0;
}

bool str_glob(struct str pattern, struct str s)
{
	size_t p = 0, i = 0, after_star = STR_NOT_FOUND, resume = 0;

	while (i < s.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			after_star = ++p;
			resume = i;
		} else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == s.p[i])) {
			p++;
			i++;
		} else if (after_star != STR_NOT_FOUND) {
			p = after_star;
			i = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*') {
		p++;
	}
	return p == pattern.n;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

unsigned str_distance(struct str a, struct str b, unsigned max)
{
	unsigned row[DISTANCE_MAX + 1];
	unsigned far = max < UINT_MAX ? max + 1 : max;

	if (str_eq(a, b)) {
		return 0;
	}
	if (a.n > DISTANCE_MAX || b.n > DISTANCE_MAX) {
		return far;
	}
	for (unsigned j = 0; j <= b.n; j++) {
		row[j] = j;
	}
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			unsigned same = diagonal + (a.p[i - 1] != b.p[j - 1]);

			diagonal = row[j];
			row[j] = least(row[j] + 1, row[j - 1] + 1, same);
		}
	}
	return row[b.n] < far ? row[b.n] : far;
}

const char *str_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}
