/* SPDX-License-Identifier: MIT */
/* netlink_answer.c - attributes, one inside the other.
 *
 * An attribute is a length, a type and bytes; those bytes may be attributes again. A type that is
 * not known is passed over: newer kernels say more. Numbers are big-endian. */
#include "output/netlink_answer.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/str.h"

struct attribute {
	unsigned type;
	struct str bytes;
};

/* The next one; false: no whole one is left. */
static bool next(struct str *rest, struct attribute *ret)
{
	struct nlattr head;

	if (rest->n < sizeof(head)) {
		return false;
	}
	memcpy(&head, rest->p, sizeof(head));
	if (head.nla_len < sizeof(head) || head.nla_len > rest->n) {
		return false;
	}
	ret->type = head.nla_type & ~(unsigned)(NLA_F_NESTED | NLA_F_NET_BYTEORDER);
	ret->bytes = str_slice(*rest, sizeof(head), head.nla_len - sizeof(head));
	*rest = str_slice(*rest, NLMSG_ALIGN((size_t)head.nla_len), SIZE_MAX);
	return true;
}

/* The bytes of the first of this type; STR_NONE: there is none. */
static struct str find(struct str attributes, unsigned type)
{
	struct attribute a;

	while (next(&attributes, &a)) {
		if (a.type == type) {
			return a.bytes;
		}
	}
	return STR_NONE;
}

static uint64_t number(struct str bytes)
{
	uint64_t n = 0;

	for (size_t i = 0; i < bytes.n && i < sizeof(n); i++) {
		n = n << 8 | (uint8_t)bytes.p[i];
	}
	return n;
}

/* NULL: it does not end in NUL. */
static const char *text(struct str bytes)
{
	return bytes.n > 0 && bytes.p[bytes.n - 1] == '\0' ? bytes.p : NULL;
}

/* What stands behind the heads; false: this is no message of that type. */
static bool attributes_of(const struct nlmsghdr *h, unsigned type, struct str *ret,
			  uint8_t *ret_family)
{
	const size_t heads = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct str whole = { .p = (const char *)h, .n = h->nlmsg_len };

	if (h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | type) || whole.n < heads) {
		return false;
	}
	*ret_family = (uint8_t)whole.p[NLMSG_HDRLEN];
	*ret = str_slice(whole, heads, SIZE_MAX);
	return true;
}

int netlink_answer_set(const struct nlmsghdr *h, struct netlink_set *ret)
{
	struct netlink_set set;
	struct str attributes;

	if (!attributes_of(h, NFT_MSG_NEWSET, &attributes, &set.family)) {
		return -EBADMSG;
	}
	set.table = text(find(attributes, NFTA_SET_TABLE));
	set.name = text(find(attributes, NFTA_SET_NAME));
	set.flags = (uint32_t)number(find(attributes, NFTA_SET_FLAGS));
	set.key_type = (uint32_t)number(find(attributes, NFTA_SET_KEY_TYPE));
	set.key_length = (uint32_t)number(find(attributes, NFTA_SET_KEY_LEN));
	if (!set.table || !set.name) {
		return -EBADMSG;
	}
	*ret = set;
	return 0;
}

static void take_expression(struct str attributes, struct netlink_element *e)
{
	const char *name = text(find(attributes, NFTA_EXPR_NAME));
	struct str data = find(attributes, NFTA_EXPR_DATA);

	if (name && strcmp(name, "counter") == 0) {
		e->packets = number(find(data, NFTA_COUNTER_PACKETS));
		e->bytes = number(find(data, NFTA_COUNTER_BYTES));
	}
}

static struct netlink_element read_element(struct str element)
{
	struct netlink_element e = { .key = find(find(element, NFTA_SET_ELEM_KEY),
						 NFTA_DATA_VALUE) };
	struct str left = find(element, NFTA_SET_ELEM_EXPIRATION);
	struct str several = find(element, NFTA_SET_ELEM_EXPRESSIONS);
	struct attribute a;

	e.ends_interval = number(find(element, NFTA_SET_ELEM_FLAGS)) & NFT_SET_ELEM_INTERVAL_END;
	e.has_timeout = left.n > 0;
	e.left_ms = number(left);
	take_expression(find(element, NFTA_SET_ELEM_EXPR), &e);
	while (next(&several, &a)) {
		take_expression(a.bytes, &e);
	}
	return e;
}

int netlink_answer_element(const struct nlmsghdr *h, struct netlink_element *ret)
{
	struct str attributes, element;
	uint8_t family;

	if (!attributes_of(h, NFT_MSG_NEWSETELEM, &attributes, &family)) {
		return -EBADMSG;
	}
	element = find(find(attributes, NFTA_SET_ELEM_LIST_ELEMENTS), NFTA_LIST_ELEM);
	if (element.n == 0) {
		return 0;
	}
	*ret = read_element(element);
	return 1;
}

int netlink_answer_each(const struct nlmsghdr *h,
			int (*fn)(void *arg, const struct netlink_element *e), void *arg)
{
	struct str attributes, elements;
	struct attribute a;
	uint8_t family;
	int r = 0;

	if (!attributes_of(h, NFT_MSG_NEWSETELEM, &attributes, &family)) {
		return -EBADMSG;
	}
	elements = find(attributes, NFTA_SET_ELEM_LIST_ELEMENTS);
	while (r >= 0 && next(&elements, &a)) {
		const struct netlink_element e = read_element(a.bytes);

		r = fn(arg, &e);
	}
	return r < 0 ? r : 0;
}

struct str netlink_answer_attribute(const struct nlmsghdr *h, unsigned type)
{
	struct str attributes;
	uint8_t family;

	if (!attributes_of(h, h->nlmsg_type & 0xffU, &attributes, &family)) {
		return STR_NONE;
	}
	return find(attributes, type);
}
