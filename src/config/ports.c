/* SPDX-License-Identifier: MIT */
/* ports.c - which packets does `ports = mail, udp/53, 8000-8100` mean?
 *
 * A list stays sorted by protocol and number, and ranges that touch are one, after every add. So
 * two people who write the same ports in other words get the same list, and a list has one name:
 * short ones spell their ports (`p_25_465_`), long ones a hash of them. The name ends in `_`
 * because the family and the length of the prefixes come behind it. */
#include "config/ports.h"

#include <errno.h>
#include <string.h>

#include "config/similar.h"

enum { PORT_MAX = 65535, HASH_DIGITS = 12 };

static const struct {
	struct str name;
	uint16_t port;
} PORTS[] = {
	{ { "ftp", 3 }, 21 },
	{ { "ssh", 3 }, 22 },
	{ { "telnet", 6 }, 23 },
	{ { "smtp", 4 }, 25 },
	{ { "domain", 6 }, 53 },
	{ { "http", 4 }, 80 },
	{ { "pop3", 4 }, 110 },
	{ { "nntp", 4 }, 119 },
	{ { "ntp", 3 }, 123 },
	{ { "imap", 4 }, 143 },
	{ { "imap2", 5 }, 143 },
	{ { "snmp", 4 }, 161 },
	{ { "ldap", 4 }, 389 },
	{ { "https", 5 }, 443 },
	{ { "submissions", 11 }, 465 },
	{ { "smtps", 5 }, 465 },
	{ { "submission", 10 }, 587 },
	{ { "ldaps", 5 }, 636 },
	{ { "rsync", 5 }, 873 },
	{ { "ftps", 4 }, 990 },
	{ { "imaps", 5 }, 993 },
	{ { "pop3s", 5 }, 995 },
	{ { "openvpn", 7 }, 1194 },
	{ { "mysql", 5 }, 3306 },
	{ { "rdp", 3 }, 3389 },
	{ { "sieve", 5 }, 4190 },
	{ { "sip", 3 }, 5060 },
	{ { "sips", 4 }, 5061 },
	{ { "xmpp-client", 11 }, 5222 },
	{ { "xmpp-server", 11 }, 5269 },
	{ { "postgresql", 10 }, 5432 },
	{ { "http-alt", 8 }, 8080 },
};

static int find_name(struct str name, uint16_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(PORTS); i++) {
		if (str_eq(PORTS[i].name, name)) {
			*ret = PORTS[i].port;
			return 0;
		}
	}
	return -EINVAL;
}

bool ports_is_name(struct str word)
{
	uint16_t port;

	return find_name(word, &port) == 0;
}

struct str ports_similar(struct str word, const struct port_groups *groups)
{
	struct similar s = similar_to(word);

	for (size_t i = 0; groups && i < groups->n; i++) {
		similar_offer(&s, groups->at[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(PORTS); i++) {
		similar_offer(&s, PORTS[i].name);
	}
	return s.found;
}

const struct port_group *ports_group(const struct port_groups *groups, struct str name)
{
	for (size_t i = 0; i < groups->n; i++) {
		if (str_eq(groups->at[i].name, name)) {
			return &groups->at[i];
		}
	}
	return NULL;
}

/* Whether `b` begins before `a` ends, or right behind its end, or comes before it. */
static bool reaches(const struct port_range *a, const struct port_range *b)
{
	return a->proto == b->proto && b->low <= (uint32_t)a->high + 1 &&
	       a->low <= (uint32_t)b->high + 1;
}

static bool is_before(const struct port_range *a, const struct port_range *b)
{
	return a->proto != b->proto ? a->proto < b->proto : a->low < b->low;
}

/* Takes out all that the range touches, grown by them, and puts it in where it belongs. */
static int add_range(struct port_list *list, struct port_range range)
{
	struct port_list grown = { .all = list->all };
	size_t at;

	for (size_t i = 0; i < list->n; i++) {
		const struct port_range *old = &list->at[i];

		if (!reaches(old, &range)) {
			grown.at[grown.n++] = *old;
			continue;
		}
		range.low = old->low < range.low ? old->low : range.low;
		range.high = old->high > range.high ? old->high : range.high;
	}
	if (grown.n == SCOPE_RANGES_MAX) {
		return -ENOSPC;
	}
	for (at = grown.n; at > 0 && is_before(&range, &grown.at[at - 1]); at--) {
		grown.at[at] = grown.at[at - 1];
	}
	grown.at[at] = range;
	grown.n++;
	*list = grown;
	return 0;
}

static int add_group(struct port_list *list, const struct port_list *group)
{
	int r = 0;

	for (size_t i = 0; i < group->n && r == 0; i++) {
		r = add_range(list, group->at[i]);
	}
	return r;
}

static int read_port(struct str text, uint16_t *ret)
{
	uint64_t number;
	int r = str_to_uint(text, PORT_MAX, &number);

	if (r == -EINVAL) {
		return find_name(text, ret);
	}
	if (r < 0 || number == 0) {
		return -ERANGE;
	}
	*ret = (uint16_t)number;
	return 0;
}

/* LOW-HIGH; a name may have a dash of its own, so it is asked first. */
static int read_range(struct str text, struct port_range *range)
{
	size_t dash = str_find_char(text, '-');
	int r = read_port(text, &range->low);

	range->high = range->low;
	if (r != -EINVAL || dash == STR_NOT_FOUND) {
		return r;
	}
	r = read_port(str_slice(text, 0, dash), &range->low);
	if (r < 0) {
		return r;
	}
	r = read_port(str_slice(text, dash + 1, SIZE_MAX), &range->high);
	if (r < 0) {
		return r;
	}
	return range->low <= range->high ? 0 : -ERANGE;
}

static int add_word(struct port_list *list, struct str word)
{
	struct port_range range = { .proto = PROTO_TCP };
	int r;

	if (str_has_prefix(word, STR("udp/"))) {
		range.proto = PROTO_UDP;
	}
	if (range.proto == PROTO_UDP || str_has_prefix(word, STR("tcp/"))) {
		word = str_slice(word, 4, SIZE_MAX);
	}
	r = read_range(word, &range);
	return r < 0 ? r : add_range(list, range);
}

int ports_add(struct port_list *list, struct str word, const struct port_groups *groups)
{
	const struct port_group *group = groups ? ports_group(groups, word) : NULL;
	int r = 0;

	if (str_eq(word, STR("all"))) {
		list->all = true;
	} else if (group) {
		r = add_group(list, &group->list);
	} else {
		r = add_word(list, word);
	}
	if (list->all) {
		list->n = 0;
	}
	return r;
}

bool ports_eq(const struct port_list *a, const struct port_list *b)
{
	if (a->all != b->all || a->n != b->n) {
		return false;
	}
	for (size_t i = 0; i < a->n; i++) {
		if (a->at[i].proto != b->at[i].proto || a->at[i].low != b->at[i].low ||
		    a->at[i].high != b->at[i].high) {
			return false;
		}
	}
	return true;
}

/* FNV-1a over the bytes of a range. Not against attackers: people write these. */
static uint64_t hash_range(uint64_t hash, const struct port_range *r)
{
	const uint8_t bytes[] = {
		r->proto,         (uint8_t)(r->low >> 8), (uint8_t)r->low, (uint8_t)(r->high >> 8),
		(uint8_t)r->high,
	};

	for (size_t i = 0; i < sizeof(bytes); i++) {
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	}
	return hash;
}

static char *put_number(char *to, unsigned n)
{
	unsigned scale = 1;

	while (n / scale > 9) {
		scale *= 10;
	}
	for (; scale > 0; scale /= 10) {
		*to++ = (char)('0' + n / scale % 10);
	}
	return to;
}

/* `_25` or `_8000to8100`, a `u` in front of the number for UDP. */
static char *put_range(char *to, const struct port_range *r)
{
	*to++ = '_';
	if (r->proto == PROTO_UDP) {
		*to++ = 'u';
	}
	to = put_number(to, r->low);
	if (r->high != r->low) {
		memcpy(to, "to", 2);
		to = put_number(to + 2, r->high);
	}
	return to;
}

/* The ports spelt out, when the name has room for them. */
static bool spell(const struct port_list *list, char out[static SCOPE_NAME_MAX + 1])
{
	char text[SCOPE_NAME_MAX * 2] = "", *end = text;

	for (size_t i = 0; i < list->n; i++) {
		end = put_range(end, &list->at[i]);
		if (end - text > SCOPE_NAME_MAX - 2) {
			return false;
		}
	}
	memcpy(out + 1, text, (size_t)(end - text));
	memcpy(out + 1 + (end - text), "_", 2);
	return true;
}

const char *ports_set_name(const struct port_list *list, enum verdict verdict,
			   char out[static SCOPE_NAME_MAX + 1])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	out[0] = verdict == VERDICT_DROP ? 'p' : 'r';
	if (list->all) {
		memcpy(out, verdict == VERDICT_DROP ? "all" : "rej", 4);
		return out;
	}
	if (spell(list, out)) {
		return out;
	}
	for (size_t i = 0; i < list->n; i++) {
		hash = hash_range(hash, &list->at[i]);
	}
	out[1] = 'h';
	out[2] = '_';
	for (size_t i = 0; i < HASH_DIGITS; i++) {
		out[3 + i] = "0123456789abcdef"[hash >> (4 * i) & 0xf];
	}
	memcpy(out + 3 + HASH_DIGITS, "_", 2);
	return out;
}
