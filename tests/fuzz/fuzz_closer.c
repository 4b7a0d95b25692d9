/* SPDX-License-Identifier: MIT */
/* What the kernel tells of its sockets. The linker puts this file in the kernel's place. The first
 * byte says whether what we began is closed, too. Then come answers as datagrams: two bytes of
 * length (65535: some were lost), messages. Whatever they are, a look has its end, and nothing is
 * closed but what was banned. */
#include <assert.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "output/closer.h"
#include "output/netlink.h"

enum { LOST = 65535, PORT = 25 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __wrap_netlink_send(int fd, const char *bytes, size_t n);
ssize_t __wrap_netlink_receive(int fd, char *bytes, size_t max, int flags);
/* NOLINTEND(bugprone-reserved-identifier) */
static struct str answers;
static struct prefix banned4, banned6, never;

/* The peer, a v4-mapped one as what it is. */
static struct prefix peer_of(uint8_t family, const struct inet_diag_sockid *id)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct addr a = { .family = family == AF_INET ? 4 : 6 };
	const uint8_t *bytes = (const uint8_t *)id->idiag_dst;

	if (a.family == 6 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		a.family = 4;
		bytes += sizeof(mapped);
	}
	memcpy(a.bytes, bytes, addr_bits(&a) / 8U);
	return prefix_of(&a, addr_bits(&a));
}

int __wrap_netlink_send(int fd, const char *bytes, size_t n)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} asked;

	(void)fd;
	assert(n == sizeof(asked));
	memcpy(&asked, bytes, sizeof(asked));
	if (asked.head.nlmsg_type == SOCK_DESTROY) {
		const struct prefix peer = peer_of(asked.body.sdiag_family, &asked.body.id);

		assert(prefix_contains(&banned4, &peer) || prefix_contains(&banned6, &peer));
		assert(!prefix_contains(&never, &peer));
		assert(asked.body.id.idiag_sport == htons(PORT));
		assert(asked.body.sdiag_protocol == IPPROTO_TCP);
	}
	return 0;
}

ssize_t __wrap_netlink_receive(int fd, char *bytes, size_t max, int flags)
{
	size_t n;

	(void)fd;
	(void)flags;
	if (answers.n < 2) {
		return -EIO;
	}
	n = (size_t)(uint8_t)answers.p[0] << 8 | (uint8_t)answers.p[1];
	answers = str_slice(answers, 2, answers.n);
	if (n == LOST) {
		return -ENOBUFS;
	}
	n = n < answers.n ? n : answers.n;
	n = n < max ? n : max;
	if (n > 0) {
		memcpy(bytes, answers.p, n);
	}
	answers = str_slice(answers, n, answers.n);
	return (ssize_t)n;
}

static const struct netset *prepare(struct closer *closers[static 2])
{
	static struct netset *never_block;
	int r;

	if (never_block) {
		return never_block;
	}
	r = prefix_parse(STR("203.0.113.0/24"), &banned4);
	r = r < 0 ? r : prefix_parse(STR("2001:db8:a::/64"), &banned6);
	r = r < 0 ? r : prefix_parse(STR("203.0.113.200/32"), &never);
	assert(r == 0);
	never_block = netset_new();
	r = netset_add(never_block, &never, 0);
	assert(r == 0);
	netset_seal(never_block);
	r = closer_open(false, &closers[0]);
	r = r < 0 ? r : closer_open(true, &closers[1]);
	assert(r == 0);
	return never_block;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct port_range smtp = { PROTO_TCP, PORT, PORT };
	static const struct scope mail = { .ranges = &smtp, .n_ranges = 1 };
	static struct closer *closers[2];
	const struct netset *never_block = prepare(closers);
	struct closer *c;
	int r;

	if (size == 0) {
		return 0;
	}
	c = closers[data[0] % 2];
	answers = (struct str){ .p = (const char *)data + 1, .n = size - 1 };
	r = closer_add(c, &banned4, &mail, never_block);
	r = r < 0 ? r : closer_add(c, &banned6, &mail, never_block);
	assert(r == 0);
	while (closer_is_busy(c)) {
		r = closer_step(c, never_block);
	}
	assert(r != 0);
	return 0;
}
