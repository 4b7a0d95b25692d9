/* SPDX-License-Identifier: MIT */
#include "base/hostname.h"

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

bool hostname_is_name(struct str text)
{
	struct str label = STR_NONE;

	if (text.n == 0 || text.n > NAME_MAX_BYTES) {
		return false;
	}
	while (str_split(&text, '.', &label)) {
		if (!is_label(label)) {
			return false;
		}
	}
	return !is_number(label);
}

struct str hostname_mx(struct str entry)
{
	return str_has_prefix(entry, STR("mx:")) ? str_slice(entry, 3, entry.n) : STR_NONE;
}

bool hostname_is_entry(struct str text)
{
	struct str domain = hostname_mx(text);

	return hostname_is_name(domain.n > 0 ? domain : text);
}
