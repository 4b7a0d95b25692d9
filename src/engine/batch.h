/* SPDX-License-Identifier: MIT */
#pragma once
/* batch.h - what the engine says at once: counted events and decisions, in the order in which they
 * came about.
 *
 * Plain data, borrowed from the engine until it is fed, ticked or given an order again. */
#include "detect/event.h"
#include "policy/decision.h"

enum {
	EVENT_TEXT_KEPT = 2048,   /* bytes of a line that go on with its event */
	EVENT_ACCOUNT_KEPT = 256, /* of its account, and of its data */
	BATCH_EVENTS = 4096,
	BATCH_DECISIONS = 8192,
	BATCH_EVIDENCE = 65536,
	EVIDENCE_MAX = 1000, /* events that one decision names */
};

/* An event that at least one jail counted, or a login. Its strings live in the batch. */
struct counted {
	uint64_t id; /* ascends; 0: a login that no jail counted, to be known but not kept */
	struct event event;
};

struct batch {
	const struct counted *events;
	size_t n_events;
	const struct decision *decisions;
	size_t n_decisions;
};
