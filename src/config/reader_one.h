/* SPDX-License-Identifier: MIT */
#pragma once
/* reader_one.h - what does the text of a single value mean? The kinds of reader_rule.h that are one
 * value. Each writes *ret, of the kind's type, only when the text is good. */
#include "config/reader_rule.h"

bool reader_one_yes_no(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		       void *ret);
bool reader_one_choice(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		       void *ret);
bool reader_one_count(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		      void *ret);
bool reader_one_span(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		     void *ret);
bool reader_one_points(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		       void *ret);
bool reader_one_text(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		     void *ret);
bool reader_one_name(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		     void *ret);
bool reader_one_set_name(struct reader *r, const struct reader_rule *rule,
			 const struct spec_text *t, void *ret);
bool reader_one_path(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		     void *ret);
bool reader_one_zone(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		     void *ret);

/* A name as filters, jails, event types and services have: small letters, digits, dashes. */
bool reader_one_is_name(struct str text);
/* The words of a choice that are supported, with commas between them. */
void reader_one_choices(const char *words, struct buf *out);
