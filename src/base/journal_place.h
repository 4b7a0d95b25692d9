/* SPDX-License-Identifier: MIT */
#pragma once
/* journal_place.h - which entries of which journal does this place mean?
 *
 *   journal:[/DIRECTORY][ FIELD=value...]
 *
 * Without a directory it is the host's journal. Of several values of one field any may be there, of
 * several fields each must, as journalctl does it; without a field all entries are meant. The first
 * FIELD=value may stand directly behind the colon. Pure, allocates nothing; texts are pieces of the
 * one that was parsed. */
#include "base/str.h"

enum { JOURNAL_TERMS_MAX = 16 };

struct journal_place {
	struct str dir;                      /* empty: the host's journal */
	struct str terms[JOURNAL_TERMS_MAX]; /* "FIELD=value" */
	size_t n_terms;
};

/* Does the text begin as such a place? */
bool journal_place_is(struct str text);
/* FIELD=value: capitals, digits and underscores, not first a digit. */
bool journal_place_is_term(struct str word);
/* -EINVAL: *ret_bad is the word that is wrong; -E2BIG: too many terms. */
NODISCARD int journal_place_parse(struct str text, struct journal_place *ret, struct str *ret_bad);
/* The bits of the terms that this field of an entry ("FIELD=value") fulfils. */
uint32_t journal_place_mark(const struct journal_place *p, struct str field);
/* Whether an entry whose fields gave these bits is meant. */
bool journal_place_fits(const struct journal_place *p, uint32_t marks);
