/* SPDX-License-Identifier: MIT */
/* nft_elem.c - elements of the kernel's sets.
 *
 * A transaction is one sendmsg(): BEGIN, a message for each operation, END. The kernel works it off
 * inside the call, so all that it has to say waits in the socket when the call returns: an error
 * for each operation that it refused, by sequence number, and the acknowledgement of the last one,
 * which alone asks for it. The transaction was taken if that came and no error did.
 *
 * Answers can be lost only if they overrun the receive buffer, which CAP_NET_ADMIN lets us make
 * large enough; then nothing is known, and transact.c knows what to do.
 *
 * Questions are read-only messages outside of any transaction, many in one sendmsg(). */
#include "output/nft_elem.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>

#include "base/buf.h"
#include "output/netlink.h"
#include "output/netlink_answer.h"

enum {
	/* One operation: names of at most 64 and 32 bytes, a key, a timeout, a counter. */
	MESSAGE_MAX = 256,
	SEND_SIZE = (TRANSACT_OPERATIONS + 2) * MESSAGE_MAX,
	RECEIVE_SIZE = 65536,
	QUESTIONS_AT_ONCE = 32, /* an answer takes about 5 KiB */
	DUMP_TRIES = 10,
};

/* What a message is about: one element and, as the frame around it, its set, which owns it. */
struct target {
	struct nftnl_set *set;
	struct nftnl_set_elem *elem;
	struct nftnl_expr *counter; /* belongs to `elem`; NULL: the kernel's own, from zero */
};

struct elements {
	int fd;
	uint32_t seq;
	uint64_t transactions;
	struct target plain, counted; /* without a counter of its own and with one */
	uint32_t wish_of[TRANSACT_OPERATIONS];
	size_t last; /* where the last message about an element stands in `out` */
	_Alignas(struct nlmsghdr) char out[SEND_SIZE];
	_Alignas(struct nlmsghdr) char in[RECEIVE_SIZE];
};

static uint16_t message_type(unsigned type)
{
	return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
}

static int send_bytes(struct elements *e, size_t n)
{
	return netlink_send(e->fd, e->out, n);
}

/* Bytes in e->in; -EAGAIN: nothing more waits. */
static int receive(struct elements *e, int flags)
{
	return (int)netlink_receive(e->fd, e->in, sizeof(e->in), flags);
}

/* Asks for the ruleset's generation: any answer but a refusal will do. */
static int probe(struct elements *e)
{
	const struct nlmsghdr *h;
	size_t at = 0;
	int r;

	r = send_bytes(e, nftnl_nlmsg_build_hdr(e->out, NFT_MSG_GETGEN, AF_UNSPEC, 0, ++e->seq)
				  ->nlmsg_len);
	if (r == 0) {
		r = receive(e, 0);
	}
	if (r == -ECONNREFUSED) {
		return -ENOTSUP;
	}
	h = r < 0 ? NULL : netlink_next(e->in, (size_t)r, &at);
	if (!h || h->nlmsg_type != NLMSG_ERROR) {
		return r < 0 ? r : 0;
	}
	r = netlink_error(h);
	return r == -EINVAL ? -ENOTSUP : r;
}

static int make_target(const char *table, struct target *ret)
{
	ret->set = nftnl_set_alloc();
	ret->elem = ret->set ? nftnl_set_elem_alloc() : NULL;
	if (!ret->elem || nftnl_set_set_str(ret->set, NFTNL_SET_TABLE, table) < 0) {
		return -ENOMEM;
	}
	nftnl_set_elem_add(ret->set, ret->elem);
	return 0;
}

static int add_own_counter(struct target *t)
{
	t->counter = nftnl_expr_alloc("counter");
	if (!t->counter) {
		return -ENOMEM;
	}
	nftnl_set_elem_add_expr(t->elem, t->counter);
	return 0;
}

int elements_open(const char *table, struct elements **ret)
{
	struct elements *e = calloc(1, sizeof(*e));
	int r;

	if (!e) {
		return -ENOMEM;
	}
	e->fd = -1;
	r = make_target(table, &e->plain);
	r = r < 0 ? r : make_target(table, &e->counted);
	r = r < 0 ? r : add_own_counter(&e->counted);
	if (r == 0) {
		r = e->fd = netlink_open();
	}
	if (r >= 0) {
		r = probe(e);
	}
	if (r < 0) {
		(void)elements_close(e);
		return r;
	}
	*ret = e;
	return 0;
}

struct elements *elements_close(struct elements *e)
{
	if (e) {
		if (e->fd >= 0) {
			(void)close(e->fd);
		}
		if (e->plain.set) {
			nftnl_set_free(e->plain.set);
		}
		if (e->counted.set) {
			nftnl_set_free(e->counted.set);
		}
		free(e);
	}
	return NULL;
}

uint64_t elements_transactions(const struct elements *e)
{
	return e->transactions;
}

/* --- Messages about one element ----------------------------------------------------------------
 */

static int aim(const struct target *t, const char *set, const struct addr *key)
{
	const char *last = nftnl_set_get_str(t->set, NFTNL_SET_NAME);

	if ((!last || strcmp(last, set) != 0) &&
	    nftnl_set_set_str(t->set, NFTNL_SET_NAME, set) < 0) {
		return -ENOMEM;
	}
	if (nftnl_set_elem_set(t->elem, NFTNL_SET_ELEM_KEY, key->bytes, addr_bits(key) / 8U) < 0) {
		return -ENOMEM;
	}
	nftnl_set_elem_unset(t->elem, NFTNL_SET_ELEM_TIMEOUT);
	return 0;
}

/* Writes a message at the offset and returns the offset behind it. */
static size_t put(struct elements *e, size_t at, unsigned type, uint16_t flags,
		  const struct target *t)
{
	struct nlmsghdr *h =
		nftnl_nlmsg_build_hdr(e->out + at, (uint16_t)type, NFPROTO_INET, flags, ++e->seq);

	e->last = at;
	nftnl_set_elems_nlmsg_build_payload(h, t->set);
	return at + NLMSG_ALIGN((size_t)h->nlmsg_len);
}

/* --- Transactions ------------------------------------------------------------------------------
 */

/* The element that the wish leaves behind, in its set already by name and key. */
static const struct target *complete(const struct elements *e, const struct element_wish *w)
{
	const struct target *t = w->packets > 0 ? &e->counted : &e->plain;

	if (w->timeout_ms > 0) {
		nftnl_set_elem_set_u64(t->elem, NFTNL_SET_ELEM_TIMEOUT, w->timeout_ms);
	}
	if (t->counter) {
		nftnl_expr_set_u64(t->counter, NFTNL_EXPR_CTR_PACKETS, w->packets);
		nftnl_expr_set_u64(t->counter, NFTNL_EXPR_CTR_BYTES, w->bytes);
	}
	return t;
}

/* add, delete, and for one that holds: add. Moves the offset behind them. */
static int put_wish(struct elements *e, size_t *at, const struct element_wish *w)
{
	if (aim(&e->plain, w->set, &w->key) < 0 ||
	    (w->packets > 0 && aim(&e->counted, w->set, &w->key) < 0)) {
		return -ENOMEM;
	}
	*at = put(e, *at, NFT_MSG_NEWSETELEM, NLM_F_CREATE, &e->plain);
	*at = put(e, *at, NFT_MSG_DELSETELEM, 0, &e->plain);
	if (w->hold) {
		*at = put(e, *at, NFT_MSG_NEWSETELEM, NLM_F_CREATE, complete(e, w));
	}
	return 0;
}

static size_t put_batch_mark(struct elements *e, size_t at, bool begin)
{
	struct nlmsghdr *h = begin ? nftnl_batch_begin(e->out + at, ++e->seq)
				   : nftnl_batch_end(e->out + at, ++e->seq);

	return at + NLMSG_ALIGN((size_t)h->nlmsg_len);
}

struct answers {
	uint32_t first, n; /* sequence numbers of the operations */
	size_t refused;    /* wishes */
	int broken;        /* what befell the transaction as a whole */
	bool acknowledged;
};

static void take_answer(const struct elements *e, const struct nlmsghdr *h, struct answers *a,
			struct element_wish *w)
{
	uint32_t op = h->nlmsg_seq - a->first; /* wraps for BEGIN, whose number is one less */
	int error = h->nlmsg_type == NLMSG_ERROR ? netlink_error(h) : 0;

	if (h->nlmsg_type != NLMSG_ERROR) {
		return;
	}
	if (op == UINT32_MAX || op == a->n) {
		a->broken = error < 0 ? error : a->broken;
	} else if (op < a->n && error < 0) {
		struct element_wish *refused = &w[e->wish_of[op]];

		if (refused->error == TRANSACT_UNDECIDED) {
			refused->error = error;
			a->refused++;
		}
	} else if (op + 1 == a->n) {
		a->acknowledged = true;
	}
}

/* 0: all done; 1: some were refused, nothing was done; negative: nothing is known. */
static int take_answers(struct elements *e, struct answers *a, struct element_wish *w)
{
	const struct nlmsghdr *h;

	for (;;) {
		int n = receive(e, MSG_DONTWAIT);

		if (n == -EAGAIN) {
			break;
		}
		if (n == -ENOBUFS) {
			a->broken = n;
			continue;
		}
		if (n < 0) {
			return n;
		}
		for (size_t at = 0; (h = netlink_next(e->in, (size_t)n, &at));) {
			take_answer(e, h, a, w);
		}
	}
	if (a->refused > 0) {
		return 1;
	}
	return a->broken < 0 ? a->broken : a->acknowledged ? 0 : -ENOBUFS;
}

/* Sends the undecided ones of the wishes in one transaction. */
static int transact(void *arg, struct element_wish *w, size_t n)
{
	struct elements *e = arg;
	size_t at = put_batch_mark(e, 0, true);
	struct answers a = { .first = e->seq + 1 };
	int r;

	for (size_t i = 0; i < n; i++) {
		if (w[i].error != TRANSACT_UNDECIDED) {
			continue;
		}
		for (unsigned op = 0; op < transact_operations(&w[i]); op++) {
			e->wish_of[a.n++] = (uint32_t)i;
		}
		r = put_wish(e, &at, &w[i]);
		if (r < 0) {
			return r;
		}
	}
	netlink_message(e->out, e->last)->nlmsg_flags |= NLM_F_ACK;
	at = put_batch_mark(e, at, false);
	r = send_bytes(e, at);
	if (r == 0) {
		r = take_answers(e, &a, w);
	}
	e->transactions += r == 0;
	return r;
}

void elements_apply(struct elements *e, struct element_wish *wishes, size_t n)
{
	transact_all(transact, e, wishes, n);
}

/* --- Questions ---------------------------------------------------------------------------------
 */

static void take_state(const struct nlmsghdr *h, struct element_state *s)
{
	struct netlink_element told = { 0 };
	int r;

	if (h->nlmsg_type == NLMSG_ERROR) {
		s->error = netlink_error(h) == -ENOENT ? 0 : netlink_error(h);
		return;
	}
	if (h->nlmsg_type != message_type(NFT_MSG_NEWSETELEM)) {
		return;
	}
	r = netlink_answer_element(h, &told);
	s->error = r < 0 ? r : 0;
	s->held = r > 0;
	s->has_timeout = told.has_timeout;
	s->left_ms = told.left_ms;
	s->packets = told.packets;
	s->bytes = told.bytes;
}

static int take_states(struct elements *e, struct element_state *s, uint32_t first, size_t n)
{
	const struct nlmsghdr *h;

	for (;;) {
		int got = receive(e, MSG_DONTWAIT);

		if (got == -ENOBUFS) {
			continue;
		}
		if (got < 0) {
			return got == -EAGAIN ? 0 : got;
		}
		for (size_t at = 0; (h = netlink_next(e->in, (size_t)got, &at));) {
			if (h->nlmsg_seq - first < n) {
				take_state(h, &s[h->nlmsg_seq - first]);
			}
		}
	}
}

static void ask_some(struct elements *e, struct element_state *s, size_t n)
{
	uint32_t first = e->seq + 1;
	size_t at = 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		s[i].held = s[i].has_timeout = false;
		s[i].left_ms = s[i].packets = s[i].bytes = 0;
		s[i].error = -ENOBUFS; /* unless an answer comes */
		r = aim(&e->plain, s[i].set, &s[i].key);
		if (r == 0) {
			at = put(e, at, NFT_MSG_GETSETELEM, 0, &e->plain);
		}
	}
	if (r == 0) {
		r = send_bytes(e, at);
	}
	if (r == 0) {
		r = take_states(e, s, first, n);
	}
	for (size_t i = 0; i < n && r < 0; i++) {
		s[i].error = r;
	}
}

void elements_ask(struct elements *e, struct element_state *states, size_t n)
{
	for (size_t i = 0; i < n; i += QUESTIONS_AT_ONCE) {
		ask_some(e, states + i, n - i < QUESTIONS_AT_ONCE ? n - i : QUESTIONS_AT_ONCE);
	}
}

/* --- The sets of the table -----------------------------------------------------------------------
 */

static int take_name(const struct nlmsghdr *h, struct buf *names)
{
	struct netlink_set set;

	if (netlink_answer_set(h, &set) == 0 && !(set.flags & NFT_SET_ANONYMOUS)) {
		buf_add(names, set.name, strlen(set.name) + 1);
	}
	return buf_ok(names);
}

/* One dump. -EINTR: the sets changed meanwhile. */
static int dump_names(struct elements *e, const struct nftnl_set *table, struct buf *names)
{
	struct nlmsghdr *h =
		nftnl_nlmsg_build_hdr(e->out, NFT_MSG_GETSET, NFPROTO_INET, NLM_F_DUMP, ++e->seq);
	bool changed = false;
	int r;

	mnl_attr_put_strz(h, NFTA_SET_TABLE, nftnl_set_get_str(table, NFTNL_SET_TABLE));
	r = send_bytes(e, h->nlmsg_len);
	while (r >= 0) {
		int n = receive(e, 0);

		if (n < 0) {
			return n;
		}
		for (size_t at = 0; r >= 0 && (h = netlink_next(e->in, (size_t)n, &at));) {
			changed |= (h->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (h->nlmsg_type == NLMSG_DONE) {
				return changed ? -EINTR : 0;
			}
			r = h->nlmsg_type == NLMSG_ERROR ? netlink_error(h) : take_name(h, names);
		}
	}
	return r;
}

int elements_each_set(struct elements *e, int (*fn)(void *arg, struct str name), void *arg)
{
	struct buf names CLEANUP(buf_done) = { 0 };
	struct str rest, name;
	int r = -EINTR;

	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
		buf_clear(&names);
		r = dump_names(e, e->plain.set, &names);
	}
	if (r < 0) {
		return r == -ENOENT ? 0 : r;
	}
	rest = buf_str(&names);
	while (r >= 0 && str_split(&rest, '\0', &name)) {
		r = fn(arg, name);
	}
	return r < 0 ? r : 0;
}
