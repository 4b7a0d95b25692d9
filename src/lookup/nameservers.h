/* SPDX-License-Identifier: MIT */
#pragma once
/* nameservers.h - whom does this host ask for names?
 *
 * The `nameserver` lines of resolv.conf; where that names systemd-resolved's stub, those that it
 * asks in turn. */
#include "lookup/facts.h"

/* Adds them. A file that cannot be read names nobody. */
void nameservers_find(struct facts *ret);
/* Adds the name servers of a resolv.conf. True: one of them is systemd-resolved's stub. */
bool nameservers_parse(struct str text, struct facts *ret);
