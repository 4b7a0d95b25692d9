/* SPDX-License-Identifier: MIT */
#pragma once
/* once.h - has this event been told before, in other words?
 *
 * Some servers write one happening as several lines. Two events are one when the fields that a
 * filter names are the same in both and their times lie at most ONCE_SECONDS apart. The last
 * ONCE_KEYS different events are remembered. Memory is taken by once_new(). Pure. */
#include "base/attr.h"
#include "detect/event.h"

enum { ONCE_KEYS = 1024, ONCE_SECONDS = 10 };

enum once_field {
	ONCE_ADDRESS = 1 << 0,
	ONCE_SERVICE = 1 << 1,
	ONCE_ACCOUNT = 1 << 2,
	ONCE_STAMP = 1 << 3, /* the time, to the microsecond */
	ONCE_SESSION = 1 << 4,
	ONCE_TYPE = 1 << 5,
};

struct once;

/* `fields`: bits of once_field, at least one. -ENOMEM. */
NODISCARD int once_new(unsigned fields, struct once **ret);
struct once *once_free(struct once *o);
DEFINE_FREEP(struct once, once_free)
/* Whether such an event was added. */
bool once_has(const struct once *o, const struct event *e);
void once_add(struct once *o, const struct event *e);
/* The field of that name ("address", "stamp", ...), or 0. */
unsigned once_field_find(struct str name);
/* Name number i of the fields, NULL past the end. */
const char *once_field_name(size_t i);
