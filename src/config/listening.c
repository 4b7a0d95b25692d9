/* SPDX-License-Identifier: MIT */
#include "config/listening.h"

#include <errno.h>

#include "config/similar.h"

#define PREFIX STR("jail:")

bool listening_is_meant(const struct spec_text *entry)
{
	return str_has_prefix(entry->text, PREFIX);
}

/* The entry of the line, if it is one of ours; NULL. */
static const struct spec_text *entry_of(const struct place_line *line)
{
	return listening_is_meant(&line->words.at[0]) ? &line->words.at[0] : NULL;
}

static struct str name_of(const struct spec_text *entry)
{
	return str_slice(entry->text, PREFIX.n, SIZE_MAX);
}

bool listening_watches_jails(const struct jail_part *jail)
{
	const struct places *lines = &jail->file.values.watch;

	for (size_t i = 0; i < lines->n; i++) {
		if (entry_of(&lines->at[i])) {
			return true;
		}
	}
	return false;
}

static const struct jail_part *find_jail(const struct parts *p, struct str name)
{
	for (size_t i = 0; i < p->n_jails; i++) {
		if (str_eq(p->jails[i].part->name, name)) {
			return &p->jails[i];
		}
	}
	return NULL;
}

static bool names(const struct jail_part *jail, struct str name)
{
	const struct places *lines = &jail->file.values.watch;

	for (size_t i = 0; i < lines->n; i++) {
		const struct spec_text *entry = entry_of(&lines->at[i]);

		if (entry && str_eq(name_of(entry), name)) {
			return true;
		}
	}
	return false;
}

/* Bans of this jail are events. */
static bool is_heard(const struct jail_part *jail)
{
	return !listening_watches_jails(jail) && jail->file.values.subject != SUBJECT_NETWORK;
}

static void tell_unknown(const struct parts *p, const struct spec_text *entry)
{
	struct similar similar = similar_to(name_of(entry));

	for (size_t i = 0; i < p->n_jails; i++) {
		similar_offer(&similar, p->jails[i].part->name);
	}
	diag_add(p->r->diag, DIAG_ERROR, &entry->at, "there is no jail \"%.*s\"%s%.*s%s",
		 STR_ARG(name_of(entry)), SIMILAR_ARG(similar));
}

static void check_entry(const struct parts *p, const struct jail_part *jail,
			const struct spec_text *entry)
{
	struct str name = name_of(entry), own = jail->part->name;
	const struct jail_part *watched = find_jail(p, name);
	struct diag *diag = p->r->diag;

	if (!watched) {
		tell_unknown(p, entry);
	} else if (watched == jail) {
		diag_add(diag, DIAG_ERROR, &entry->at, "a jail cannot watch itself");
	} else if (names(watched, own)) {
		diag_add(diag, DIAG_ERROR, &entry->at,
			 "a circle: %.*s watches %.*s, which watches %.*s", STR_ARG(own),
			 STR_ARG(name), STR_ARG(own));
	} else if (listening_watches_jails(watched)) {
		diag_add(diag, DIAG_ERROR, &entry->at,
			 "%.*s watches jails itself: its bans are no events", STR_ARG(name));
	} else if (!is_heard(watched)) {
		diag_add(diag, DIAG_ERROR, &entry->at,
			 "%.*s bans networks, and only bans of addresses are events",
			 STR_ARG(name));
	} else if (watched->part->state == PART_FAILED) {
		diag_add(diag, DIAG_ERROR, &entry->at, "the jail %.*s is broken: %.*s",
			 STR_ARG(name), STR_ARG(watched->part->why));
	} else if (watched->part->state == PART_DISABLED) {
		diag_add(diag, DIAG_WARNING, &entry->at, "the jail %.*s is disabled",
			 STR_ARG(name));
	}
}

static void check_jail(const struct parts *p, const struct jail_part *jail, size_t number)
{
	const struct places *lines = &jail->file.values.watch;

	for (size_t i = 0; i < lines->n; i++) {
		const struct spec_text *entry = entry_of(&lines->at[i]);

		if (entry && lines->at[i].words.n > 1) {
			diag_add(p->r->diag, DIAG_ERROR, &entry->at,
				 "%.*s stands alone: the bans of a jail have no source",
				 STR_ARG(entry->text));
		} else if (entry && number == WATCHERS_MAX) {
			diag_add(p->r->diag, DIAG_ERROR, &entry->at,
				 "more than %d jails watch jails", WATCHERS_MAX);
		} else if (entry && !str_eq(name_of(entry), STR("*"))) {
			check_entry(p, jail, entry);
		}
	}
	if (jail_points(&jail->file.jail, EVENT_BANNED) == 0) {
		struct diag_place at = jail->file.at;

		at.section = STR("multipliers");
		at.key = STR("banned");
		diag_add(p->r->diag, DIAG_ERROR, &at,
			 "is missing or 0: the jail watches jails, whose bans are such events");
	}
}

int listening_check(struct parts *p)
{
	size_t number = 0;

	for (size_t i = 0; i < p->n_jails; i++) {
		struct jail_part *jail = &p->jails[i];
		struct parts_mark mark = parts_mark(p->r);

		if (jail->part->state != PART_OK || !listening_watches_jails(jail)) {
			continue;
		}
		check_jail(p, jail, number++);
		parts_judge(jail->part, p->r, mark);
		if (jail->part->state != PART_OK) {
			jail->n_watches = 0;
		}
	}
	return p->r->failed ? -ENOMEM : 0;
}

static bool watches(const struct jail_part *jail, const struct jail_part *watched)
{
	return listening_watches_jails(jail) &&
	       (names(jail, STR("*")) || names(jail, watched->part->name));
}

static int link_jail(struct parts *p, const struct jail_part *watched)
{
	uint16_t *watchers = arena_alloc(p->rules->arena, p->n_jails, sizeof(*watchers));
	struct jail *to = &p->rules->jails[watched->part->index];

	if (!watchers) {
		return -ENOMEM;
	}
	to->watchers = watchers;
	for (size_t i = 0; i < p->n_jails; i++) {
		const struct jail_part *jail = &p->jails[i];

		if (jail->part->state == PART_OK && watches(jail, watched)) {
			watchers[to->n_watchers++] = jail->part->index;
		}
	}
	return 0;
}

int listening_link(struct parts *p)
{
	for (size_t i = 0; i < p->n_jails; i++) {
		const struct jail_part *jail = &p->jails[i];
		int r;

		if (jail->part->state != PART_OK) {
			continue;
		}
		p->rules->jails[jail->part->index].watches_jails = listening_watches_jails(jail);
		if (!is_heard(jail)) {
			continue;
		}
		r = link_jail(p, jail);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}
