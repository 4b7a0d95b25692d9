/* SPDX-License-Identifier: MIT */
#pragma once
/* never_file.h - which entries does a file want on never-block? */
#include "ctl/ctl.h"

/* Reads `PREFIX-or-HOST [TIME|permanent] [# reason]` a line from the file, `-` being standard
 * input, as NeverBlockWish objects. Lines with neither, and lines that begin with #, are left out.
 * CTL_DONE, or an exit code: every bad line was said as `file:line:`, and nothing is to be done. */
NODISCARD int never_file_read(const struct ctl *ctl, const char *path, struct value *ret_wishes);
/* One entry as a NeverBlockWish; false: the text is neither an address, nor a prefix, nor a host
 * name, and *ret_why says so (256 bytes). `length` DURATION_FOREVER: for good. */
bool never_file_wish(struct str entry, duration length, struct str reason, char *ret_why,
		     struct value *ret_wishes);
