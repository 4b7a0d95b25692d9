/* SPDX-License-Identifier: MIT */
#pragma once
/* addr.h - an IP address and a prefix, from text and back.
 *
 * v4-mapped IPv6 (::ffff:a.b.c.d) becomes IPv4 when parsed. Bytes beyond the family's length are
 * zero, so both structs may be compared and hashed as bytes. Host names, zone ids (fe80::1%eth0),
 * octal or shortened IPv4 forms are refused. Pure, allocates nothing. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

enum { ADDR_TEXT_MAX = 46, PREFIX_TEXT_MAX = 50 }; /* with the NUL */

struct addr {
	uint8_t family; /* 4 or 6; 0 is no address */
	uint8_t bytes[16];
};

struct prefix {
	struct addr addr; /* host bits are zero */
	uint8_t len;      /* 0..32 or 0..128 */
};

/* The address of exactly this text, no blanks, no brackets. -EINVAL. */
NODISCARD int addr_parse(struct str text, struct addr *ret);
/* Writes the usual form (RFC 5952 for IPv6), NUL-terminated; returns `out`. */
const char *addr_format(const struct addr *a, char out[static ADDR_TEXT_MAX]);
bool addr_eq(const struct addr *a, const struct addr *b);
/* 32 or 128. */
uint8_t addr_bits(const struct addr *a);
/* The IPv4 address inside a NAT64 (64:ff9b::/96), 6to4 (2002::/16) or Teredo (2001::/32) address;
 * else the address. */
struct addr addr_unwrap(const struct addr *a);

/* `ADDRESS` or `ADDRESS/LEN`; ::ffff:192.0.2.0/120 is 192.0.2.0/24. -EINVAL: no prefix. -ERANGE:
 * host bits are set (ret holds it with them cleared). */
NODISCARD int prefix_parse(struct str text, struct prefix *ret);
/* Always with the length: 203.0.113.9/32. Returns `out`. */
const char *prefix_format(const struct prefix *p, char out[static PREFIX_TEXT_MAX]);
/* As people write it: without the length when it is a single address. Returns `out`. */
const char *prefix_format_short(const struct prefix *p, char out[static PREFIX_TEXT_MAX]);
/* The prefix of that length around the address; len is cut to the family's bits. */
struct prefix prefix_of(const struct addr *a, uint8_t len);
bool prefix_eq(const struct prefix *a, const struct prefix *b);
bool prefix_contains(const struct prefix *outer, const struct prefix *inner);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
/* By family, then bytes, then the shorter length first. */
int prefix_cmp(const struct prefix *a, const struct prefix *b);
