/* SPDX-License-Identifier: MIT */
#pragma once
/* ban_file.h - what does a file of bans say?
 *
 * A line is `PREFIX [TIME|permanent] [# reason]`, as in csf.deny; empty lines and those that begin
 * with # or ; are passed over. */
#include "ctl/ctl.h"

/* Reads the file (`-`: standard input) and adds a row for each line to `lines`, as the method Ban
 * takes them; a line that says no time gets `seconds` (0: permanent). All bad lines are told on
 * stderr. CTL_DONE, or CTL_USAGE. */
NODISCARD int ban_file_read(const struct ctl *ctl, const char *path, int64_t seconds,
			    struct value *lines);
