/* SPDX-License-Identifier: MIT */
/* Any text: what is read as an address is what the C library reads, is printed and read back to the
 * same, and holds nothing beyond its family; so for prefixes. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_form(const struct addr *a)
{
	static const uint8_t zero[16];
	size_t n = addr_bits(a) / 8U;

	assert(a->family == 4 || a->family == 6);
	assert(memcmp(a->bytes + n, zero, 16 - n) == 0);
}

static void compare_with_libc(struct str text, int r, const struct addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint8_t v4[4], v6[16];
	char copy[64];
	bool is_v4, is_v6;

	if (text.n >= sizeof(copy) || str_find_char(text, '\0') != STR_NOT_FOUND) {
		assert(r < 0);
		return;
	}
	(void)snprintf(copy, sizeof(copy), "%.*s", STR_ARG(text));
	is_v4 = inet_pton(AF_INET, copy, v4) == 1;
	is_v6 = inet_pton(AF_INET6, copy, v6) == 1;
	assert((is_v4 || is_v6) == (r == 0));
	if (is_v4) {
		assert(a->family == 4 && memcmp(a->bytes, v4, 4) == 0);
	} else if (is_v6 && memcmp(v6, mapped, 12) == 0) {
		assert(a->family == 4 && memcmp(a->bytes, v6 + 12, 4) == 0);
	} else if (is_v6) {
		assert(a->family == 6 && memcmp(a->bytes, v6, 16) == 0);
	}
}

static void check_addr(struct str text)
{
	struct addr a, back, inner;
	char out[ADDR_TEXT_MAX];
	int r = addr_parse(text, &a);

	assert(r == 0 || r == -EINVAL);
	compare_with_libc(text, r, &a);
	if (r < 0) {
		return;
	}
	check_form(&a);
	r = addr_parse(str_of(addr_format(&a, out)), &back);
	assert(r == 0 && addr_eq(&a, &back));
	inner = addr_unwrap(&a);
	check_form(&inner);
	assert(inner.family == 4 || addr_eq(&inner, &a));
}

static void check_prefix(struct str text)
{
	struct prefix p, back, of;
	char out[PREFIX_TEXT_MAX];
	int r = prefix_parse(text, &p);

	assert(r == 0 || r == -EINVAL || r == -ERANGE);
	if (r == -EINVAL) {
		return;
	}
	check_form(&p.addr);
	of = prefix_of(&p.addr, p.len);
	assert(p.len <= addr_bits(&p.addr) && prefix_eq(&of, &p));
	assert(prefix_contains(&p, &p) && prefix_overlaps(&p, &p) && prefix_cmp(&p, &p) == 0);
	r = prefix_parse(str_of(prefix_format(&p, out)), &back);
	assert(r == 0 && prefix_eq(&p, &back));
	r = prefix_parse(str_of(prefix_format_short(&p, out)), &back);
	assert(r == 0 && prefix_eq(&p, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { .p = (const char *)data, .n = size };

	check_addr(text);
	check_prefix(text);
	return 0;
}
