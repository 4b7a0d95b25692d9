/* SPDX-License-Identifier: MIT */
/* netlink.c - a socket to the kernel's netfilter.
 *
 * An overrun of the receive buffer loses answers, so it is made large; CAP_NET_ADMIN passes the
 * system's limit for that. Lengths are compared here, not by libmnl: it takes those beyond 2 GiB
 * for negative ones, which are less than any. */
#include "output/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SEND_BUFFER = 2 << 20,
	RECEIVE_BUFFER = 8 << 20, /* a refusal takes about 1 KiB of it */
};

static void widen(int fd, int force, int usual, int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof(bytes)) < 0) {
		(void)setsockopt(fd, SOL_SOCKET, usual, &bytes, sizeof(bytes));
	}
}

int netlink_open(void)
{
	const struct sockaddr_nl anywhere = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), on = 1, r;

	if (fd < 0) {
		return errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT ? -ENOTSUP : -errno;
	}
	if (bind(fd, (const struct sockaddr *)&anywhere, sizeof(anywhere)) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	widen(fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER);
	widen(fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER);
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return fd;
}

int netlink_send(int fd, const char *bytes, size_t n)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent;

	do {
		sent = sendto(fd, bytes, n, 0, (const struct sockaddr *)&kernel, sizeof(kernel));
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

ssize_t netlink_receive(int fd, char *bytes, size_t max, int flags)
{
	struct sockaddr_nl from = { 0 };
	socklen_t n = sizeof(from);
	ssize_t got;

	do {
		got = recvfrom(fd, bytes, max, flags, (struct sockaddr *)&from, &n);
	} while ((got < 0 && errno == EINTR) || (got >= 0 && from.nl_pid != 0));
	return got < 0 ? -errno : got;
}

struct nlmsghdr *netlink_message(char *bytes, size_t at)
{
	void *message = bytes + at;

	return message;
}

struct nlmsghdr *netlink_next(char *bytes, size_t n, size_t *at)
{
	struct nlmsghdr *h;

	if (*at >= n || n - *at < sizeof(*h)) {
		return NULL;
	}
	h = netlink_message(bytes, *at);
	if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > n - *at) {
		return NULL;
	}
	*at += NLMSG_ALIGN((size_t)h->nlmsg_len);
	return h;
}

int netlink_error(const struct nlmsghdr *h)
{
	const struct nlmsgerr *err = (const void *)((const char *)h + NLMSG_HDRLEN);

	return h->nlmsg_len >= NLMSG_LENGTH(sizeof(*err)) && err->error <= 0 ? err->error
									     : -EBADMSG;
}
