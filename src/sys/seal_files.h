/* SPDX-License-Identifier: MIT */
#pragma once
/* seal_files.h - which files may this process still touch? (Landlock) */
#include "base/attr.h"

enum seal_files {
	SEAL_FILES_READ, /* opens any for reading, makes and changes none */
	SEAL_FILES_NONE, /* opens none */
};

/* Files that are open stay open. `writes`: the directory in which it may make, change and remove
 * files all the same; NULL: none. 1: the kernel has no Landlock, nothing was done. Needs
 * no_new_privs. */
NODISCARD int seal_files(enum seal_files what, const char *writes);
