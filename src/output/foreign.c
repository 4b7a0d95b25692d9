/* SPDX-License-Identifier: MIT */
/* foreign.c - has somebody else changed nftables?
 *
 * The kernel tells the members of a group of everything that a transaction did, element by element,
 * and at its end of the ruleset's new generation. A filter on the socket leaves that last message
 * alone, so a file of a million elements is one message here, too.
 *
 * A change carries the port of the socket that it came in by. A port belongs to one socket of the
 * namespace as long as that one is open, so ours are found among this process's descriptors; also
 * that of libnftables, which tells nobody. */
#include "output/foreign.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "output/netlink.h"

enum {
	NEW_GENERATION = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN,
	DESCRIPTORS = 64, /* the enforcer has a dozen */
	MESSAGE = 8192,
};

/* A load is big-endian, the field is not. */
static int let_generations_through(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(NEW_GENERATION), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

static int join(int fd)
{
	const int group = NFNLGRP_NFTABLES;

	return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0
		       ? -errno
		       : 0;
}

int foreign_open(void)
{
	int fd = netlink_open(), r;

	if (fd < 0) {
		return fd;
	}
	r = let_generations_through(fd);
	r = r < 0 ? r : join(fd);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

/* The port of a socket to netfilter; 0: it is none, or was not used yet. */
static uint32_t port_of(int fd)
{
	struct sockaddr_nl own = { 0 };
	socklen_t size = sizeof(own), protocol_size = sizeof(int);
	int protocol = -1;

	if (getsockname(fd, (struct sockaddr *)&own, &size) < 0 || own.nl_family != AF_NETLINK ||
	    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &protocol_size) < 0 ||
	    protocol != NETLINK_NETFILTER) {
		return 0;
	}
	return own.nl_pid;
}

struct ports {
	bool known;
	size_t n;
	uint32_t at[DESCRIPTORS];
};

static bool is_own(struct ports *own, uint32_t port)
{
	for (int fd = 0; fd < DESCRIPTORS && !own->known; fd++) {
		uint32_t found = port_of(fd);

		if (found != 0) {
			own->at[own->n++] = found;
		}
	}
	own->known = true;
	for (size_t i = 0; i < own->n; i++) {
		if (own->at[i] == port) {
			return true;
		}
	}
	return false;
}

uint64_t foreign_take(int fd)
{
	alignas(struct nlmsghdr) char bytes[MESSAGE];
	struct ports own = { .known = false };
	uint64_t n = 0;
	ssize_t got;

	while ((got = netlink_receive(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0 ||
	       got == -ENOBUFS) {
		const struct nlmsghdr *h;
		size_t at = 0;

		n += got == -ENOBUFS;
		while (got > 0 && (h = netlink_next(bytes, (size_t)got, &at)) != NULL) {
			n += h->nlmsg_type == NEW_GENERATION && !is_own(&own, h->nlmsg_pid);
		}
	}
	return n;
}
