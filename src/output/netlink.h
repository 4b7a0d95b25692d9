/* SPDX-License-Identifier: MIT */
#pragma once
/* netlink.h - how do messages get to the kernel's netfilter and its answers back?
 *
 * One socket. What the messages say is nft_elem.h's. A call blocks only as long as the kernel
 * works. */
#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"

struct nlmsghdr;

/* The socket, bound, with buffers for a whole transaction where the rights allow it. -ENOTSUP: the
 * kernel has no netfilter; -EMFILE and others. The caller closes it. */
NODISCARD int netlink_open(void);
/* Sends messages that stand one behind the other. */
NODISCARD int netlink_send(int fd, const char *bytes, size_t n);
/* How many bytes of answers came; what another process sends is left out. -EAGAIN: with
 * MSG_DONTWAIT, none waits; -ENOBUFS: some were lost.
 */
NODISCARD ssize_t netlink_receive(int fd, char *bytes, size_t max, int flags);
/* The message at this place of a buffer that is aligned for one. */
struct nlmsghdr *netlink_message(char *bytes, size_t at);
/* The message at *at of n bytes; *at moves behind it. NULL: no whole one is left. */
struct nlmsghdr *netlink_next(char *bytes, size_t n, size_t *at);
/* What an NLMSG_ERROR says: 0, an acknowledgement, or negative errno. -EBADMSG: nothing sensible.
 */
NODISCARD int netlink_error(const struct nlmsghdr *h);
