/* SPDX-License-Identifier: MIT */
#pragma once
/* reader_list.h - what does a value of many words mean? The kinds of reader_rule.h that are lists.
 *
 * Each reads all of a setting, says every problem it finds (up to READER_PROBLEMS_MAX a setting),
 * and writes *ret only when there was none; of networks it writes the good ones in any case. */
#include "config/reader_rule.h"

enum { READER_PROBLEMS_MAX = 20 };

bool reader_list_ladder(struct reader *r, const struct reader_rule *rule, const struct setting *s,
			void *ret);
bool reader_list_retention(struct reader *r, const struct reader_rule *rule,
			   const struct setting *s, void *ret);
bool reader_list_lines(struct reader *r, const struct reader_rule *rule, const struct setting *s,
		       void *ret);
bool reader_list_names(struct reader *r, const struct reader_rule *rule, const struct setting *s,
		       void *ret);
bool reader_list_words(struct reader *r, const struct reader_rule *rule, const struct setting *s,
		       void *ret);
bool reader_list_places(struct reader *r, const struct reader_rule *rule, const struct setting *s,
			void *ret);
bool reader_list_networks(struct reader *r, const struct reader_rule *rule, const struct setting *s,
			  void *ret);

/* The text of entry number i, with its place. */
struct spec_text reader_list_text(const struct setting *s, size_t i);
