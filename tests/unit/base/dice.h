/* SPDX-License-Identifier: MIT */
#pragma once
/* dice.h - the same random numbers on every machine (splitmix64), with the seed in the test's
 * output. */
#include "unit/check.h"

struct dice {
	uint64_t state;
};

static inline struct dice dice_new(uint64_t seed)
{
	print_message("# seed %llu\n", (unsigned long long)seed);
	return (struct dice){ .state = seed };
}

static inline uint64_t dice_roll(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* 0 .. n-1 */
static inline uint32_t dice_below(struct dice *d, uint32_t n)
{
	return (uint32_t)(dice_roll(d) >> 32) % n;
}
