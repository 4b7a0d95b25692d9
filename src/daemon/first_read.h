/* SPDX-License-Identifier: MIT */
#pragma once
/* first_read.h - where is a log begun that was never read before? ([ipsd] first-read) */
#include "daemon/daemon.h"

/* From when on what a source says is wanted: INSTANT_NEVER for what comes from now on, time 0 for
 * all of it. */
instant first_read_since(const struct daemon *d, uint16_t source);
/* The place in the file that stands at the path; tells the log where it is. False: at its end, or
 * there is none that can be read. */
bool first_read_place(const struct daemon *d, uint16_t source, const char *path,
		      struct position *ret);
