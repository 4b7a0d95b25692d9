/* SPDX-License-Identifier: MIT */
#include "lookup/links.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "lookup/rtnetlink.h"
#include "sys/files.h"

static void take_text(const struct attribute *a, char out[static LINK_NAME_MAX])
{
	size_t n = a->n < LINK_NAME_MAX ? a->n : LINK_NAME_MAX - 1;

	memcpy(out, a->bytes, n);
	out[n] = '\0';
}

static unsigned number(const struct attribute *a)
{
	unsigned ret = 0;

	if (a->n == sizeof(ret)) {
		memcpy(&ret, a->bytes, sizeof(ret));
	}
	return ret;
}

static void take_kind(struct attribute info, struct link *link)
{
	struct attribute a;

	while (rtnetlink_attribute(&info, &a)) {
		if (a.type == IFLA_INFO_KIND) {
			take_text(&a, link->kind);
		}
	}
}

static void take_xdp(struct attribute xdp, struct link *link)
{
	struct attribute a;

	while (rtnetlink_attribute(&xdp, &a)) {
		if (a.type == IFLA_XDP_ATTACHED && a.n == 1) {
			link->xdp = a.bytes[0] != XDP_ATTACHED_NONE;
		}
	}
}

static void take_attribute(const struct attribute *a, struct link *link)
{
	if (a->type == IFLA_IFNAME) {
		take_text(a, link->name);
	} else if (a->type == IFLA_MASTER) {
		link->master = number(a);
	} else if (a->type == IFLA_LINK_NETNSID) {
		link->elsewhere = true;
	} else if (a->type == IFLA_LINKINFO) {
		take_kind(*a, link);
	} else if (a->type == IFLA_XDP) {
		take_xdp(*a, link);
	}
}

static void add_link(void *arg, const uint8_t *bytes, size_t n)
{
	struct links *links = arg;
	struct ifinfomsg info;
	struct attribute rest, a;
	struct link *link;

	if (n < sizeof(info) || links->n == LINKS_MAX) {
		return;
	}
	memcpy(&info, bytes, sizeof(info));
	link = &links->at[links->n++];
	*link = (struct link){
		.index = (unsigned)info.ifi_index,
		.up = (info.ifi_flags & IFF_UP) != 0,
		.loopback = (info.ifi_flags & IFF_LOOPBACK) != 0,
	};
	rest = (struct attribute){ .bytes = bytes + sizeof(info), .n = n - sizeof(info) };
	while (rtnetlink_attribute(&rest, &a)) {
		take_attribute(&a, link);
	}
}

static void add_qdisc(void *arg, const uint8_t *bytes, size_t n)
{
	struct links *links = arg;
	struct attribute rest, a;
	struct tcmsg tc;
	char kind[LINK_NAME_MAX] = "";

	if (n < sizeof(tc)) {
		return;
	}
	memcpy(&tc, bytes, sizeof(tc));
	rest = (struct attribute){ .bytes = bytes + sizeof(tc), .n = n - sizeof(tc) };
	while (rtnetlink_attribute(&rest, &a)) {
		if (a.type == TCA_KIND) {
			take_text(&a, kind);
		}
	}
	for (size_t i = 0; i < links->n; i++) {
		if (links->at[i].index == (unsigned)tc.tcm_ifindex) {
			links->at[i].ingress |= strcmp(kind, "ingress") == 0 ||
						strcmp(kind, "clsact") == 0;
		}
	}
}

int links_list(struct links *ret)
{
	const struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} links = { .head = { .nlmsg_len = sizeof(links),
			      .nlmsg_type = RTM_GETLINK,
			      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };

	const struct {
		struct nlmsghdr head;
		struct tcmsg tc;
	} qdiscs = { .head = { .nlmsg_len = sizeof(qdiscs),
			       .nlmsg_type = RTM_GETQDISC,
			       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };

	int fd CLEANUP(fd_close) = -1;
	int r = rtnetlink_open(0, 0, &fd);

	ret->n = 0;
	r = r < 0 ? r : rtnetlink_dump(fd, &links, sizeof(links), RTM_NEWLINK, add_link, ret);
	return r < 0 ? r
		     : rtnetlink_dump(fd, &qdiscs, sizeof(qdiscs), RTM_NEWQDISC, add_qdisc, ret);
}
