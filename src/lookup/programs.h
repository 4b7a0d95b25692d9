/* SPDX-License-Identifier: MIT */
#pragma once
/* programs.h - which of these programs run on this host?
 *
 * By the names of all processes that /proc shows; needs no right. */
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/* Sets is_there[i] where a process's name begins with names[i] (the kernel keeps 15 bytes of one).
 */
NODISCARD int programs_look(const char *const *names, size_t n, bool *is_there);
