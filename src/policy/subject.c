/* SPDX-License-Identifier: MIT */
#include "policy/subject.h"

#include <string.h>

_Static_assert(sizeof(struct subject) == sizeof(struct prefix) + SUBJECT_ACCOUNT_BYTES,
	       "hashed as bytes");

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

struct account_id account_id(struct str account, const uint8_t seed[static TABLE_SEED_SIZE])
{
	struct account_id id = { 0 };
	uint8_t other[TABLE_SEED_SIZE];
	char folded[ACCOUNT_KEPT];
	size_t n = account.n < ACCOUNT_KEPT ? account.n : ACCOUNT_KEPT;
	uint64_t half;

	if (n == 0) {
		return id;
	}
	for (size_t i = 0; i < n; i++) {
		folded[i] = lower(account.p[i]);
	}
	for (size_t i = 0; i < sizeof(other); i++) {
		other[i] = (uint8_t)~seed[i];
	}
	half = siphash(folded, n, seed);
	memcpy(id.bytes, &half, sizeof(half));
	half = siphash(folded, n, other);
	memcpy(id.bytes + sizeof(half), &half, sizeof(half));
	id.bytes[0] |= 1; /* none is zero */
	return id;
}

bool account_is_none(const struct account_id *a)
{
	return a->bytes[0] == 0;
}

tag account_tag(const struct account_id *a)
{
	tag t;

	memcpy(&t, a->bytes, sizeof(t));
	return t & TAG_MASK;
}

tag prefix_tag(const struct prefix *p, const uint8_t seed[static TABLE_SEED_SIZE])
{
	return (siphash(p, sizeof(*p), seed) & TAG_MASK) | 1;
}

struct subject subject_of_prefix(const struct prefix *p)
{
	return (struct subject){ .prefix = *p };
}

struct subject subject_of_account(const struct account_id *a)
{
	struct subject s = { .prefix = { .len = 0 } };

	memcpy(s.prefix.addr.bytes, a->bytes, sizeof(a->bytes));
	return s;
}

struct subject subject_of_share(const struct prefix *address, const struct account_id *a)
{
	struct subject s = { .prefix = *address };

	memcpy(s.account, a->bytes, sizeof(s.account));
	return s;
}

bool subject_is_account(const struct subject *s)
{
	return s->prefix.addr.family == 0;
}

bool subject_is_share(const struct subject *s)
{
	return s->account[0] != 0;
}
