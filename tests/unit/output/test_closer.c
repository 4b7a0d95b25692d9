/* SPDX-License-Identifier: MIT */
/* The kernel here is the test: it lists `sockets` connections of 203.0.113.9 to port 25, at which
 * somebody waits, and closes them as it is told. */
#include "output/closer.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "output/netlink.h"
#include "unit/check.h"

enum { LISTENS = 10, PER_MESSAGE = 100 };

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __wrap_netlink_send(int fd, const char *bytes, size_t n);
ssize_t __wrap_netlink_receive(int fd, char *bytes, size_t max, int flags);

/* NOLINTEND(bugprone-reserved-identifier) */

static struct {
	size_t sockets, closed;
	int close_error; /* of each SOCK_DESTROY */
	int dump_error;  /* of dumps of this protocol */
	uint8_t dump_error_of;
	bool error_in_done; /* and so it is told */
} kernel;

static struct {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
} asked;

static size_t told;

int __wrap_netlink_send(int fd, const char *bytes, size_t n)
{
	(void)fd;
	assert_int_equal(n, sizeof(asked));
	memcpy(&asked, bytes, sizeof(asked));
	told = 0;
	return 0;
}

static size_t put(char *at, uint16_t type, const void *body, size_t n)
{
	const struct nlmsghdr h = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(n), .nlmsg_type = type };

	memcpy(at, &h, sizeof(h));
	memcpy(at + NLMSG_HDRLEN, body, n);
	return NLMSG_SPACE(n);
}

static size_t put_error(char *at, int error)
{
	const struct nlmsgerr e = { .error = error };

	return put(at, NLMSG_ERROR, &e, sizeof(e));
}

static size_t put_socket(char *at)
{
	struct inet_diag_msg m = { .idiag_family = AF_INET,
				   .id = { .idiag_sport = htons(25), .idiag_dport = htons(4000) } };

	m.id.idiag_src[0] = htonl(0xc0000201);
	m.id.idiag_dst[0] = asked.body.idiag_states & 1U << LISTENS ? 0 : htonl(0xcb007109);
	return put(at, SOCK_DIAG_BY_FAMILY, &m, sizeof(m));
}

static size_t sockets_of_dump(void)
{
	if (asked.body.sdiag_protocol != IPPROTO_TCP || asked.body.sdiag_family != AF_INET) {
		return 0;
	}
	return asked.body.idiag_states & 1U << LISTENS ? 1 : kernel.sockets;
}

ssize_t __wrap_netlink_receive(int fd, char *bytes, size_t max, int flags)
{
	const int fails = asked.body.sdiag_protocol == kernel.dump_error_of ? kernel.dump_error : 0;
	size_t n = 0;

	(void)fd;
	(void)flags;
	assert_true(max >= 512);
	if (asked.head.nlmsg_type == SOCK_DESTROY) {
		kernel.closed += kernel.close_error == 0;
		kernel.sockets -= kernel.close_error == 0;
		return (ssize_t)put_error(bytes, kernel.close_error);
	}
	if (fails && !kernel.error_in_done) {
		return (ssize_t)put_error(bytes, fails);
	}
	while (!fails && told < sockets_of_dump() && n < PER_MESSAGE * sizeof(asked)) {
		n += put_socket(bytes + n);
		told++;
	}
	if (told == sockets_of_dump() || fails) {
		n += put(bytes + n, NLMSG_DONE, &fails, sizeof(fails));
	}
	return (ssize_t)n;
}

/* All steps of one ban of port 25: the first error, or 1 for a look that ended well. */
static int cut(void)
{
	static const struct port_range smtp = { PROTO_TCP, 25, 25 };
	const struct scope scope = { .ranges = &smtp, .n_ranges = 1 };
	const struct prefix prefix = { .addr = { .family = 4, .bytes = { 203, 0, 113, 9 } },
				       .len = 32 };
	struct netset *none = netset_new();
	struct closer *c = NULL;
	int r = 0;

	netset_seal(none);
	assert_int_equal(closer_open(false, &c), 0);
	assert_false(closer_is_busy(c));
	assert_int_equal(closer_add(c, &prefix, &scope, none), 0);
	while (r == 0 && closer_is_busy(c)) {
		r = closer_step(c, none);
	}
	assert_false(closer_is_busy(c));
	closer_close(c);
	netset_free(none);
	return r;
}

static int prepare(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.sockets = 3;
	return 0;
}

static void closes_what_is_listed(void **state)
{
	(void)state;
	assert_int_equal(cut(), 1);
	assert_int_equal(kernel.closed, 3);
}

static void closes_more_than_it_notes_at_once(void **state)
{
	(void)state;
	kernel.sockets = 40000;
	assert_int_equal(cut(), 1);
	assert_int_equal(kernel.closed, 40000);
}

static void a_socket_that_is_gone_is_no_error_and_not_tried_for_ever(void **state)
{
	(void)state;
	kernel.sockets = 20000;
	kernel.close_error = -ENOENT;
	assert_int_equal(cut(), 1);
	assert_int_equal(kernel.closed, 0);
}

static void says_that_the_kernel_closes_none(void **state)
{
	(void)state;
	kernel.close_error = -EOPNOTSUPP;
	assert_int_equal(cut(), -EOPNOTSUPP);
}

static void says_that_the_kernel_lists_none(void **state)
{
	(void)state;
	kernel.dump_error = -ENOENT;
	kernel.dump_error_of = IPPROTO_TCP;
	assert_int_equal(cut(), -ENOENT);
	kernel.error_in_done = true;
	assert_int_equal(cut(), -ENOENT);
	kernel.dump_error = -EPERM;
	assert_int_equal(cut(), -EPERM);
}

static void without_udp_it_closes_what_is_tcp(void **state)
{
	(void)state;
	kernel.dump_error = -ENOENT;
	kernel.dump_error_of = IPPROTO_UDP;
	kernel.error_in_done = true;
	assert_int_equal(cut(), 1);
	assert_int_equal(kernel.closed, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(closes_what_is_listed, prepare),
		cmocka_unit_test_setup(closes_more_than_it_notes_at_once, prepare),
		cmocka_unit_test_setup(a_socket_that_is_gone_is_no_error_and_not_tried_for_ever,
				       prepare),
		cmocka_unit_test_setup(says_that_the_kernel_closes_none, prepare),
		cmocka_unit_test_setup(says_that_the_kernel_lists_none, prepare),
		cmocka_unit_test_setup(without_udp_it_closes_what_is_tcp, prepare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
