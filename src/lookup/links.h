/* SPDX-License-Identifier: MIT */
#pragma once
/* links.h - which network interfaces are there, and who takes packets off them before nftables?
 *
 * Asks the kernel of the network namespace that the process is in; needs no right. */
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum { LINKS_MAX = 512, LINK_NAME_MAX = 16 };

struct link {
	char name[LINK_NAME_MAX],
		kind[LINK_NAME_MAX]; /* kind: "veth", "bridge", ...; "" of a card */
	unsigned index, master;      /* of the bridge or bond it belongs to; 0 */
	bool up, loopback;
	bool elsewhere; /* its other end lies in another network namespace */
	bool xdp;       /* an XDP program gets each packet first */
	bool ingress;   /* a traffic control program may: it has a qdisc `ingress` or `clsact` */
};

struct links {
	size_t n; /* what has no room is left out */
	struct link at[LINKS_MAX];
};

NODISCARD int links_list(struct links *ret);
