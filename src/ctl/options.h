/* SPDX-License-Identifier: MIT */
#pragma once
/* options.h - which verb, with which options and arguments? Read by the table of wire/commands.h.
 */
#include "ctl/ctl.h"

/* 0: run the verb; 1: all was said (--help, --version); -EINVAL: wrong usage, said on stderr. */
NODISCARD int options_parse(int argc, char **argv, struct ctl *ret);
