/* SPDX-License-Identifier: MIT */
#pragma once
/* alternatives.h - from which of its sources is a filter read?
 *
 * The lines of `sources` are alternatives, best first; the places of one line are read together.
 * The first line of which a place exists is read, and no other, so that one event that two logs
 * tell counts once. It stays so until the config is read again. A place in the journal exists when
 * the journal's directory does. */
#include "config/config.h"
#include "config/reader_rule.h"

/* The line; without any that exists the first, which is waited for. NULL: there is none. */
const struct place_line *alternatives_choose(const struct config_access *access,
					     const struct places *sources, bool *ret_exists);
