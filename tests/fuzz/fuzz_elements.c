/* SPDX-License-Identifier: MIT */
/* What comes back over netlink. The linker puts this file in the kernel's place. The first byte
 * says what is asked. Then come answers as datagrams: two bytes of length (65535: some were lost),
 * messages whose sequence numbers count from the first question's. Whatever they are, every wish
 * has its fate and every call its end. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <string.h>

#include "output/netlink.h"
#include "output/nft_elem.h"
#include "output/other_sets.h"

enum { ELEMENTS = 3, LOST = 65535 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __wrap_netlink_open(void);
int __wrap_netlink_send(int fd, const char *bytes, size_t n);
ssize_t __wrap_netlink_receive(int fd, char *bytes, size_t max, int flags);
/* NOLINTEND(bugprone-reserved-identifier) */
static struct str answers;
static bool opening; /* it asks whether nf_tables is there: it is */
static uint32_t first;

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
	first = h.nlmsg_seq;
	return 0;
}

static void count_from_first(char *bytes, size_t n)
{
	struct nlmsghdr h;

	for (size_t at = 0; at < n && n - at >= sizeof(h); at += NLMSG_ALIGN((size_t)h.nlmsg_len)) {
		memcpy(&h, bytes + at, sizeof(h));
		h.nlmsg_seq += first;
		memcpy(bytes + at, &h, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > n - at) {
			break;
		}
	}
}

ssize_t __wrap_netlink_receive(int fd, char *bytes, size_t max, int flags)
{
	static const struct nlmsghdr fine = { .nlmsg_len = sizeof(fine), .nlmsg_type = NLMSG_NOOP };
	size_t n;

	(void)fd;
	if (opening) {
		memcpy(bytes, &fine, sizeof(fine));
		return sizeof(fine);
	}
	if (answers.n < 2) {
		return flags ? -EAGAIN : -EIO;
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
	count_from_first(bytes, n);
	return (ssize_t)n;
}

static const struct addr address = { .family = 4, .bytes = { 203, 0, 113, 9 } };

static void apply(struct elements *e)
{
	struct element_wish wishes[ELEMENTS];

	for (size_t i = 0; i < ELEMENTS; i++) {
		wishes[i] = (struct element_wish){ .set = "all4_32",
						   .key = address,
						   .hold = i < 2,
						   .packets = i,
						   .timeout_ms = 1000 * i,
						   .error = TRANSACT_UNDECIDED };
	}
	elements_apply(e, wishes, ELEMENTS);
	for (size_t i = 0; i < ELEMENTS; i++) {
		assert(wishes[i].error <= 0);
	}
}

static void ask(struct elements *e)
{
	struct element_state states[ELEMENTS];

	for (size_t i = 0; i < ELEMENTS; i++) {
		states[i] = (struct element_state){ .set = "all4_32", .key = address };
	}
	elements_ask(e, states, ELEMENTS);
	for (size_t i = 0; i < ELEMENTS; i++) {
		assert(states[i].error <= 0);
		assert(states[i].has_timeout || states[i].left_ms == 0);
	}
}

static int take_name(void *arg, struct str name)
{
	(void)arg;
	assert(!memchr(name.p, '\0', name.n));
	return 0;
}

static void take_other(void *arg, const struct other_set *set)
{
	(void)arg;
	assert(set->family && strlen(set->table) + strlen(set->name) < LOST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(elements_closep) struct elements *e = NULL;
	int r;

	if (size == 0) {
		return 0;
	}
	opening = true;
	r = elements_open("ipsd", &e);
	assert(r == 0);
	opening = false;
	answers = (struct str){ .p = (const char *)data + 1, .n = size - 1 };
	switch (data[0] % 4) {
	case 0: apply(e); break;
	case 1: ask(e); break;
	case 2: (void)!elements_each_set(e, take_name, NULL); break;
	default: (void)!other_sets_find(STR("ipsd"), &address, take_other, NULL);
	}
	return 0;
}
