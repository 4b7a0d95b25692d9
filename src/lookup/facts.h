/* SPDX-License-Identifier: MIT */
#pragma once
/* facts.h - which addresses were found, and what is each of them?
 *
 * A list of fixed size that the look-ups of this room fill. Pure, allocates nothing. */
#include "base/addr.h"
#include "base/time.h"

enum { FACTS_MAX = 1024, FACT_TEXT_MAX = 128 };

struct fact {
	struct addr addr;
	instant until;            /* when that ends by itself; INSTANT_NEVER */
	char text[FACT_TEXT_MAX]; /* an interface, "session of root", ... */
};

struct facts {
	size_t n;
	struct fact at[FACTS_MAX];
};

/* An address that is there already keeps its text; what has no room is left out. */
void facts_add(struct facts *f, const struct addr *addr, instant until, const char *text);
/* The address behind a struct sockaddr of IPv4 or IPv6 (v4-mapped is v4); false for any other. */
bool facts_address(const void *sockaddr, struct addr *ret);
