/* SPDX-License-Identifier: MIT */
#pragma once
/* shapes.h - which kinds of lines are these?
 *
 * Lines are of one shape when they differ only in addresses, words with digits, words with an @,
 * and what stands in quotes or brackets. Bounded: at most SHAPES_MAX shapes are kept; when there
 * are more, the rarest are forgotten and only counted. */
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

enum { SHAPES_MAX = 4096, SHAPE_TEXT_MAX = 240, SHAPE_EXAMPLE_MAX = 1000 };

struct shape {
	uint64_t count, line; /* line: number of the example */
	struct str text, example;
};

struct shapes;

/* -ENOMEM. */
NODISCARD int shapes_new(struct shapes **ret);
struct shapes *shapes_free(struct shapes *s);
DEFINE_FREEP(struct shapes, shapes_free)
/* A line and its number. -ENOMEM. */
NODISCARD int shapes_add(struct shapes *s, struct str line, uint64_t number);
/* The shapes, most frequent first; valid until the next call. */
const struct shape *shapes_sorted(struct shapes *s, size_t *ret_n);
/* Lines whose shape was forgotten. */
uint64_t shapes_forgotten(const struct shapes *s);
