/* SPDX-License-Identifier: MIT */
#pragma once
/* netlink_answer.h - what does the kernel say about a set, or an element?
 *
 * Reads one message that is whole (netlink_next()). It may hold anything: libnftnl, which makes our
 * questions, would end the program over a strange one. Pure, allocates nothing. */
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct nlmsghdr;

struct netlink_set {
	uint8_t family;
	const char *table, *name; /* in the message */
	uint32_t flags, key_type, key_length;
};

struct netlink_element {
	struct str key; /* in the message */
	bool ends_interval;
	bool has_timeout;
	uint64_t left_ms;
	uint64_t packets, bytes; /* 0 without a counter */
};

/* -EBADMSG: it is no message about a set with its names. */
NODISCARD int netlink_answer_set(const struct nlmsghdr *h, struct netlink_set *ret);
/* 1: the first element that it tells of; 0: it tells of none; -EBADMSG: nothing sensible. */
NODISCARD int netlink_answer_element(const struct nlmsghdr *h, struct netlink_element *ret);
/* Calls back for each element that it tells of. What the callback returns below 0 ends it.
 * -EBADMSG: it is no message about elements. */
NODISCARD int netlink_answer_each(const struct nlmsghdr *h,
				  int (*fn)(void *arg, const struct netlink_element *e), void *arg);
/* The first attribute of this type of a message about anything of nftables, in the message;
 * STR_NONE: there is none. */
struct str netlink_answer_attribute(const struct nlmsghdr *h, unsigned type);
