/* SPDX-License-Identifier: MIT */
#pragma once
/* once.h - has this event been told before, in other words?
 *
 * Some servers write one happening as several lines. Two events are one when the fields that a
 * filter names are the same in both and their times lie at most ONCE_SECONDS apart. The last
 * ONCE_KEYS different events are remembered; what is remembered can be kept elsewhere, and come
 * back. Memory is taken by once_new(). Pure. */
#include "base/attr.h"
#include "base/names.h"
#include "detect/event.h"

enum { ONCE_KEYS = 1024, ONCE_SECONDS = 10, ONCE_DIGEST = 16 };

enum once_field {
	ONCE_ADDRESS = 1 << 0,
	ONCE_SERVICE = 1 << 1,
	ONCE_ACCOUNT = 1 << 2,
	ONCE_STAMP = 1 << 3, /* the time, to the microsecond */
	ONCE_SESSION = 1 << 4,
	ONCE_TYPE = 1 << 5,
};

/* One event, as it is kept. */
struct once_kept {
	uint32_t place; /* below ONCE_KEYS; a later event may take it */
	uint64_t added; /* ascends with each event that was another one */
	instant time;
	uint8_t digest[ONCE_DIGEST];
};

struct once;

/* `fields`: bits of once_field, at least one. -ENOMEM. */
NODISCARD int once_new(unsigned fields, struct once **ret);
struct once *once_free(struct once *o);
DEFINE_FREEP(struct once, once_free)
/* Types and services are known by their names from here on, which other rules may number
 * differently; borrowed. To be said before the first event, or never. */
void once_name(struct once *o, const struct names *types, const struct names *services);
unsigned once_fields(const struct once *o);
/* Whether such an event was added. */
bool once_has(const struct once *o, const struct event *e);
void once_add(struct once *o, const struct event *e);
/* Walks what changed since once_was_kept(), or `all`; cursor 0 begins. */
bool once_each(const struct once *o, bool all, uint32_t *cursor, struct once_kept *ret);
void once_was_kept(struct once *o);
/* Takes one that was kept, in the order of `added`; it may get another place. */
void once_recall(struct once *o, const struct once_kept *kept);
/* The field of that name ("address", "stamp", ...), or 0. */
unsigned once_field_find(struct str name);
/* Name number i of the fields, NULL past the end. */
const char *once_field_name(size_t i);
