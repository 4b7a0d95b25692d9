/* SPDX-License-Identifier: MIT */
/* diag_shim.c - a kernel that tells nothing of its sockets, for one program and its children
 * (LD_PRELOAD). */
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

int shim_socket(int family, int type, int protocol) __asm__("socket");

int shim_socket(int family, int type, int protocol)
{
	int (*next)(int, int, int);

	*(void **)&next = dlsym(RTLD_NEXT, "socket");
	if (family == AF_NETLINK && protocol == NETLINK_SOCK_DIAG) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	return next(family, type, protocol);
}
