/* SPDX-License-Identifier: MIT */
#pragma once
/* reload.h - how are changed config files taken over by a daemon that runs?
 *
 * All or nothing: with any error in any file the rules of before go on. With a good config jails
 * are matched by name, scores and bans go on (engine/adopt.h), logs that are still watched are read
 * on where they were. */
#include "daemon/daemon.h"

/* What came of it; lines, each ended by a newline. */
struct reload {
	bool done;
	struct buf changes;  /* when done: what is different; "" nothing */
	struct buf problems; /* errors, warnings, as `ipsctl check` tells them */
};

/* A negative errno: ipsd cannot go on. */
NODISCARD int reload_run(struct daemon *d, const char *by, struct reload *ret);
void reload_done(struct reload *r);
/* A number that changes when a config file does; of what is on the disk now. */
uint64_t reload_stamp(const struct daemon *d);
