/* SPDX-License-Identifier: MIT */
/* What the kernel lists of our table. The linker puts this file in the kernel's place. The first
 * byte says what is asked: the table's shape or the elements of its sets. Then come answers as
 * datagrams: two bytes of length (65535: some were lost), messages with the number of the question
 * that they answer, counted from the one asked last. Whatever they are, the questions come to an
 * end, and an element is a prefix of the set that was asked for. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "output/netlink.h"
#include "output/standing.h"

enum { LOST = 65535, ELEMENTS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __wrap_netlink_open(void);
int __wrap_netlink_send(int fd, const char *bytes, size_t n);
ssize_t __wrap_netlink_receive(int fd, char *bytes, size_t max, int flags);
/* NOLINTEND(bugprone-reserved-identifier) */
static struct str answers;
static uint32_t asked;

int __wrap_netlink_open(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int __wrap_netlink_send(int fd, const char *bytes, size_t n)
{
	struct nlmsghdr h;

	(void)fd;
	assert(n >= sizeof(h));
	memcpy(&h, bytes, sizeof(h));
	assert(h.nlmsg_len == n);
	asked = h.nlmsg_seq;
	return 0;
}

static void count_from_asked(char *bytes, size_t n)
{
	struct nlmsghdr *h;
	size_t at = 0;

	while ((h = netlink_next(bytes, n, &at)) != NULL) {
		h->nlmsg_seq += asked;
	}
}

ssize_t __wrap_netlink_receive(int fd, char *bytes, size_t max, int flags)
{
	size_t n;

	(void)fd;
	assert(flags == 0);
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
	count_from_asked(bytes, n);
	return (ssize_t)n;
}

static const struct kernel_set sets[] = {
	{ .scope = 0, .family = 4, .len = 32 },
	{ .scope = 0, .family = 4, .len = 24 },
	{ .scope = 0, .family = 6, .len = 64 },
};

static bool was_asked_for(const struct standing_element *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		if (e->scope == sets[i].scope && e->prefix.addr.family == sets[i].family &&
		    e->prefix.len == sets[i].len) {
			return true;
		}
	}
	return false;
}

static void list(struct standing *s, const struct kernel_plan *plan)
{
	struct standing_list found = { 0 };

	if (standing_elements(s, plan, sets, ARRAY_SIZE(sets), ELEMENTS_MAX, &found) == 0) {
		assert(found.n <= ELEMENTS_MAX);
		for (size_t i = 0; i < found.n; i++) {
			struct prefix masked =
				prefix_of(&found.at[i].prefix.addr, found.at[i].prefix.len);

			assert(was_asked_for(&found.at[i]));
			assert(addr_eq(&masked.addr, &found.at[i].prefix.addr));
			assert(found.at[i].has_timeout || found.at[i].left_ms == 0);
		}
		free(found.at);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct scope all = { .name = STR("all"), .verdict = VERDICT_DROP };
	const struct kernel_plan plan = { .table = "ipsd", .scopes = &all, .n_scopes = 1 };
	struct standing *s = NULL;
	uint64_t shape;
	int r;

	if (size == 0) {
		return 0;
	}
	r = standing_open("ipsd", &s);
	assert(r == 0);
	answers = (struct str){ .p = (const char *)data + 1, .n = size - 1 };
	if (data[0] % 2 == 0) {
		r = standing_shape(s, &plan, &shape);
		assert(r <= 0);
	} else {
		list(s, &plan);
	}
	(void)standing_close(s);
	return 0;
}
