/* SPDX-License-Identifier: MIT */
#pragma once
/* filter_spec.h - what did a filter file say?
 *
 * The words of a file, tags not yet replaced, sorted into fields. Everything is borrowed. */
#include "base/diag.h"
#include "base/names.h"
#include "detect/event.h"
#include "detect/session.h"
#include "detect/zone.h"

enum { FILTER_PATTERNS_MAX = 256, FILTER_SECTIONS_MAX = 64 };

enum filter_layout {
	LAYOUT_BARE,   /* patterns see the whole line */
	LAYOUT_SYSLOG, /* patterns see what the program said */
};

/* A piece of text that a person wrote, and where. */
struct spec_text {
	struct str text;
	struct diag_place at;
};

/* A word of a log and what it means: [services], [types]. */
struct spec_word {
	struct str word;
	uint16_t number; /* service or type */
};

struct spec_texts {
	const struct spec_text *at;
	size_t n;
};

struct section_spec {
	uint16_t type;   /* NAMES_NONE: comes from <TYPE> */
	struct str name; /* "auth-failure" or "auth-failure smtp", for messages */
	struct diag_place at;
	uint16_t service;        /* EVENT_SERVICE_NONE: the filter's */
	struct spec_text prefix; /* text.p NULL: the filter's */
	struct spec_texts match, ignore;
};

struct filter_spec {
	struct str name;
	struct diag_place at;
	enum filter_layout layout;
	struct spec_texts programs; /* globs; syslog only */
	struct spec_text prefix;
	struct spec_text stamp; /* text.p NULL: arrival unless <STAMP> is used, then auto */
	struct spec_text stamp_date;
	const struct zone *zone; /* NULL: UTC */
	unsigned once; /* bits of once_field: what is the same is one event; 0: all count */
	struct diag_place once_at;
	const struct session_rule *session; /* NULL: none */
	struct diag_place session_at;
	bool nocase;
	uint16_t service;
	struct spec_texts ignore;
	const struct spec_word *services, *types;
	size_t n_services, n_types;
	const struct spec_text *defines; /* at.key is the name */
	size_t n_defines;
	const struct section_spec *sections;
	size_t n_sections;
};
