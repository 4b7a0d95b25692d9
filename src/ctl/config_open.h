/* SPDX-License-Identifier: MIT */
#pragma once
/* config_open.h - the config, read by ipsctl itself for the verbs that need no daemon. */
#include "config/config.h"
#include "ctl/ctl.h"

/* The two functions that read real files. */
extern const struct config_access config_real_access;
/* Loads the config; errors are printed to stderr. 0, or an exit code. */
int config_open(const struct ctl *ctl, unsigned flags, struct config **ret);
/* Prints the items of at least this level; how many there were. */
size_t config_print_diag(const struct diag *diag, enum diag_level least, bool to_stderr);
