/* SPDX-License-Identifier: MIT */
#include "lookup/question.h"

#include <errno.h>
#include <string.h>

int question_parse(const void *bytes, size_t n, struct question *ret)
{
	struct question q;

	if (n != sizeof(q)) {
		return -EBADMSG;
	}
	memcpy(&q, bytes, sizeof(q));
	if (q.id == 0 || !memchr(q.name, '\0', sizeof(q.name)) ||
	    !hostname_is_entry(str_of(q.name))) {
		return -EBADMSG;
	}
	*ret = q;
	return 0;
}

static bool is_printable(const char *text, size_t size)
{
	size_t n = strnlen(text, size);

	for (size_t i = 0; i < n; i++) {
		if (text[i] < ' ' || text[i] > '~') {
			return false;
		}
	}
	return n < size;
}

static bool is_address(const struct addr *a)
{
	struct prefix whole;

	if (a->family != 4 && a->family != 6) {
		return false;
	}
	whole = prefix_of(a, addr_bits(a));
	return memcmp(&whole.addr, a, sizeof(*a)) == 0;
}

int answer_parse(const void *bytes, size_t n, struct answer *ret)
{
	struct answer a;

	if (n != sizeof(a)) {
		return -EBADMSG;
	}
	memcpy(&a, bytes, sizeof(a));
	if (a.state > ANSWER_FAILED || (a.state == ANSWER_READY) != (a.id == 0) ||
	    a.n > ANSWER_ADDRESSES || (a.state == ANSWER_FOUND) != (a.n > 0) ||
	    !is_printable(a.why, sizeof(a.why))) {
		return -EBADMSG;
	}
	for (size_t i = 0; i < a.n; i++) {
		if (!is_address(&a.addresses[i])) {
			return -EBADMSG;
		}
	}
	*ret = a;
	return 0;
}
