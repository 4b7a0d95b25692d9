/* SPDX-License-Identifier: MIT */
#pragma once
/* subject.h - what does a jail count by?
 *
 * A prefix (an address or its network), an account, or a share: one address's part in what happens
 * to one account. Subjects are compared and hashed as bytes. An account is a keyed 128-bit digest
 * of its first ACCOUNT_KEPT bytes, the case of ASCII letters left aside: accounts come from logs
 * and may be anything. A tag is a keyed digest of an address or an account, short enough to be kept
 * with each event; two of a thousand in one window are the same once in a billion windows. Pure. */
#include "base/addr.h"
#include "base/str.h"
#include "base/table.h"

enum { ACCOUNT_KEPT = 256, SUBJECT_ACCOUNT_BYTES = 8, TAG_BITS = 52 };

/* All zero: no account. */
struct account_id {
	uint8_t bytes[16];
};

struct subject {
	/* Of an account family 0, the address's bytes are the digest. */
	struct prefix prefix;
	/* Of a share the first bytes of the account's digest; else zero. */
	uint8_t account[SUBJECT_ACCOUNT_BYTES];
};

#define TAG_MASK ((UINT64_C(1) << TAG_BITS) - 1)

/* 0: of nothing. */
typedef uint64_t tag;

/* An empty text is no account. */
struct account_id account_id(struct str account, const uint8_t seed[static TABLE_SEED_SIZE]);
bool account_is_none(const struct account_id *a);
tag account_tag(const struct account_id *a);
tag prefix_tag(const struct prefix *p, const uint8_t seed[static TABLE_SEED_SIZE]);

struct subject subject_of_prefix(const struct prefix *p);
struct subject subject_of_account(const struct account_id *a);
struct subject subject_of_share(const struct prefix *address, const struct account_id *a);
bool subject_is_account(const struct subject *s);
bool subject_is_share(const struct subject *s);
