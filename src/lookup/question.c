/* SPDX-License-Identifier: MIT */
#include "lookup/question.h"

#include <errno.h>
#include <string.h>

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_label(struct str label)
{
	if (label.n == 0 || label.n > LABEL_MAX_BYTES || label.p[0] == '-' ||
	    label.p[label.n - 1] == '-') {
		return false;
	}
	for (size_t i = 0; i < label.n; i++) {
		char c = label.p[i];

		if (!is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    c != '-' && c != '_') {
			return false;
		}
	}
	return true;
}

static bool is_number(struct str label)
{
	for (size_t i = 0; i < label.n; i++) {
		if (!is_digit(label.p[i])) {
			return false;
		}
	}
	return true;
}

bool question_is_name(struct str name)
{
	struct str rest = str_has_prefix(name, STR("mx:")) ? str_slice(name, 3, name.n) : name;
	struct str label = STR_NONE;

	if (rest.n == 0 || rest.n > NAME_MAX_BYTES) {
		return false;
	}
	while (str_split(&rest, '.', &label)) {
		if (!is_label(label)) {
			return false;
		}
	}
	return !is_number(label);
}

int question_parse(const void *bytes, size_t n, struct question *ret)
{
	struct question q;

	if (n != sizeof(q)) {
		return -EBADMSG;
	}
	memcpy(&q, bytes, sizeof(q));
	if (q.id == 0 || !memchr(q.name, '\0', sizeof(q.name)) ||
	    !question_is_name(str_of(q.name))) {
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
