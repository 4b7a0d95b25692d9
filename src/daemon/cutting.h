/* SPDX-License-Identifier: MIT */
#pragma once
/* cutting.h - does cut-connections close connections, or why not? */
#include "daemon/daemon.h"

/* Tells the journal when that has changed. */
void cutting_follow(struct daemon *d);
/* A warning for `status`. */
void cutting_findings(const struct daemon *d,
		      void (*add)(void *arg, const char *level, const char *command,
				  const char *text),
		      void *arg);
