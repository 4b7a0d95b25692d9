/* SPDX-License-Identifier: MIT */
#pragma once
/* reconcile.h - does the kernel hold what is wished, and nothing else, whatever others do to it?
 *
 * After a change in nftables by somebody else, and at the start. */
#include "daemon/daemon.h"

/* Somebody else has changed nftables; `broken`: enforcer.h. */
void reconcile_foreign(struct daemon *d, const char *broken);
/* The table was made again, or the enforcer was started again; all wishes are to be sent. */
void reconcile_ready(struct daemon *d, bool restarted);
/* All wishes are on their way. */
void reconcile_sent(struct daemon *d);
/* An element that stands in our sets; that there are no more. */
void reconcile_found(struct daemon *d, const struct prefix *prefix, uint16_t scope, duration left);
void reconcile_listed(struct daemon *d, int error);
/* Looks at everything as if somebody else had changed nftables. Returns the number that
 * reconcile_looks() has when that is done. */
uint64_t reconcile_look(struct daemon *d);
uint64_t reconcile_looks(const struct daemon *d);
/* Begins what is due; when that is. */
void reconcile_turn(struct daemon *d, instant now);
instant reconcile_deadline(const struct daemon *d);
/* Notes for `status`: what others have done. */
void reconcile_findings(const struct daemon *d,
			void (*add)(void *arg, const char *level, const char *command,
				    const char *text),
			void *arg);
