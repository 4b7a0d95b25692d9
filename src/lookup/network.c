/* SPDX-License-Identifier: MIT */
/* network.c - asks the kernel by rtnetlink.
 *
 * A route may have several next hops, and one of IPv4 may go through a host of IPv6: the dump says
 * so, the files of /proc do not. */
#include "lookup/network.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lookup/rtnetlink.h"
#include "sys/files.h"
#include "sys/sockets.h"

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

static void add_gateway(const uint8_t *bytes, size_t n, unsigned interface, struct facts *ret)
{
	struct addr addr = { .family = n == 4 ? 4 : 6 };
	char name[IF_NAMESIZE] = "";

	if (n == 4 || n == 16) {
		memcpy(addr.bytes, bytes, n);
		facts_add(ret, &addr, INSTANT_NEVER, if_indextoname(interface, name) ? name : "");
	}
}

static void add_gateways(struct attribute rest, unsigned interface, struct facts *ret)
{
	struct attribute a;

	while (rtnetlink_attribute(&rest, &a)) {
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
		whole = (size_t)RTNH_ALIGN(hop.rtnh_len);
		whole = whole < hops.n ? whole : hops.n;
		add_gateways((struct attribute){ .bytes = hops.bytes + sizeof(hop),
						 .n = hop.rtnh_len - sizeof(hop) },
			     (unsigned)hop.rtnh_ifindex, ret);
	}
}

static void add_route(void *arg, const uint8_t *bytes, size_t n)
{
	struct attribute a, rest, hops = { .n = 0 };
	struct facts *ret = arg;
	unsigned interface = 0;
	struct rtmsg route;

	if (n < sizeof(route)) {
		return;
	}
	memcpy(&route, bytes, sizeof(route));
	if (route.rtm_dst_len != 0 || route.rtm_type != RTN_UNICAST) {
		return;
	}
	rest = (struct attribute){ .bytes = bytes + sizeof(route), .n = n - sizeof(route) };
	while (rtnetlink_attribute(&rest, &a)) {
		if (a.type == RTA_OIF && a.n == sizeof(interface)) {
			memcpy(&interface, a.bytes, sizeof(interface));
		} else if (a.type == RTA_MULTIPATH) {
			hops = a;
		}
	}
	add_gateways((struct attribute){ .bytes = bytes + sizeof(route), .n = n - sizeof(route) },
		     interface, ret);
	add_next_hops(hops, ret);
}

static int dump_routes(int fd, uint8_t family, struct facts *ret)
{
	const struct {
		struct nlmsghdr head;
		struct rtmsg route;
	} ask = {
		.head = { .nlmsg_len = sizeof(ask),
			  .nlmsg_type = RTM_GETROUTE,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.route = { .rtm_family = family },
	};

	return rtnetlink_dump(fd, &ask, sizeof(ask), RTM_NEWROUTE, add_route, ret);
}

int network_gateways(struct facts *ret)
{
	int fd CLEANUP(fd_close) = -1;
	int r = rtnetlink_open(0, 0, &fd);

	r = r < 0 ? r : dump_routes(fd, AF_INET, ret);
	return r < 0 ? r : dump_routes(fd, AF_INET6, ret);
}

int network_watch(int *ret_fd)
{
	return rtnetlink_open(SOCK_NONBLOCK, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, ret_fd);
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
