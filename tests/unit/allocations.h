/* SPDX-License-Identifier: MIT */
#pragma once
/* allocations.h - how often do the libraries ask for memory, and what do they do when they get
 * none?
 *
 * The linker hands their requests to these functions (link with `wrap_allocations`). All are
 * counted in `asked`; those from `withheld_from` up to before `withheld_to` get NULL. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);

static size_t asked, withheld_from = SIZE_MAX, withheld_to = SIZE_MAX;

static bool grant(void)
{
	size_t before = asked++;

	return before < withheld_from || before >= withheld_to;
}

void *__wrap_malloc(size_t n)
{
	return grant() ? __real_malloc(n) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return grant() ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *p, size_t n)
{
	return grant() ? __real_realloc(p, n) : NULL;
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return grant() ? __real_reallocarray(p, n, size) : NULL;
}

char *__wrap_strdup(const char *s)
{
	return grant() ? __real_strdup(s) : NULL;
}

/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

/* Counts from 0 again, and withholds what the requests from..to ask for. */
static inline void withhold(size_t from, size_t to)
{
	asked = 0;
	withheld_from = from;
	withheld_to = to;
}

/* What was counted stays. */
static inline void withhold_none(void)
{
	withheld_from = withheld_to = SIZE_MAX;
}
