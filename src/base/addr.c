/* SPDX-License-Identifier: MIT */
/* addr.c - an IP address and a prefix, from text and back.
 *
 * Every event brings an address, so the parsers are written out by hand: one pass over the bytes,
 * no copy, no NUL needed. They accept what inet_pton() accepts (a test compares them over random
 * texts). Octets with a leading zero are refused: some programs read them as octal, and whoever
 * reads an address differently from the program that logged it bans the wrong host.
 *
 * `::ffff:192.0.2.0/120` is read as 192.0.2.0/24; a mapped prefix shorter than /96 is no IPv4
 * prefix and is refused. */
#include "base/addr.h"

#include <errno.h>
#include <string.h>

enum { V6_GROUPS = 8 };

static const uint8_t MAPPED[12] = { [10] = 0xff, [11] = 0xff };

/* Returns how many digits the octet at the start has, 0 when there is none. */
static size_t read_octet(const char *s, size_t n, uint8_t *ret)
{
	unsigned octet = 0, digit;
	size_t i = 0;

	while (i < n && i < 3 && (digit = (unsigned char)s[i] - (unsigned)'0') <= 9) {
		octet = octet * 10 + digit;
		i++;
	}
	if (octet > UINT8_MAX || (i > 1 && s[0] == '0')) {
		return 0;
	}
	*ret = (uint8_t)octet;
	return i;
}

static int parse_v4(const char *s, size_t n, uint8_t out[static 4])
{
	size_t i = 0, used;

	for (unsigned octet = 0; octet < 4; octet++) {
		if (octet > 0 && (i == n || s[i++] != '.')) {
			return -EINVAL;
		}
		used = read_octet(s + i, n - i, &out[octet]);
		if (used == 0) {
			return -EINVAL;
		}
		i += used;
	}
	return i == n ? 0 : -EINVAL;
}

static unsigned hex_digit(char c)
{
	unsigned digit = (unsigned char)c - (unsigned)'0';
	unsigned letter = ((unsigned char)c | 0x20U) - (unsigned)'a';

	if (digit <= 9) {
		return digit;
	}
	return letter <= 5 ? letter + 10 : 16;
}

/* What has been read of an IPv6 address. */
struct v6 {
	uint8_t bytes[16];
	size_t n;
	size_t gap; /* where `::` stands, or NO_GAP */
};

enum { NO_GAP = 17 };

/* Reads one group, or the dotted IPv4 address that ends the text. Returns how many bytes of text, 0
 * when it is neither. */
static size_t read_group(struct v6 *v6, const char *s, size_t n)
{
	unsigned group = 0, digit;
	size_t i = 0;

	while (i < n && i < 5 && (digit = hex_digit(s[i])) < 16) {
		group = group << 4 | digit;
		i++;
	}
	if (i < n && s[i] == '.' && v6->n <= 12) {
		if (parse_v4(s, n, v6->bytes + v6->n) < 0) {
			return 0;
		}
		v6->n += 4;
		return n;
	}
	if (i == 0 || i > 4 || v6->n > 14) {
		return 0;
	}
	v6->bytes[v6->n++] = (uint8_t)(group >> 8);
	v6->bytes[v6->n++] = (uint8_t)group;
	return i;
}

/* Moves what stands behind the `::` to the end. */
static int close_gap(struct v6 *v6)
{
	size_t tail;

	if (v6->gap == NO_GAP) {
		return v6->n == 16 ? 0 : -EINVAL;
	}
	if (v6->n == 16) {
		return -EINVAL;
	}
	tail = v6->n - v6->gap;
	memmove(v6->bytes + 16 - tail, v6->bytes + v6->gap, tail);
	memset(v6->bytes + v6->gap, 0, 16 - v6->n);
	return 0;
}

static int read_groups(const char *s, size_t n, struct v6 *v6)
{
	size_t i = 0, used;

	if (n >= 2 && s[0] == ':' && s[1] == ':') {
		v6->gap = 0;
		i = 2;
	}
	while (i < n) {
		used = read_group(v6, s + i, n - i);
		if (used == 0) {
			return -EINVAL;
		}
		i += used;
		if (i == n) {
			break;
		}
		if (s[i++] != ':' || i == n) {
			return -EINVAL;
		}
		if (s[i] == ':') {
			if (v6->gap != NO_GAP) {
				return -EINVAL;
			}
			v6->gap = v6->n;
			i++;
		}
	}
	return close_gap(v6);
}

static int parse_v6(struct str text, struct addr *ret)
{
	struct v6 v6 = { .gap = NO_GAP };

	if (text.n >= ADDR_TEXT_MAX || read_groups(text.p, text.n, &v6) < 0) {
		return -EINVAL;
	}
	*ret = (struct addr){ .family = 6 };
	if (memcmp(v6.bytes, MAPPED, sizeof(MAPPED)) == 0) {
		ret->family = 4;
		memcpy(ret->bytes, v6.bytes + sizeof(MAPPED), 4);
	} else {
		memcpy(ret->bytes, v6.bytes, sizeof(v6.bytes));
	}
	return 0;
}

int addr_parse(struct str text, struct addr *ret)
{
	uint8_t v4[4];

	if (text.n == 0) {
		return -EINVAL;
	}
	if (parse_v4(text.p, text.n, v4) < 0) {
		return parse_v6(text, ret);
	}
	*ret = (struct addr){ .family = 4, .bytes = { v4[0], v4[1], v4[2], v4[3] } };
	return 0;
}

static char *put_decimal(char *to, unsigned value)
{
	if (value >= 100) {
		*to++ = (char)('0' + value / 100);
	}
	if (value >= 10) {
		*to++ = (char)('0' + value / 10 % 10);
	}
	*to++ = (char)('0' + value % 10);
	return to;
}

static char *put_v4(char *to, const uint8_t bytes[static 4])
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0) {
			*to++ = '.';
		}
		to = put_decimal(to, bytes[i]);
	}
	return to;
}

static char *put_group(char *to, const uint8_t bytes[static 2])
{
	unsigned group = (unsigned)bytes[0] << 8 | bytes[1];
	unsigned shift = 12;

	while (shift > 0 && group >> shift == 0) {
		shift -= 4;
	}
	for (;; shift -= 4) {
		*to++ = "0123456789abcdef"[group >> shift & 0xf];
		if (shift == 0) {
			return to;
		}
	}
}

/* The longest run of at least two zero groups, the first among equals: [*ret_from, *ret_to), in
 * groups. */
static void find_zeros(const uint8_t bytes[static 16], unsigned *ret_from, unsigned *ret_to)
{
	unsigned run = 0;

	*ret_from = V6_GROUPS;
	*ret_to = V6_GROUPS;
	for (unsigned i = 0, best = 1; i < V6_GROUPS; i++) {
		const uint8_t *group = &bytes[2 * (size_t)i];

		run = group[0] == 0 && group[1] == 0 ? run + 1 : 0;
		if (run > best) {
			best = run;
			*ret_from = i + 1 - run;
			*ret_to = i + 1;
		}
	}
}

static char *put_v6(char *to, const uint8_t bytes[static 16])
{
	unsigned from, end;

	find_zeros(bytes, &from, &end);
	for (unsigned i = 0; i < V6_GROUPS; i++) {
		if (i == from) {
			*to++ = ':';
			*to++ = ':';
			i = end;
			if (i == V6_GROUPS) {
				break;
			}
		} else if (i > 0) {
			*to++ = ':';
		}
		to = put_group(to, bytes + 2 * (size_t)i);
	}
	return to;
}

const char *addr_format(const struct addr *a, char out[static ADDR_TEXT_MAX])
{
	char *end = out;

	if (a->family == 4) {
		end = put_v4(out, a->bytes);
	} else if (a->family == 6 && memcmp(a->bytes, MAPPED, sizeof(MAPPED)) == 0) {
		memcpy(out, "::ffff:", 7);
		end = put_v4(out + 7, a->bytes + sizeof(MAPPED));
	} else if (a->family == 6) {
		end = put_v6(out, a->bytes);
	}
	*end = '\0';
	return out;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

uint8_t addr_bits(const struct addr *a)
{
	return a->family == 6 ? 128 : a->family == 4 ? 32 : 0;
}

struct addr addr_unwrap(const struct addr *a)
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	static const uint8_t teredo[4] = { 0x20, 0x01 };
	static const uint8_t six_to_four[2] = { 0x20, 0x02 };
	struct addr v4 = { .family = 4 };

	if (a->family != 6) {
		return *a;
	}
	if (memcmp(a->bytes, nat64, sizeof(nat64)) == 0) {
		memcpy(v4.bytes, a->bytes + 12, 4);
		return v4;
	}
	if (memcmp(a->bytes, six_to_four, sizeof(six_to_four)) == 0) {
		memcpy(v4.bytes, a->bytes + 2, 4);
		return v4;
	}
	if (memcmp(a->bytes, teredo, sizeof(teredo)) == 0) {
		for (size_t i = 0; i < 4; i++) {
			v4.bytes[i] = (uint8_t)~a->bytes[12 + i];
		}
		return v4;
	}
	return *a;
}

/* The length behind the slash; a mapped address counts its 96 bits of wrapping. */
static int parse_len(struct str text, bool mapped, uint8_t bits, uint8_t *ret)
{
	uint64_t len;
	uint8_t wrapping = mapped ? 96 : 0;

	if (text.n > 3 || (text.n > 1 && text.p[0] == '0')) {
		return -EINVAL;
	}
	if (str_to_uint(text, (uint64_t)bits + wrapping, &len) < 0 || len < wrapping) {
		return -EINVAL;
	}
	*ret = (uint8_t)(len - wrapping);
	return 0;
}

int prefix_parse(struct str text, struct prefix *ret)
{
	size_t slash = str_find_char(text, '/');
	struct str left = str_slice(text, 0, slash);
	struct addr a;
	uint8_t len;

	if (addr_parse(left, &a) < 0) {
		return -EINVAL;
	}
	len = addr_bits(&a);
	if (slash != STR_NOT_FOUND) {
		bool mapped = a.family == 4 && str_find_char(left, ':') != STR_NOT_FOUND;

		if (parse_len(str_slice(text, slash + 1, SIZE_MAX), mapped, len, &len) < 0) {
			return -EINVAL;
		}
	}
	*ret = prefix_of(&a, len);
	return addr_eq(&ret->addr, &a) ? 0 : -ERANGE;
}

const char *prefix_format(const struct prefix *p, char out[static PREFIX_TEXT_MAX])
{
	char *end = out + strlen(addr_format(&p->addr, out));

	*end++ = '/';
	end = put_decimal(end, p->len);
	*end = '\0';
	return out;
}

const char *prefix_format_short(const struct prefix *p, char out[static PREFIX_TEXT_MAX])
{
	return p->len == addr_bits(&p->addr) ? addr_format(&p->addr, out) : prefix_format(p, out);
}

struct prefix prefix_of(const struct addr *a, uint8_t len)
{
	uint8_t bits = addr_bits(a);
	struct prefix p = { .addr = { .family = a->family }, .len = len < bits ? len : bits };
	size_t whole = p.len / 8;

	memcpy(p.addr.bytes, a->bytes, whole);
	if (p.len % 8 != 0) {
		p.addr.bytes[whole] = (uint8_t)(a->bytes[whole] & (0xff00U >> (p.len % 8)));
	}
	return p;
}

bool prefix_eq(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && addr_eq(&a->addr, &b->addr);
}

/* Whether the first `len` bits of the two are the same. */
static bool has_same_bits(const struct addr *a, const struct addr *b, uint8_t len)
{
	size_t whole = len / 8;

	if (a->family != b->family || memcmp(a->bytes, b->bytes, whole) != 0) {
		return false;
	}
	return len % 8 == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - len % 8) == 0;
}

bool prefix_contains(const struct prefix *outer, const struct prefix *inner)
{
	return outer->len <= inner->len && has_same_bits(&outer->addr, &inner->addr, outer->len);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return has_same_bits(&a->addr, &b->addr, a->len < b->len ? a->len : b->len);
}

int prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	int diff;

	if (a->addr.family != b->addr.family) {
		return a->addr.family < b->addr.family ? -1 : 1;
	}
	diff = memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));
	if (diff != 0) {
		return diff;
	}
	return (a->len > b->len) - (a->len < b->len);
}
