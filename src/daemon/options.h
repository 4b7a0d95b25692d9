/* SPDX-License-Identifier: MIT */
#pragma once
/* options.h - what does ipsd's command line say? */
#include <stdbool.h>

#include "sys/log.h"

struct options {
	const char *config_dir, *share_dir, *state_dir, *runtime_dir;
	const char *user; /* whom to become when started as root */
	bool observe, strict;
	enum log_level log_level;
};

/* 0: go on; 1: everything was said (--help, --version); -EINVAL: wrong usage, said on stderr. */
NODISCARD int options_parse(int argc, char **argv, struct options *ret);
