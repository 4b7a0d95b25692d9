/* SPDX-License-Identifier: MIT */
#pragma once
/* target.h - which prefix does a person mean?
 *
 * A single address means the subject that is counted and banned for it: the /32, the IPv6 host
 * prefix. A prefix means itself. */
#include "engine/ruleset.h"

/* -EINVAL: neither an address nor a prefix. -ERANGE: host bits are set; *ret holds the prefix
 * without them. */
NODISCARD int target_parse(const struct ruleset *rules, struct str text, struct prefix *ret);
/* The Class C around it: /24, or the IPv6 network prefix. A shorter prefix stays. */
struct prefix target_class_c(const struct ruleset *rules, const struct prefix *p);
/* Is it a network of NAT64, 6to4 or Teredo addresses? Those of one IPv4 address are that one. */
bool target_wraps_v4(const struct prefix *p);
/* Is the address, or the IPv4 address that it carries, inside? False for none. */
bool target_holds(const struct prefix *p, const struct addr *addr);
