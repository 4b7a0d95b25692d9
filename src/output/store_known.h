/* SPDX-License-Identifier: MIT */
#pragma once
/* store_known.h - who logged in from where, over restarts. Private to store*.c. */
#include "engine/engine.h"
#include "output/store_db.h"

/* Keeps a login; now and then lets go of some that are too old. */
NODISCARD int store_known_put(struct store *s, const struct ruleset *rules,
			      const struct event *event);
/* Tells the engine of all that are recent enough, the newest KNOWN_ROWS_MAX of them. */
NODISCARD int store_known_recall(struct store *s, struct engine *e, instant now);
