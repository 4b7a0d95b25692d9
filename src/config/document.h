/* SPDX-License-Identifier: MIT */
#pragma once
/* document.h - which keys do a file and its drop-ins set, to what, and where?
 *
 * Files are added one over the other: a key in a later one replaces the whole value of the key in
 * the earlier. A key twice in one section of one file is an error that names both lines. Everything
 * lives in the arena given to document_new(), texts are copied. Bounded: sections and keys have a
 * highest number, an error when it is passed. Pure. */
#include "base/arena.h"
#include "base/diag.h"

enum { DOCUMENT_SECTIONS_MAX = 256, DOCUMENT_SETTINGS_MAX = 4096 };

/* One line of a value. An empty one is kept only when it stands in quotes. */
struct entry {
	struct str text;
	bool quoted;
	unsigned line;
};

/* A key and its value: one entry, more when it is a list, none when it was set to nothing. */
struct setting {
	struct str key, section, file;
	unsigned line;
	struct entry *entries;
	size_t n, cap;
	unsigned layer; /* which of the document's files it is from */
	struct setting *next;
};

struct section {
	struct str name, file;
	unsigned line, layer;
	struct setting *first, *last;
	size_t n;
	struct section *next;
};

struct document {
	struct arena *arena;
	struct str file; /* the first that was added */
	struct section *first, *last;
	size_t n;
	unsigned layers;
};

/* An empty one. NULL without memory. */
struct document *document_new(struct arena *arena);
/* Reads a file over what is there. What is wrong with it goes to `diag`. -ENOMEM. */
NODISCARD int document_add(struct document *d, struct str file, struct str text, struct diag *diag);
/* The section of that name, or NULL. */
const struct section *document_section(const struct document *d, struct str name);
/* The key's setting, or NULL; NULL also for no section. */
const struct setting *section_setting(const struct section *s, struct str key);
struct diag_place section_place(const struct section *s);
/* Of entry number i; of the key itself when there is none. */
struct diag_place setting_place(const struct setting *s, size_t i);
