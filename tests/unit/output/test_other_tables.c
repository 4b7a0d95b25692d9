/* SPDX-License-Identifier: MIT */
/* The linker puts this file in the kernel's place: not every kernel has flowtables. */
#include "output/other_tables.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/types.h>

#include "base/buf.h"
#include "output/netlink.h"
#include "unit/check.h"

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __wrap_netlink_open(void);
int __wrap_netlink_send(int fd, const char *bytes, size_t n);
ssize_t __wrap_netlink_receive(int fd, char *bytes, size_t max, int flags);

/* NOLINTEND(bugprone-reserved-identifier) */

enum { NFT = NFNL_SUBSYS_NFTABLES << 8 };

_Static_assert((int)NFTA_TABLE_NAME == (int)NFTA_FLOWTABLE_TABLE, "a table's name");

static struct nlmsghdr asked;
static int flowtable_error; /* what the kernel says to the second question; 0: it tells of one */
static struct buf said;

static size_t put(char *out, uint16_t type, const void *bytes, size_t n)
{
	const struct nlmsghdr h = { .nlmsg_len = (uint32_t)(sizeof(h) + n),
				    .nlmsg_type = type,
				    .nlmsg_seq = asked.nlmsg_seq };

	memcpy(out, &h, sizeof(h));
	if (n) {
		memcpy(out + sizeof(h), bytes, n);
	}
	return NLMSG_ALIGN(h.nlmsg_len);
}

static size_t put_name(char *out, uint16_t type, const char *name)
{
	const struct nlattr a = { .nla_len = (uint16_t)(sizeof(a) + strlen(name) + 1),
				  .nla_type = type };

	memset(out, 0, NLA_ALIGN(a.nla_len));
	memcpy(out, &a, sizeof(a));
	memcpy(out + sizeof(a), name, strlen(name));
	return NLA_ALIGN(a.nla_len);
}

/* A table, or with `flowtable` one of it. */
static size_t put_thing(char *out, const char *table, const char *flowtable)
{
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	char bytes[128];
	size_t n = sizeof(head);

	memcpy(bytes, &head, n);
	n += put_name(bytes + n, NFTA_TABLE_NAME,
		      table); /* of a flowtable it has the same number */
	if (flowtable) {
		n += put_name(bytes + n, NFTA_FLOWTABLE_NAME, flowtable);
	}
	return put(out, NFT | (flowtable ? NFT_MSG_NEWFLOWTABLE : NFT_MSG_NEWTABLE), bytes, n);
}

int __wrap_netlink_open(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int __wrap_netlink_send(int fd, const char *bytes, size_t n)
{
	(void)fd;
	assert_true(n >= sizeof(asked));
	memcpy(&asked, bytes, sizeof(asked));
	return 0;
}

ssize_t __wrap_netlink_receive(int fd, char *bytes, size_t max, int flags)
{
	const int done = 0;
	const struct nlmsgerr refused = { .error = flowtable_error };
	size_t n = 0;

	(void)fd;
	(void)flags;
	assert_true(max >= 1024);
	if (asked.nlmsg_type == (NFT | NFT_MSG_GETTABLE)) {
		n += put_thing(bytes, "filter", NULL);
	} else if (flowtable_error) {
		return (ssize_t)put(bytes, NLMSG_ERROR, &refused, sizeof(refused));
	} else {
		assert_int_equal(asked.nlmsg_type, NFT | NFT_MSG_GETFLOWTABLE);
		n += put_thing(bytes, "filter", "fast");
	}
	return (ssize_t)(n + put(bytes + n, NLMSG_DONE, &done, sizeof(done)));
}

static void take(void *arg, const struct other_table *found)
{
	(void)arg;
	buf_printf(&said, "%s %s %s\n", found->family, found->table,
		   found->flowtable ? found->flowtable : "-");
}

static int list(int error)
{
	flowtable_error = error;
	buf_clear(&said);
	return other_tables_list(take, NULL);
}

static void tables_are_told_then_flowtables(void **state)
{
	(void)state;
	assert_int_equal(list(0), 0);
	assert_string_equal(buf_text(&said), "inet filter -\ninet filter fast\n");
}

static void a_kernel_without_flowtables_has_none(void **state)
{
	(void)state;
	assert_int_equal(list(-EOPNOTSUPP), 0);
	assert_string_equal(buf_text(&said), "inet filter -\n");
	assert_int_equal(list(-EPERM), -EPERM);
	buf_done(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_told_then_flowtables),
		cmocka_unit_test(a_kernel_without_flowtables_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
