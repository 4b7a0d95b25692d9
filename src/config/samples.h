/* SPDX-License-Identifier: MIT */
#pragma once
/* samples.h - does a filter do with its sample lines what its file says?
 *
 * Runs every hit and miss through the compiled filter; a deviation is an error that names the
 * sample's line and the pattern's. A pattern that no hit shows is an error, too. Pure. */
#include "config/filter_file.h"

/* -ENOMEM. */
NODISCARD int samples_run(const struct filter_file *file, struct filter *filter,
			  const struct ruleset *rules, struct reader *r);
