/* SPDX-License-Identifier: MIT */
#pragma once
/* build.h - how do filters and jails, read one by one, become one ruleset?
 *
 * What a jail needs and does not get is an error of the jail and takes down the jail alone. */
#include "config/parts.h"

/* Resolves what the jails watch and fills the ruleset's jails, sources and routes with those that
 * are PART_OK at the end. -ENOMEM. */
NODISCARD int build_ruleset(struct parts *p);
/* The ruleset of one filter on its own sources, for no jail; without sources it has one whose text
 * is `-`. -ENOMEM. */
NODISCARD int build_alone(struct parts *p);
