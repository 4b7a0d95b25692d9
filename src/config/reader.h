/* SPDX-License-Identifier: MIT */
#pragma once
/* reader.h - what does a setting mean, and if nothing, what would be right?
 *
 * A reader that finds something wrong says so in the diag, at the line, and leaves the field as it
 * was. Lists go to the arena. Pure. */
#include "config/reader_rule.h"

/* Reads the setting into *ret, whose type is that of the kind. A setting without entries leaves the
 * field. False: there was an error. */
bool reader_read(struct reader *r, const struct reader_rule *rule, const struct setting *s,
		 void *ret);
/* What a value of this kind looks like: "yes or no", "a length of time, 1s to 30d". */
void reader_describe(const struct reader_rule *rule, struct buf *out);
