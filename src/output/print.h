/* SPDX-License-Identifier: MIT */
#pragma once
/* print.h - decisions as lines for people (replay, the journal of an observing daemon). */
#include "base/buf.h"
#include "engine/engine.h"

/* One line without newline, e.g. `2026-11-22T03:04:05Z ban 203.0.113.9 for 30m, until
 * 2026-11-22T03:34:05Z: vpop3-smtp: 2 relay-denied x 100 + 5 auth-failure x 50 + 12 bad-recipient x
 * 50 = 1050 >= 1000`. Text from logs is escaped. */
void print_decision(const struct ruleset *r, const struct decision *d, struct buf *out);
/* The arithmetic alone: "2 relay-denied x 100 + 5 auth-failure x 50 + 12 bad-recipient x 50 = 1050
 * >= 1000". `jail` NULL: empty. */
void print_arithmetic(const struct ruleset *r, const struct jail *jail,
		      const struct evidence *evidence, size_t n, struct buf *out);
