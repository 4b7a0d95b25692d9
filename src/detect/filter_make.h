/* SPDX-License-Identifier: MIT */
#pragma once
/* filter_make.h - of what does a filter consist, and how does it come from what a file said?
 *
 * The inside of filter.h, for filter.c and explain.c alone. Everything lies in the caller's arena
 * except what PCRE2 compiled; that is freed by filter_unmake(). Pure. */
#include "detect/filter_tags.h"
#include "detect/literal.h"
#include "detect/pattern.h"
#include "detect/stamp.h"

struct filter_pattern {
	struct pattern *compiled;
	struct str regex; /* tags written out */
	struct diag_place at;
	struct literal_set literals;
	uint64_t gave_up;
	uint16_t section;
	uint8_t group[FILTER_TAGS]; /* numbers; 0: the pattern has no such tag */
};

/* Ignore patterns. */
struct filter_veto {
	struct filter_ignore {
		struct pattern *compiled;
		struct diag_place at;
	} * at;

	size_t n;
};

struct filter_section {
	uint16_t type; /* NAMES_NONE: comes from <TYPE> */
	uint16_t service;
	struct filter_veto veto;
};

struct filter {
	struct filter_pattern
		*patterns; /* in the order in which they are tried, a section's together */
	size_t n;
	struct filter_section *sections;
	size_t n_sections;
	struct filter_veto veto;                 /* of the whole line */
	struct stamp_format *stamp, *stamp_date; /* stamp_date NULL: none */
	struct stamp_format *stamp_head;         /* auto, where a head has another form */
	enum filter_layout layout;
	struct spec_texts programs;
	unsigned once;                      /* bits of once_field */
	const struct session_rule *session; /* NULL: none */
	bool nocase;
	const struct zone *zone;
	const struct spec_word *services, *types;
	size_t n_services, n_types;
};

/* Fills a filter that is all zero. -ENOMEM. Problems are only told: the caller counts them. What
 * was made must be unmade in any case. */
NODISCARD int filter_make(struct filter *f, const struct filter_spec *spec, struct arena *arena,
			  struct diag *diag);
void filter_unmake(struct filter *f);
