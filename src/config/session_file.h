/* SPDX-License-Identifier: MIT */
#pragma once
/* session_file.h - what does a filter's [session] say?
 *
 * Event types become numbers of the ruleset; the rule lies in its arena. */
#include "config/document.h"
#include "config/values.h"
#include "engine/ruleset.h"

/* To be called when the spec's sections are read: their types are what a session can be made of.
 * *ret stays NULL without a [session]. Problems go to the reader's diag, memory that ran out to its
 * `failed`. */
void session_file_read(const struct document *d, const struct filter_spec *spec, struct reader *r,
		       struct ruleset *rules, struct session_values *ret_values,
		       const struct session_rule **ret);
