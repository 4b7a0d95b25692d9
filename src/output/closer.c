/* SPDX-License-Identifier: MIT */
/* closer.c - the kernel's sockets, listed and closed (sock_diag).
 *
 * A look is a chain of dumps, TCP and UDP, IPv4 and IPv6: first the ports at which somebody waits,
 * then what is connected. Nothing says who began a connection; but one whose local port is waited
 * at was begun by the other side, and one of a port that nobody waits at may be ours: it is left
 * alone, its packets are dropped anyway.
 *
 * A dump counts the sockets that it has told, and would pass over some if others went meanwhile: so
 * it is read to its end before the first is closed, and again when it had more than fit.
 *
 * A dual-stack server has its IPv4 clients as v4-mapped addresses among the IPv6 sockets. A dump is
 * read on one descriptor and sockets are closed over another one: an acknowledgement shall not
 * stand between the dump's messages. A socket is named with its cookie, so that no later one of the
 * same ports is hit.
 *
 * Bans that come during a look wait for the next one: a socket that was passed already might be
 * theirs. */
#include "output/closer.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "output/banned.h"
#include "output/netlink.h"

enum {
	RECEIVE_SIZE = 65536,
	PORTS = 65536,
	TARGETS_MAX = 16384,
	TARGETS_AT_ONCE = 256,
	CLOSE_ANSWER = 512,
	/* As the kernel numbers them (net/tcp_states.h). */
	ESTABLISHED = 1,
	SYN_SENT = 2,
	SYN_RECV = 3,
	FIN_WAIT1 = 4,
	FIN_WAIT2 = 5,
	CLOSED = 7,
	CLOSE_WAIT = 8,
	LAST_ACK = 9,
	LISTENS = 10,
	CLOSING = 11,
};

struct dump {
	uint8_t proto, family;
	bool waits; /* of those who wait for clients; else of those connected */
	uint32_t states;
};

#define TCP_STANDS                                                                                 \
	(1U << ESTABLISHED | 1U << SYN_RECV | 1U << FIN_WAIT1 | 1U << FIN_WAIT2 |                  \
	 1U << CLOSE_WAIT | 1U << LAST_ACK | 1U << CLOSING)

static const struct dump dumps[] = {
	{ IPPROTO_TCP, AF_INET, true, 1U << LISTENS },
	{ IPPROTO_TCP, AF_INET6, true, 1U << LISTENS },
	{ IPPROTO_UDP, AF_INET, true, 1U << CLOSED },
	{ IPPROTO_UDP, AF_INET6, true, 1U << CLOSED },
	{ IPPROTO_TCP, AF_INET, false, TCP_STANDS },
	{ IPPROTO_TCP, AF_INET6, false, TCP_STANDS },
	{ IPPROTO_UDP, AF_INET, false, 1U << ESTABLISHED },
	{ IPPROTO_UDP, AF_INET6, false, 1U << ESTABLISHED },
};

struct target {
	struct inet_diag_sockid id;
	uint8_t family;
};

struct closer {
	int dump_fd, close_fd;
	bool both;
	uint32_t seq;
	struct banned *now, *next;
	size_t dump;                            /* under way; ARRAY_SIZE(dumps): none */
	struct netset *own;                     /* this host's addresses */
	uint8_t tcp[PORTS / 8], udp[PORTS / 8]; /* ports that are waited at */
	bool is_read;                           /* the dump; its targets are being closed */
	bool more;                              /* it had more of them than there is room for */
	size_t n, at, closed;
	struct target targets[TARGETS_MAX];
	_Alignas(struct nlmsghdr) char in[RECEIVE_SIZE];
};

struct request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

/* --- Talking to the kernel
 * ------------------------------------------------------------------------
 */

static int open_socket(int *ret)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0) {
		return errno == EPROTONOSUPPORT ? -EOPNOTSUPP : -errno;
	}
	*ret = fd;
	return 0;
}

static int send_request(struct closer *c, int fd, uint16_t type, uint16_t flags,
			const struct inet_diag_req_v2 *body)
{
	struct request r = { .head = { .nlmsg_len = sizeof(r),
				       .nlmsg_type = type,
				       .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
				       .nlmsg_seq = ++c->seq },
			     .body = *body };

	return netlink_send(fd, (const char *)&r, sizeof(r));
}

/* 1: closed; 0: it was gone meanwhile. */
static int close_connection(struct closer *c, const struct target *t)
{
	_Alignas(struct nlmsghdr) char answer[CLOSE_ANSWER];
	struct inet_diag_req_v2 body = { .sdiag_family = t->family,
					 .sdiag_protocol = dumps[c->dump].proto,
					 .idiag_states = UINT32_MAX,
					 .id = t->id };
	int r = send_request(c, c->close_fd, SOCK_DESTROY, NLM_F_ACK, &body);
	ssize_t n = r < 0 ? r : netlink_receive(c->close_fd, answer, sizeof(answer), 0);
	size_t at = 0;
	const struct nlmsghdr *h = n < 0 ? NULL : netlink_next(answer, (size_t)n, &at);

	if (!h || h->nlmsg_type != NLMSG_ERROR) {
		return n < 0 ? (int)n : -EBADMSG;
	}
	r = netlink_error(h);
	return r == -ENOENT || r == -ESTALE ? 0 : r < 0 ? r : 1;
}

/* --- Which sockets
 * ---------------------------------------------------------------------------------
 */

static struct addr addr_from(uint8_t family, const uint32_t *words)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct addr a = { .family = family == AF_INET ? 4 : 6 };

	memcpy(a.bytes, words, addr_bits(&a) / 8U);
	if (a.family == 6 && memcmp(a.bytes, mapped, sizeof(mapped)) == 0) {
		a = (struct addr){ .family = 4 };
		memcpy(a.bytes, (const uint8_t *)words + sizeof(mapped), 4);
	}
	return a;
}

static bool is_waited_at(const struct closer *c, uint16_t port)
{
	const uint8_t *ports = dumps[c->dump].proto == IPPROTO_TCP ? c->tcp : c->udp;

	return ports[port / 8] >> port % 8 & 1;
}

static bool is_to_close(const struct closer *c, const struct netset *never_block,
			const struct inet_diag_msg *m)
{
	struct addr own = addr_from(m->idiag_family, m->id.idiag_src);
	struct addr other = addr_from(m->idiag_family, m->id.idiag_dst);
	struct prefix peer = prefix_of(&other, addr_bits(&other));
	uint16_t port = ntohs(m->id.idiag_sport);

	if (addr_eq(&own, &other) || netset_covering(c->own, &peer, NULL) ||
	    netset_covering(never_block, &peer, NULL)) {
		return false;
	}
	return (c->both || is_waited_at(c, port)) &&
	       banned_has(c->now, &other, dumps[c->dump].proto, port);
}

static int take_socket(struct closer *c, const struct netset *never_block, const struct nlmsghdr *h)
{
	const struct inet_diag_msg *m = (const void *)((const char *)h + NLMSG_HDRLEN);
	uint8_t *ports = dumps[c->dump].proto == IPPROTO_TCP ? c->tcp : c->udp;
	uint16_t port;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m))) {
		return -EBADMSG;
	}
	port = ntohs(m->id.idiag_sport);
	if (dumps[c->dump].waits) {
		ports[port / 8] |= (uint8_t)(1U << port % 8);
		return 0;
	}
	if (is_to_close(c, never_block, m)) {
		if (c->n < TARGETS_MAX) {
			c->targets[c->n++] =
				(struct target){ .id = m->id, .family = m->idiag_family };
		} else {
			c->more = true;
		}
	}
	return 0;
}

/* --- Looks
 * -----------------------------------------------------------------------------------------
 */

static int add_own(struct netset *set, const struct sockaddr *sa)
{
	struct prefix p;
	struct addr a;

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		a = addr_from(AF_INET, &in.sin_addr.s_addr);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		uint32_t words[4];

		memcpy(&in6, sa, sizeof(in6));
		memcpy(words, &in6.sin6_addr, sizeof(words));
		a = addr_from(AF_INET6, words);
	} else {
		return 0;
	}
	p = prefix_of(&a, a.family == 4 && a.bytes[0] == 127 ? 8 : addr_bits(&a));
	return netset_add(set, &p, 0);
}

static int list_own(struct closer *c)
{
	struct netset *set = netset_new();
	struct ifaddrs *all = NULL;
	int r = set ? 0 : -ENOMEM;

	if (r == 0 && getifaddrs(&all) < 0) {
		r = -errno;
	}
	for (const struct ifaddrs *i = all; i && r == 0; i = i->ifa_next) {
		r = i->ifa_addr ? add_own(set, i->ifa_addr) : 0;
	}
	if (all) {
		freeifaddrs(all);
	}
	if (r < 0) {
		netset_free(set);
		return r;
	}
	netset_seal(set);
	netset_free(c->own);
	c->own = set;
	return 0;
}

static int begin_dump(struct closer *c)
{
	const struct dump *d = &dumps[c->dump];
	struct inet_diag_req_v2 body = { .sdiag_family = d->family,
					 .sdiag_protocol = d->proto,
					 .idiag_states = d->states };

	c->is_read = false;
	c->more = false;
	c->n = 0;
	c->at = 0;
	c->closed = 0;
	return send_request(c, c->dump_fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &body);
}

static int begin_look(struct closer *c)
{
	struct banned *done = c->now;
	int r = list_own(c);

	banned_clear(done);
	c->now = c->next;
	c->next = done;
	c->dump = 0;
	memset(c->tcp, 0, sizeof(c->tcp));
	memset(c->udp, 0, sizeof(c->udp));
	r = r < 0 ? r : banned_seal(c->now);
	return r < 0 ? r : begin_dump(c);
}

/* The error of a dump stands in its last message, whatever the type of that. Kernels without IPv6
 * or without udp_diag list no such sockets; without tcp_diag nothing could be closed. */
static int end_dump(struct closer *c, const struct nlmsghdr *h)
{
	int r = 0;

	if (h->nlmsg_type == NLMSG_ERROR) {
		r = netlink_error(h);
	} else if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(r))) {
		memcpy(&r, (const char *)h + NLMSG_HDRLEN, sizeof(r));
		r = r > 0 ? -EBADMSG : r;
	}
	if (r == -ENOENT && c->dump > 0) {
		r = 0;
	}
	c->is_read = true;
	return r;
}

/* Reads one message of the dump. */
static int read_dump(struct closer *c, const struct netset *never_block)
{
	ssize_t n = netlink_receive(c->dump_fd, c->in, sizeof(c->in), 0);
	struct nlmsghdr *h;
	size_t at = 0;
	int r = 0;

	if (n < 0) {
		return (int)n;
	}
	while (r == 0 && !c->is_read && (h = netlink_next(c->in, (size_t)n, &at)) != NULL) {
		bool last = h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;

		r = last ? end_dump(c, h) : take_socket(c, never_block, h);
	}
	return r;
}

/* Closes some of what the dump has found. 1: that was the look's last dump. */
static int close_some(struct closer *c)
{
	for (size_t i = 0; i < TARGETS_AT_ONCE && c->at < c->n; i++) {
		int r = close_connection(c, &c->targets[c->at++]);

		if (r < 0) {
			return r;
		}
		c->closed += (size_t)r;
	}
	if (c->at < c->n) {
		return 0;
	}
	c->dump += !c->more || c->closed == 0;
	return c->dump < ARRAY_SIZE(dumps) ? begin_dump(c) : 1;
}

/* What is left of a dump would stand before the next one, so it goes with its descriptor. */
static void forget(struct closer *c)
{
	banned_clear(c->now);
	banned_clear(c->next);
	c->dump = ARRAY_SIZE(dumps);
	(void)close(c->dump_fd);
	c->dump_fd = -1;
	(void)open_socket(&c->dump_fd);
}

int closer_step(struct closer *c, const struct netset *never_block)
{
	int r;

	if (c->dump == ARRAY_SIZE(dumps)) {
		r = banned_count(c->next) > 0 ? begin_look(c) : 0;
	} else {
		r = c->is_read ? close_some(c) : read_dump(c, never_block);
	}
	if (r < 0) {
		forget(c);
	}
	return r;
}

bool closer_is_busy(const struct closer *c)
{
	return c->dump < ARRAY_SIZE(dumps) || banned_count(c->next) > 0;
}

int closer_add(struct closer *c, const struct prefix *prefix, const struct scope *scope,
	       const struct netset *never_block)
{
	int r;

	while ((r = banned_add(c->next, prefix, scope)) == -ENOBUFS) {
		r = closer_step(c, never_block);
		if (r < 0) {
			return r;
		}
	}
	return r;
}

int closer_open(bool both, struct closer **ret)
{
	struct closer *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		return -ENOMEM;
	}
	c->both = both;
	c->dump_fd = -1;
	c->close_fd = -1;
	c->dump = ARRAY_SIZE(dumps);
	r = open_socket(&c->dump_fd);
	r = r < 0 ? r : open_socket(&c->close_fd);
	r = r < 0 ? r : banned_new(&c->now);
	r = r < 0 ? r : banned_new(&c->next);
	if (r < 0) {
		closer_close(c);
		return r;
	}
	*ret = c;
	return 0;
}

struct closer *closer_close(struct closer *c)
{
	if (c) {
		if (c->dump_fd >= 0) {
			(void)close(c->dump_fd);
		}
		if (c->close_fd >= 0) {
			(void)close(c->close_fd);
		}
		netset_free(c->own);
		banned_free(c->now);
		banned_free(c->next);
		free(c);
	}
	return NULL;
}
