/* SPDX-License-Identifier: MIT */
#pragma once
/* room.h - is there room for more bans? */
#include "daemon/daemon.h"
#include "wire/json.h"

typedef void (*room_finding)(void *arg, const char *level, const char *command, const char *text);

/* An object: how many there are, how many there may be. */
struct value *room_bans(const struct daemon *d);
/* Says when it gets short: a note from half on, a warning from nine tenths on, an error when bans
 * were not made. */
void room_findings(const struct daemon *d, room_finding fn, void *arg);
