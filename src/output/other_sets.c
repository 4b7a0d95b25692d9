/* SPDX-License-Identifier: MIT */
/* other_sets.c - who else holds an address.
 *
 * The kernel answers for an interval set as for any other: the question names one address, the
 * answer is the beginning of the interval that it lies in. libnftables would read every element of
 * every interval set first. Sets are listed first, for a dump must be read to its end before the
 * socket takes a question. */
#include "output/other_sets.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <unistd.h>

#include <libnftnl/set.h>

#include "output/netlink.h"
#include "output/netlink_answer.h"
#include "sys/clock.h"

enum {
	SEND_SIZE = 4096,
	RECEIVE_SIZE = 65536,
	DUMP_TRIES = 10,
	TYPE_IPV4 = 7, /* nft's numbers for what a key is */
	TYPE_IPV6 = 8,
};

static const int64_t longest = 1000000; /* microseconds */

struct search {
	int fd;
	uint32_t seq;
	struct str ours;
	const struct addr *address;
	bool cut; /* some were not asked */
	size_t n;
	struct nftnl_set *sets[OTHER_SETS_MAX];
	_Alignas(struct nlmsghdr) char out[SEND_SIZE];
	_Alignas(struct nlmsghdr) char in[RECEIVE_SIZE];
};

static void forget(struct search *s)
{
	while (s->n > 0) {
		nftnl_set_free(s->sets[--s->n]);
	}
}

static struct search *search_free(struct search *s)
{
	if (s) {
		forget(s);
		if (s->fd >= 0) {
			(void)close(s->fd);
		}
		free(s);
	}
	return NULL;
}

DEFINE_FREEP(struct search, search_free)

static const char *family_word(uint32_t family)
{
	switch (family) {
	case NFPROTO_INET: return "inet";
	case NFPROTO_IPV4: return "ip";
	case NFPROTO_IPV6: return "ip6";
	case NFPROTO_BRIDGE: return "bridge";
	case NFPROTO_NETDEV: return "netdev";
	case NFPROTO_ARP: return "arp";
	default: return NULL;
	}
}

static bool is_of_interest(const struct search *s, const struct netlink_set *set)
{
	uint32_t type = s->address->family == 4 ? TYPE_IPV4 : TYPE_IPV6;

	if (!family_word(set->family) || set->flags & NFT_SET_ANONYMOUS ||
	    (set->family == NFPROTO_INET && str_eq(str_of(set->table), s->ours))) {
		return false;
	}
	return set->key_length == addr_bits(s->address) / 8U && set->key_type == type;
}

/* A set as a question about one of its elements needs it. */
static struct nftnl_set *remember(const struct netlink_set *told)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set) {
		return NULL;
	}
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, told->family);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, told->flags);
	if (nftnl_set_set_str(set, NFTNL_SET_TABLE, told->table) < 0 ||
	    nftnl_set_set_str(set, NFTNL_SET_NAME, told->name) < 0) {
		nftnl_set_free(set);
		return NULL;
	}
	return set;
}

static int take_set(struct search *s, const struct nlmsghdr *h)
{
	struct netlink_set told;

	if (netlink_answer_set(h, &told) < 0 || !is_of_interest(s, &told)) {
		return 0;
	}
	if (s->n == OTHER_SETS_MAX) {
		s->cut = true;
		return 0;
	}
	s->sets[s->n] = remember(&told);
	if (!s->sets[s->n]) {
		return -ENOMEM;
	}
	s->n++;
	return 0;
}

/* One dump. -EINTR: the sets changed meanwhile. */
static int dump(struct search *s)
{
	struct nlmsghdr *h =
		nftnl_nlmsg_build_hdr(s->out, NFT_MSG_GETSET, NFPROTO_UNSPEC, NLM_F_DUMP, ++s->seq);
	bool changed = false;
	int r = netlink_send(s->fd, s->out, h->nlmsg_len);

	while (r >= 0) {
		int n = (int)netlink_receive(s->fd, s->in, sizeof(s->in), 0);

		if (n < 0) {
			return n;
		}
		for (size_t at = 0; r >= 0 && (h = netlink_next(s->in, (size_t)n, &at));) {
			changed |= (h->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (h->nlmsg_seq == s->seq && h->nlmsg_type == NLMSG_DONE) {
				return changed ? -EINTR : 0;
			}
			r = h->nlmsg_type == NLMSG_ERROR ? netlink_error(h) : take_set(s, h);
		}
	}
	return r;
}

static int list_sets(struct search *s)
{
	int r = -EINTR;

	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
		forget(s);
		r = dump(s);
	}
	s->cut |= r == -EINTR;
	return r == -EINTR || r == -ENOENT ? 0 : r;
}

/* 1: it holds the address; 0: it does not, or is gone. */
static int ask(struct search *s, struct nftnl_set *set)
{
	struct nftnl_set_elem *elem = nftnl_set_elem_alloc();
	uint16_t family = (uint16_t)nftnl_set_get_u32(set, NFTNL_SET_FAMILY);
	struct nlmsghdr *h;
	size_t at = 0;
	int n;

	if (!elem) {
		return -ENOMEM;
	}
	nftnl_set_elem_add(set, elem);
	if (nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, s->address->bytes,
			       addr_bits(s->address) / 8U) < 0) {
		return -ENOMEM;
	}
	h = nftnl_nlmsg_build_hdr(s->out, NFT_MSG_GETSETELEM, family, 0, ++s->seq);
	nftnl_set_elems_nlmsg_build_payload(h, set);
	n = netlink_send(s->fd, s->out, h->nlmsg_len);
	if (n < 0) {
		return n;
	}
	n = (int)netlink_receive(s->fd, s->in, sizeof(s->in), 0);
	if (n < 0) {
		return n;
	}
	h = netlink_next(s->in, (size_t)n, &at);
	return h && h->nlmsg_seq == s->seq &&
	       h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM);
}

static void tell(const struct nftnl_set *set, void (*fn)(void *arg, const struct other_set *set),
		 void *arg)
{
	const struct other_set found = {
		.family = family_word(nftnl_set_get_u32(set, NFTNL_SET_FAMILY)),
		.table = nftnl_set_get_str(set, NFTNL_SET_TABLE),
		.name = nftnl_set_get_str(set, NFTNL_SET_NAME),
		.is_map = nftnl_set_get_u32(set, NFTNL_SET_FLAGS) & NFT_SET_MAP,
	};

	fn(arg, &found);
}

int other_sets_find(struct str ours, const struct addr *address,
		    void (*fn)(void *arg, const struct other_set *set), void *arg)
{
	CLEANUP(search_freep) struct search *s = calloc(1, sizeof(*s));
	const int64_t deadline = clock_monotonic() + longest;
	bool late = false;
	int r;

	if (!s) {
		return -ENOMEM;
	}
	s->ours = ours;
	s->address = address;
	r = s->fd = netlink_open();
	r = r < 0 ? r : list_sets(s);
	for (size_t i = 0; r >= 0 && i < s->n && !late; i++) {
		r = ask(s, s->sets[i]);
		if (r > 0) {
			tell(s->sets[i], fn, arg);
		}
		late = clock_monotonic() > deadline;
	}
	return r < 0 ? r : s->cut || late;
}
