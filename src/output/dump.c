/* SPDX-License-Identifier: MIT */
/* dump.c - what stands in our nft table, as the kernel tells it?
 *
 * A list comes in as many messages as it needs, while others may change it; the kernel marks what
 * was changed meanwhile. A list that nobody reads to its end keeps the socket busy, and one of a
 * million elements takes a minute: who has heard enough gets another socket. */
#include "output/dump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "output/netlink.h"
#include "output/netlink_answer.h"

enum { RECEIVE_SIZE = 65536 };

struct dump {
	int fd;
	uint32_t seq;
	const char *table;
	alignas(struct nlmsghdr) char in[RECEIVE_SIZE];
};

/* An attribute that holds a name. */
struct name {
	uint16_t type;
	const char *text; /* NULL: none */
};

int dump_open(const char *table, struct dump **ret)
{
	struct dump *d = calloc(1, sizeof(*d));

	if (!d) {
		return -ENOMEM;
	}
	d->table = table;
	d->fd = netlink_open();
	if (d->fd < 0) {
		int r = d->fd;

		free(d);
		return r;
	}
	*ret = d;
	return 0;
}

struct dump *dump_close(struct dump *d)
{
	if (d) {
		if (d->fd >= 0) {
			(void)close(d->fd);
		}
		free(d);
	}
	return NULL;
}

static void put_name(struct buf *out, const struct name *name)
{
	static const char zeros[NLMSG_ALIGNTO] = { 0 };
	struct nlattr head = { .nla_type = name->type };
	size_t n;

	if (!name->text) {
		return;
	}
	n = strlen(name->text) + 1;
	head.nla_len = (uint16_t)(sizeof(head) + n);
	buf_add(out, &head, sizeof(head));
	buf_add(out, name->text, n);
	buf_add(out, zeros, NLMSG_ALIGN(n) - n);
}

static int ask(struct dump *d, unsigned type, uint16_t flags, const struct name names[static 2])
{
	const size_t heads = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nfgenmsg family = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	struct nlmsghdr head = {
		.nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = ++d->seq,
	};
	struct buf attributes CLEANUP(buf_done) = { 0 }, out CLEANUP(buf_done) = { 0 };
	int r;

	put_name(&attributes, &names[0]);
	put_name(&attributes, &names[1]);
	head.nlmsg_len = (uint32_t)(heads + attributes.n);
	buf_add(&out, &head, sizeof(head));
	buf_add(&out, &family, sizeof(family));
	buf_add_str(&out, buf_str(&attributes));
	r = buf_ok(&out) < 0 ? -ENOMEM : buf_ok(&attributes);
	return r < 0 ? r : netlink_send(d->fd, buf_text(&out), out.n);
}

/* 1: the answer ends here. */
static int take(const struct nlmsghdr *h, bool list, dump_fn fn, void *arg)
{
	int r;

	if (h->nlmsg_type == NLMSG_DONE) {
		return 1;
	}
	if (h->nlmsg_type == NLMSG_ERROR) {
		r = netlink_error(h);
		return r < 0 ? r : 1;
	}
	r = fn(arg, h);
	return r < 0 ? r : !list;
}

static int take_all(struct dump *d, bool list, dump_fn fn, void *arg)
{
	bool changed = false;
	int r = 0;

	while (r == 0) {
		ssize_t n = netlink_receive(d->fd, d->in, sizeof(d->in), 0);
		const struct nlmsghdr *h;
		size_t at = 0;

		if (n < 0) {
			return (int)n;
		}
		while (r == 0 && (h = netlink_next(d->in, (size_t)n, &at)) != NULL) {
			if (h->nlmsg_seq == d->seq) {
				changed |= (h->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
				r = take(h, list, fn, arg);
			}
		}
	}
	return r < 0 ? r : changed ? -EINTR : 0;
}

static int renew(struct dump *d, int why)
{
	int fd = netlink_open();

	if (fd >= 0) {
		(void)close(d->fd);
		d->fd = fd;
	}
	return why;
}

static int each(struct dump *d, unsigned type, const struct name names[static 2], dump_fn fn,
		void *arg)
{
	bool list = type == NFT_MSG_GETRULE || type == NFT_MSG_GETSET || type == NFT_MSG_GETSETELEM;
	int r = ask(d, type, list ? NLM_F_DUMP : 0, names);

	r = r < 0 ? r : take_all(d, list, fn, arg);
	return r < 0 && r != -ENOENT && r != -EINTR ? renew(d, r) : r;
}

static int take_generation(void *arg, const struct nlmsghdr *h)
{
	struct str id = netlink_answer_attribute(h, NFTA_GEN_ID);
	uint32_t n;

	if (id.n != sizeof(n)) {
		return -EBADMSG;
	}
	memcpy(&n, id.p, sizeof(n));
	*(uint32_t *)arg = ntohl(n);
	return 0;
}

int dump_generation(struct dump *d, uint32_t *ret)
{
	static const struct name none[2] = { 0 };

	return each(d, NFT_MSG_GETGEN, none, take_generation, ret);
}

int dump_table(struct dump *d, dump_fn fn, void *arg)
{
	const struct name names[2] = { { NFTA_TABLE_NAME, d->table } };

	return each(d, NFT_MSG_GETTABLE, names, fn, arg);
}

int dump_chain(struct dump *d, const char *chain, dump_fn fn, void *arg)
{
	const struct name names[2] = { { NFTA_CHAIN_TABLE, d->table }, { NFTA_CHAIN_NAME, chain } };

	return each(d, NFT_MSG_GETCHAIN, names, fn, arg);
}

int dump_rules(struct dump *d, const char *chain, dump_fn fn, void *arg)
{
	const struct name names[2] = { { NFTA_RULE_TABLE, d->table }, { NFTA_RULE_CHAIN, chain } };

	return each(d, NFT_MSG_GETRULE, names, fn, arg);
}

int dump_sets(struct dump *d, dump_fn fn, void *arg)
{
	const struct name names[2] = { { NFTA_SET_TABLE, d->table } };

	return each(d, NFT_MSG_GETSET, names, fn, arg);
}

int dump_elements(struct dump *d, const char *set, dump_fn fn, void *arg)
{
	const struct name names[2] = { { NFTA_SET_ELEM_LIST_TABLE, d->table },
				       { NFTA_SET_ELEM_LIST_SET, set } };

	return each(d, NFT_MSG_GETSETELEM, names, fn, arg);
}
