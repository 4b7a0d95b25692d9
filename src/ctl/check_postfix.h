/* SPDX-License-Identifier: MIT */
#pragma once
/* check_postfix.h - will ipsd leave those alone that this host's Postfix works with? */
#include "config/config.h"

/* Adds a note with the line to write for each relay and each network of Postfix's main.cf that is
 * not on never-block. Without Postfix there is none. */
void check_postfix(const struct config *config, struct diag *diag);
