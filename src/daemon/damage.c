/* SPDX-License-Identifier: MIT */
#include "daemon/damage.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/mode.h"
#include "sys/clock.h"

static const duration pause = { .us = 5000000 };

/* Everything that was read is told again, for the fresh database knows of none. */
static void note_positions(struct daemon *d)
{
	struct tail_status status;

	for (size_t i = 0; i < tail_count(d->tail); i++) {
		tail_status(d->tail, i, &status);
		sources_note(d, &(struct stored_position){ .path = str_of(status.path),
							   .position = status.position });
	}
	journals_note_all(d);
}

int damage_mend(struct daemon *d)
{
	char aside[256] = "", why[256];
	int r;

	if (!store_is_damaged(d->store) ||
	    (d->store_trouble.on && instant_since(clock_now(), d->positions_since).us < pause.us)) {
		return 0;
	}
	snprintf(why, sizeof(why), "%s", store_error(d->store));
	r = store_replace(d->store, aside);
	if (aside[0] != '\0') {
		log_error("the database is damaged: %s; it is kept as %s, and a fresh one is used: "
			  "what is blocked, never-block and how far the logs were read go on; "
			  "after a restart the scores begin at 0",
			  why, aside);
	}
	if (r < 0) {
		wheel_failed(d);
		return r == -ENOMEM ? r : 0;
	}
	note_positions(d);
	mode_keep(d);
	return wheel_apply(d, true);
}
