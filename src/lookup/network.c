/* SPDX-License-Identifier: MIT */
/* network.c - asks the kernel by rtnetlink.
 *
 * A route may have several next hops, and one of IPv4 may go through a host of IPv6: the dump says
 * so, the files of /proc do not. A dump that changed while it was read may lack something; the next
 * one has it. */
#include "lookup/network.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/files.h"
#include "sys/sockets.h"

enum { DUMP_BYTES = 32768, DUMP_SECONDS = 2 };

int network_own_addresses(struct facts *ret)
{
	struct ifaddrs *all;
	struct addr addr;

	if (getifaddrs(&all) < 0) {
		return -errno;
	}
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (i->ifa_addr && facts_address(i->ifa_addr, &addr)) {
			facts_add(ret, &addr, INSTANT_NEVER, i->ifa_name);
		}
	}
	freeifaddrs(all);
	return 0;
}

/* --- Routes -------------------------------------------------------------------------------------
 */

/* All lengths of netlink are padded to four bytes, but the last one's padding may be missing. */
static size_t aligned(size_t n, size_t max)
{
	size_t whole = (n + 3) & ~(size_t)3;

	return whole < max ? whole : max;
}

struct attribute {
	uint16_t type;
	const uint8_t *bytes;
	size_t n;
};

/* The next attribute of `*rest`, which has `*n` bytes. */
static bool next_attribute(const uint8_t **rest, size_t *n, struct attribute *ret)
{
	struct rtattr head;
	size_t whole;

	if (*n < sizeof(head)) {
		return false;
	}
	memcpy(&head, *rest, sizeof(head));
	if (head.rta_len < sizeof(head) || head.rta_len > *n) {
		return false;
	}
	*ret = (struct attribute){ .type = head.rta_type &
					   (uint16_t) ~(NLA_F_NESTED | NLA_F_NET_BYTEORDER),
				   .bytes = *rest + RTA_LENGTH(0),
				   .n = head.rta_len - RTA_LENGTH(0) };
	whole = aligned(head.rta_len, *n);
	*rest += whole;
	*n -= whole;
	return true;
}

static void add_gateway(const uint8_t *bytes, size_t n, unsigned interface, struct facts *ret)
{
	struct addr addr = { .family = n == 4 ? 4 : 6 };
	char name[IF_NAMESIZE] = "";

	if (n == 4 || n == 16) {
		memcpy(addr.bytes, bytes, n);
		facts_add(ret, &addr, INSTANT_NEVER, if_indextoname(interface, name) ? name : "");
	}
}

static void add_gateways(const uint8_t *rest, size_t n, unsigned interface, struct facts *ret)
{
	struct attribute a;

	while (next_attribute(&rest, &n, &a)) {
		if (a.type == RTA_GATEWAY) {
			add_gateway(a.bytes, a.n, interface, ret);
		} else if (a.type == RTA_VIA && a.n > sizeof(sa_family_t)) {
			add_gateway(a.bytes + sizeof(sa_family_t), a.n - sizeof(sa_family_t),
				    interface, ret);
		}
	}
}

/* The hops of a route that has several; a hop of a hop there is not. */
static void add_next_hops(struct attribute hops, struct facts *ret)
{
	struct rtnexthop hop;
	size_t whole;

	for (; hops.n >= sizeof(hop); hops.bytes += whole, hops.n -= whole) {
		memcpy(&hop, hops.bytes, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > hops.n) {
			return;
		}
		whole = aligned(hop.rtnh_len, hops.n);
		add_gateways(hops.bytes + sizeof(hop), hop.rtnh_len - sizeof(hop),
			     (unsigned)hop.rtnh_ifindex, ret);
	}
}

static void add_route(const uint8_t *bytes, size_t n, struct facts *ret)
{
	struct attribute a, hops = { .n = 0 };
	const uint8_t *rest;
	unsigned interface = 0;
	struct rtmsg route;
	size_t left;

	if (n < sizeof(route)) {
		return;
	}
	memcpy(&route, bytes, sizeof(route));
	rest = bytes + sizeof(route);
	left = n - sizeof(route);
	if (route.rtm_dst_len != 0 || route.rtm_type != RTN_UNICAST) {
		return;
	}
	while (next_attribute(&rest, &left, &a)) {
		if (a.type == RTA_OIF && a.n == sizeof(interface)) {
			memcpy(&interface, a.bytes, sizeof(interface));
		} else if (a.type == RTA_MULTIPATH) {
			hops = a;
		}
	}
	add_gateways(bytes + sizeof(route), n - sizeof(route), interface, ret);
	add_next_hops(hops, ret);
}

static int error_of(const uint8_t *bytes, size_t n)
{
	int error = -EBADMSG;

	if (n >= sizeof(error)) {
		memcpy(&error, bytes, sizeof(error));
	}
	return error < 0 ? error : -EBADMSG;
}

/* 1: more is to come; 0: that was the last. */
static int take_routes(const uint8_t *rest, size_t n, struct facts *ret)
{
	struct nlmsghdr head;

	for (size_t whole; n >= sizeof(head); rest += whole, n -= whole) {
		memcpy(&head, rest, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > n) {
			return -EBADMSG;
		}
		whole = aligned(head.nlmsg_len, n);
		if (head.nlmsg_type == NLMSG_DONE) {
			return 0;
		}
		if (head.nlmsg_type == NLMSG_ERROR) {
			return error_of(rest + sizeof(head), head.nlmsg_len - sizeof(head));
		}
		if (head.nlmsg_type == RTM_NEWROUTE) {
			add_route(rest + sizeof(head), head.nlmsg_len - sizeof(head), ret);
		}
	}
	return 1;
}

static int dump_routes(int fd, uint8_t family, struct facts *ret)
{
	struct {
		struct nlmsghdr head;
		struct rtmsg route;
	} ask = {
		.head = { .nlmsg_len = sizeof(ask),
			  .nlmsg_type = RTM_GETROUTE,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.route = { .rtm_family = family },
	};

	static uint8_t bytes[DUMP_BYTES];
	int64_t n = sockets_write(fd, &ask, sizeof(ask));
	int r = n < 0 ? (int)n : 1;

	while (r == 1) {
		n = sockets_read(fd, bytes, sizeof(bytes));
		r = n <= 0 ? (n < 0 ? (int)n : -EBADMSG) : take_routes(bytes, (size_t)n, ret);
	}
	return r;
}

static int open_socket(int type, unsigned groups, int *ret_fd)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	const struct timeval patience = { .tv_sec = DUMP_SECONDS };
	int fd CLEANUP(fd_close) =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | type, NETLINK_ROUTE);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		return -errno;
	}
	*ret_fd = fd_take(&fd);
	return 0;
}

int network_gateways(struct facts *ret)
{
	int fd CLEANUP(fd_close) = -1;
	int r = open_socket(0, 0, &fd);

	r = r < 0 ? r : dump_routes(fd, AF_INET, ret);
	return r < 0 ? r : dump_routes(fd, AF_INET6, ret);
}

int network_watch(int *ret_fd)
{
	return open_socket(SOCK_NONBLOCK, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, ret_fd);
}

/* An overrun (-ENOBUFS) says the same as a message: look again. */
void network_drain(int fd)
{
	uint8_t bytes[4096];
	int64_t n;

	do {
		n = sockets_read(fd, bytes, sizeof(bytes));
	} while (n > 0 || n == -ENOBUFS);
}
