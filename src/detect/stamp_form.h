/* SPDX-License-Identifier: MIT */
#pragma once
/* stamp_form.h - of which parts is a stamp of this format made?
 *
 * Pure; only form_parse() allocates, in the caller's arena. */
#include "base/arena.h"
#include "detect/stamp_item.h"

struct stamp_form {
	const struct stamp_item *at;
	size_t n;
	unsigned has; /* bits of stamp_has: what a stamp of this form always tells */
};

/* -ENOMEM; -EINVAL: *ret_bad is where the format is wrong, its end when something is missing. */
NODISCARD int stamp_form_parse(struct str format, struct arena *arena, struct stamp_form *ret,
			       size_t *ret_bad);
/* The two forms of `auto`. */
struct stamp_form stamp_form_iso(void);
struct stamp_form stamp_form_rfc3164(void);
/* Adds the regex, without captures, to be used caseless. */
void stamp_form_regex(const struct stamp_form *form, struct buf *out);
/* Reads the start of the text; how many bytes, 0 when it is no such stamp. */
size_t stamp_form_read(const struct stamp_form *form, struct str text, struct stamp_fields *ret);
