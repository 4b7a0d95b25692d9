/* SPDX-License-Identifier: MIT */
#pragma once
/* words.h - prefixes, times, jails and trackers in few words, for tests of the policy. */
#include "base/addr.h"
#include "policy/jail.h"
#include "policy/tracker.h"
#include "unit/check.h"

static const uint8_t SEED[16] = { 7, 7, 7 };

static inline struct prefix prefix_at(const char *text)
{
	struct prefix p = { 0 };

	assert_int_equal(prefix_parse(str_of(text), &p), 0);
	return p;
}

static inline instant at(int64_t s)
{
	return instant_at(s);
}

static inline struct tracker *new_tracker(uint32_t subjects, uint32_t entries)
{
	struct tracker *t = NULL;

	assert_int_equal(tracker_new(subjects, entries, SEED, &t), 0);
	return t;
}
