/* SPDX-License-Identifier: MIT */
#pragma once
/* leaking.h - does a banned address still make log lines?
 *
 * Each is told once in the journal, by `status` while its ban runs, and counted (policy/leaks.h).
 */
#include "daemon/daemon.h"

/* Looks at the batch's events, of what is banned already. */
void leaking_note(struct daemon *d, const struct batch *batch);
/* What the kernel says to COOKIE_LEAKING. */
void leaking_answer(struct daemon *d, const struct enforcer_answer *answer);

/* One that stands at `now`: a sentence, and the command to look at it. */
typedef void (*leaking_finding_fn)(void *arg, const char *command, const char *text);

/* At most LEAKING_TOLD of them, then their number. */
enum { LEAKING_TOLD = 5 };

void leaking_findings(struct daemon *d, leaking_finding_fn fn, void *arg);
/* How many of the running bans leak. */
size_t leaking_count(struct daemon *d);
