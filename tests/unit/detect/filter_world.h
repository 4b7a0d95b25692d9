/* SPDX-License-Identifier: MIT */
#pragma once
/* filter_world.h - a filter that is written by hand, made, and asked about lines. */
#include "detect/filter.h"
#include "unit/check.h"

enum { SMTP, IMAP, POP3, WEBMAIL, SERVICES };

enum { TEXTS = 300, DEFINES = 40, WORDS = 16 };

struct world {
	struct arena *arena;
	struct diag *diag;
	struct matcher *matcher;
	struct filter *filter;
	struct filter_spec spec;
	struct section_spec sections[FILTER_SECTIONS_MAX + 1];
	struct spec_text texts[TEXTS];
	size_t n_texts;
	struct spec_text defines[DEFINES];
	struct spec_word services[WORDS], types[WORDS];
	struct stamp_context when;
	struct event event; /* of the last question */
};

/* cmocka's; *state is the world. Time of lines without a stamp: 1000 s. */
int world_set_up(void **state);
int world_tear_down(void **state);

/* A text in test.conf. */
struct spec_text text_at(const char *key, const char *text, unsigned line);
/* A section, at line 100; what follows goes to it. */
void add_section(struct world *w, uint16_t type);
struct section_spec *last_section(struct world *w);
/* The texts get the lines 10, 11, ... in the order in which they are added. Those of one list stand
 * together. */
void add_text(struct world *w, struct spec_texts *list, const char *key, const char *text);
void add_match(struct world *w, const char *text);
void add_ignore(struct world *w, const char *text);
/* At lines 200, 201, ... */
void add_define(struct world *w, const char *name, const char *text);
void add_service(struct world *w, const char *word, uint16_t number);
void add_type(struct world *w, const char *word, uint16_t number);

/* It can be made. */
void make(struct world *w);
/* One section (auth-failure) with one pattern. */
void make_one(struct world *w, const char *pattern);
/* It cannot be made; the only error stands at that line and says so. */
void refuse(struct world *w, unsigned line, const char *what);
void refuse_one(struct world *w, const char *pattern, const char *what);

enum filter_result ask(struct world *w, struct str line);
/* The line is the event `TYPE ADDR SERVICE [USER]`, each `-` when there is none. */
void expect_str(struct world *w, struct str line, const char *want);
void expect(struct world *w, const char *line, const char *want);
/* The last event's time, as instant_format() writes it. */
void expect_time(const struct world *w, const char *want);
/* The line is no event, and why. */
void expect_no(struct world *w, const char *line, enum filter_result why);
