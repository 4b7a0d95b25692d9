/* SPDX-License-Identifier: MIT */
#pragma once
/* foreign.h - has somebody else changed nftables?
 *
 * A socket that hears of each change in our network namespace, and of nothing else. Which of them
 * are this process's own is known by the ports of its sockets, wherever its pid is called otherwise
 * (containers, user namespaces). */
#include <stdint.h>

#include "base/attr.h"

/* The socket, to be waited on for reading. The caller closes it. -EPERM: no CAP_NET_ADMIN here;
 * -ENOTSUP: the kernel has no netfilter; others. */
NODISCARD int foreign_open(void);
/* Takes what was heard; how many changes were somebody else's. An overrun is one. */
uint64_t foreign_take(int fd);
