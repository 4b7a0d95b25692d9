/* SPDX-License-Identifier: MIT */
#pragma once
/* known.h - has this account logged in from there, and has anybody?
 *
 * The latest login of each account and address, and of each address. Bounded by `capacity`: when
 * full, what was heard of longest ago is forgotten. Pure; allocates only in known_new(). */
#include "base/time.h"
#include "policy/subject.h"

struct known;

/* -ENOMEM, -EINVAL as table_new(). */
NODISCARD int known_new(uint32_t capacity, const uint8_t seed[static TABLE_SEED_SIZE],
			struct known **ret);
struct known *known_free(struct known *k);
DEFINE_FREEP(struct known, known_free)
/* A login. True: none of the account from there was told in the last `pause`, now this one is: it
 * is worth keeping over a restart. */
bool known_add(struct known *k, const struct prefix *address, const struct account_id *account,
	       instant at, duration pause);
/* Did the account (NULL: anybody) log in from there later than at - memory? */
bool known_has(const struct known *k, const struct prefix *address,
	       const struct account_id *account, instant at, duration memory);
/* Pairs and addresses held. */
uint32_t known_count(const struct known *k);
