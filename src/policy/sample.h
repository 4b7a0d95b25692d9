/* SPDX-License-Identifier: MIT */
#pragma once
/* sample.h - what do some thousand events say about the logs that they come from?
 *
 * Crowds: many people behind one address of an inner network, which is then a proxy that hides
 * them. Twins: two logs that tell the same events, so that each counts twice. Pure; sorts what it
 * is given. */
#include "base/addr.h"
#include "base/time.h"

enum {
	CROWD_EVENTS = 20,  /* at least, in one log; */
	CROWD_PERCENT = 50, /* so many of the log's come from the address, */
	CROWD_ACCOUNTS = 3, /* with so many accounts, or none is known */
	TWIN_EVENTS = 10,   /* at least are told by both logs; */
	TWIN_PERCENT = 50,  /* so many of the one that tells less */
	SAMPLE_LOGS_MAX = 1024,
};

struct sample {
	instant time;
	struct addr addr;
	uint16_t log, type; /* any numbers; log < SAMPLE_LOGS_MAX */
	uint64_t account;   /* any number that tells accounts apart; 0: none */
	uint32_t count;
};

struct crowd {
	uint16_t log;
	struct addr addr;
	uint32_t events, all, accounts; /* of the address, of the log */
};

struct twins {
	uint16_t logs[2];
	uint32_t both, all; /* all: of the log that tells less */
};

/* Is the address one of a private network, of this host (loopback), of a link, or of a carrier's
 * inner network (RFC 6598)? */
bool addr_is_inner(const struct addr *a);
/* How many were written to `ret`. */
size_t sample_crowds(struct sample *samples, size_t n, struct crowd *ret, size_t max);
size_t sample_twins(struct sample *samples, size_t n, struct twins *ret, size_t max);
