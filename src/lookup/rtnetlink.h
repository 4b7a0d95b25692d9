/* SPDX-License-Identifier: MIT */
#pragma once
/* rtnetlink.h - what does the kernel say of routes and interfaces?
 *
 * Dumps by rtnetlink, in the network namespace that the process is in; needs no right. A dump that
 * changed while it was read may lack something; the next one has it. Not for two dumps at once. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct attribute {
	uint16_t type;
	const uint8_t *bytes;
	size_t n;
};

/* Takes what stands behind the header of one message. */
typedef void (*rtnetlink_sink)(void *arg, const uint8_t *bytes, size_t n);

/* A socket of this type (SOCK_NONBLOCK or 0) that hears of these groups. */
NODISCARD int rtnetlink_open(int type, unsigned groups, int *ret_fd);
/* Sends the n bytes, an nlmsghdr and what follows it, and calls with what stands behind the header
 * of each message of type `wanted` that comes back. */
NODISCARD int rtnetlink_dump(int fd, const void *ask, size_t n, uint16_t wanted,
			     rtnetlink_sink sink, void *arg);
/* Takes the next attribute off `*rest`; false at the end, or when the rest is none. */
bool rtnetlink_attribute(struct attribute *rest, struct attribute *ret);
