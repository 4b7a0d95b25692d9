/* SPDX-License-Identifier: MIT */
#include "lookup/rtnetlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/files.h"
#include "sys/sockets.h"

enum { DUMP_BYTES = 32768, DUMP_SECONDS = 2 };

/* All lengths of netlink are padded to four bytes, but the last one's padding may be missing. */
static size_t aligned(size_t n, size_t max)
{
	size_t whole = (n + 3) & ~(size_t)3;

	return whole < max ? whole : max;
}

bool rtnetlink_attribute(struct attribute *rest, struct attribute *ret)
{
	struct rtattr head;
	size_t whole;

	if (rest->n < sizeof(head)) {
		return false;
	}
	memcpy(&head, rest->bytes, sizeof(head));
	if (head.rta_len < sizeof(head) || head.rta_len > rest->n) {
		return false;
	}
	*ret = (struct attribute){ .type = head.rta_type &
					   (uint16_t) ~(NLA_F_NESTED | NLA_F_NET_BYTEORDER),
				   .bytes = rest->bytes + RTA_LENGTH(0),
				   .n = head.rta_len - RTA_LENGTH(0) };
	whole = aligned(head.rta_len, rest->n);
	rest->bytes += whole;
	rest->n -= whole;
	return true;
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
static int take_messages(const uint8_t *rest, size_t n, uint16_t wanted, rtnetlink_sink sink,
			 void *arg)
{
	struct nlmsghdr head;

	for (size_t whole; n >= sizeof(head); rest += whole, n -= whole) {
		const uint8_t *bytes = rest + sizeof(head);

		memcpy(&head, rest, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > n) {
			return -EBADMSG;
		}
		whole = aligned(head.nlmsg_len, n);
		if (head.nlmsg_type == NLMSG_DONE) {
			return 0;
		}
		if (head.nlmsg_type == NLMSG_ERROR) {
			return error_of(bytes, head.nlmsg_len - sizeof(head));
		}
		if (head.nlmsg_type == wanted) {
			sink(arg, bytes, head.nlmsg_len - sizeof(head));
		}
	}
	return 1;
}

int rtnetlink_dump(int fd, const void *ask, size_t n, uint16_t wanted, rtnetlink_sink sink,
		   void *arg)
{
	static uint8_t bytes[DUMP_BYTES];
	int64_t got = sockets_write(fd, ask, n);
	int r = got < 0 ? (int)got : 1;

	while (r == 1) {
		got = sockets_read(fd, bytes, sizeof(bytes));
		r = got <= 0 ? (got < 0 ? (int)got : -EBADMSG)
			     : take_messages(bytes, (size_t)got, wanted, sink, arg);
	}
	return r;
}

int rtnetlink_open(int type, unsigned groups, int *ret_fd)
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
