/* SPDX-License-Identifier: MIT */
#pragma once
/* network.h - which addresses has this host, and through whom does it reach the others?
 *
 * Asks the kernel of the network namespace that the process is in; needs no right. */
#include "lookup/facts.h"

/* Adds them, each with its interface. */
NODISCARD int network_own_addresses(struct facts *ret);
/* Adds the next hops of the default routes, IPv4 and IPv6, each with its interface. */
NODISCARD int network_gateways(struct facts *ret);
/* A socket that becomes readable when an address comes or goes. */
NODISCARD int network_watch(int *ret_fd);
/* Empties it. */
void network_drain(int fd);
