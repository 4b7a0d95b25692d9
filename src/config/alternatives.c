/* SPDX-License-Identifier: MIT */
#include "config/alternatives.h"

#include "base/journal_place.h"

static bool path_exists(const struct config_access *access, struct str path)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	buf_add_str(&text, path);
	return buf_ok(&text) == 0 && access->exists(buf_text(&text));
}

static bool journal_exists(const struct config_access *access, struct str text)
{
	struct journal_place place;
	struct str bad;

	if (journal_place_parse(text, &place, &bad) < 0) {
		return false;
	}
	if (place.dir.n) {
		return path_exists(access, place.dir);
	}
	return access->exists("/run/log/journal") || access->exists("/var/log/journal");
}

static bool line_exists(const struct config_access *access, const struct place_line *line)
{
	for (size_t i = 0; i < line->words.n; i++) {
		struct str place = line->words.at[i].text;

		if (journal_place_is(place) ? journal_exists(access, place)
					    : path_exists(access, place)) {
			return true;
		}
	}
	return false;
}

const struct place_line *alternatives_choose(const struct config_access *access,
					     const struct places *sources, bool *ret_exists)
{
	const struct place_line *chosen = sources->n > 0 ? &sources->at[0] : NULL;
	bool exists = false;

	for (size_t i = 0; access->exists && !exists && i < sources->n; i++) {
		exists = line_exists(access, &sources->at[i]);
		chosen = exists ? &sources->at[i] : chosen;
	}
	*ret_exists = exists;
	return chosen;
}
