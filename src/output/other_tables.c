/* SPDX-License-Identifier: MIT */
#include "output/other_tables.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "output/netlink.h"
#include "sys/files.h"

enum { SEND_SIZE = 256, RECEIVE_SIZE = 65536, NFT = NFNL_SUBSYS_NFTABLES << 8 };

/* One kind of thing, and the attributes that its names stand in. */
struct kind {
	uint16_t get, is, table, name;
};

static const struct kind tables = { .get = NFT_MSG_GETTABLE,
				    .is = NFT_MSG_NEWTABLE,
				    .table = NFTA_TABLE_NAME,
				    .name = NFTA_TABLE_UNSPEC };
static const struct kind flowtables = { .get = NFT_MSG_GETFLOWTABLE,
					.is = NFT_MSG_NEWFLOWTABLE,
					.table = NFTA_FLOWTABLE_TABLE,
					.name = NFTA_FLOWTABLE_NAME };

struct listing {
	int fd;
	void (*fn)(void *arg, const struct other_table *table);
	void *arg;
	_Alignas(struct nlmsghdr) char in[RECEIVE_SIZE];
};

static const char *family_word(unsigned number)
{
	switch (number) {
	case NFPROTO_INET: return "inet";
	case NFPROTO_IPV4: return "ip";
	case NFPROTO_IPV6: return "ip6";
	case NFPROTO_BRIDGE: return "bridge";
	case NFPROTO_NETDEV: return "netdev";
	case NFPROTO_ARP: return "arp";
	default: return "";
	}
}

struct names {
	const struct kind *kind;
	struct other_table *found;
};

static int take_name(const struct nlattr *a, void *arg)
{
	const struct names *names = arg;
	uint16_t type = mnl_attr_get_type(a);

	if (type != names->kind->table && (type != names->kind->name || !type)) {
		return MNL_CB_OK;
	}
	if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0) {
		return MNL_CB_ERROR;
	}
	if (type == names->kind->table) {
		names->found->table = mnl_attr_get_str(a);
	} else {
		names->found->flowtable = mnl_attr_get_str(a);
	}
	return MNL_CB_OK;
}

static void tell(const struct listing *l, const struct kind *kind, const struct nlmsghdr *h)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(h);
	struct other_table found = { .family = family_word(head->nfgen_family) };
	struct names names = { .kind = kind, .found = &found };

	if (mnl_attr_parse(h, sizeof(*head), take_name, &names) == MNL_CB_OK && found.table &&
	    (found.flowtable || !kind->name)) {
		l->fn(l->arg, &found);
	}
}

static int ask(const struct listing *l, const struct kind *kind)
{
	_Alignas(struct nlmsghdr) char out[SEND_SIZE];
	struct nlmsghdr *h = mnl_nlmsg_put_header(out);
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(h, sizeof(*head));

	h->nlmsg_type = (uint16_t)(NFT | kind->get);
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = kind->get;
	*head = (struct nfgenmsg){ .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };
	return netlink_send(l->fd, out, h->nlmsg_len);
}

static int dump(struct listing *l, const struct kind *kind)
{
	int r = ask(l, kind);

	while (r >= 0) {
		int n = (int)netlink_receive(l->fd, l->in, sizeof(l->in), 0);
		struct nlmsghdr *h;

		if (n < 0) {
			return n;
		}
		for (size_t at = 0; r >= 0 && (h = netlink_next(l->in, (size_t)n, &at));) {
			if (h->nlmsg_seq == kind->get && h->nlmsg_type == NLMSG_DONE) {
				return 0;
			}
			if (h->nlmsg_type == NLMSG_ERROR) {
				r = netlink_error(h);
			} else if (h->nlmsg_type == (NFT | kind->is)) {
				tell(l, kind, h);
			}
		}
	}
	return r;
}

int other_tables_list(void (*fn)(void *arg, const struct other_table *table), void *arg)
{
	static struct listing listing;
	int fd CLEANUP(fd_close) = netlink_open();
	int r = fd;

	listing.fd = fd;
	listing.fn = fn;
	listing.arg = arg;
	r = r < 0 ? r : dump(&listing, &tables);
	if (r == 0) {
		r = dump(&listing, &flowtables);
		/* A kernel that knows no flowtables has none. */
		r = r == -EOPNOTSUPP || r == -EINVAL || r == -ENOENT ? 0 : r;
	}
	return r;
}
