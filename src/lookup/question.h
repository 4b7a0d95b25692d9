/* SPDX-License-Identifier: MIT */
#pragma once
/* question.h - what do the daemon and its resolver process say to each other?
 *
 * Messages of fixed size over a SOCK_SEQPACKET pair, one question under way at a time. Neither side
 * trusts the other: each message is checked whole. Pure. */
#include "base/addr.h"
#include "base/hostname.h"

enum {
	ANSWER_ADDRESSES = 64, /* more are left out */
	ANSWER_WHY_MAX = 120
};

struct question {
	uint64_t id;             /* never 0 */
	char name[HOSTNAME_MAX]; /* by hostname_is_entry() */
	uint8_t pad[4];
};

enum answer_state {
	ANSWER_READY,  /* the process has begun: what was asked before is to be asked again */
	ANSWER_FOUND,  /* at least one address */
	ANSWER_NONE,   /* the name servers say that there is no such name, or no address */
	ANSWER_FAILED, /* nobody answered, or not so that one could understand it */
};

struct answer {
	uint64_t id; /* the question's; 0: ANSWER_READY */
	uint32_t state;
	uint32_t n;
	struct addr addresses[ANSWER_ADDRESSES];
	/* ANSWER_NONE, ANSWER_FAILED: in words, printable ASCII; ANSWER_FOUND: why there may be
	 * more addresses than these; "" when that is all */
	char why[ANSWER_WHY_MAX];
};

/* What came in: -EBADMSG when it is not as it should be. */
NODISCARD int question_parse(const void *bytes, size_t n, struct question *ret);
NODISCARD int answer_parse(const void *bytes, size_t n, struct answer *ret);
