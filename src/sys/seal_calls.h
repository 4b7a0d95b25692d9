/* SPDX-License-Identifier: MIT */
#pragma once
/* seal_calls.h - which system calls may each process make, and which end it?
 *
 * Tables, no code. Names that a machine or its libseccomp does not know are left out. */
#include <stddef.h>
#include <stdint.h>

/* Sets of processes; the numbers are those of enum seal_profile. */
enum {
	FOR_READER = 1 << 0,
	FOR_KEEPER = 1 << 1,
	FOR_ENFORCER = 1 << 2,
	FOR_STARTER = 1 << 3,
	FOR_RESOLVER = 1 << 4,
	FOR_ALL = (1 << 5) - 1,
};

/* Calls that are allowed whatever their arguments. */
struct seal_group {
	unsigned processes;
	const char *const *calls; /* ends with NULL */
};

/* A call that is allowed when (argument & mask) == value, for each of its conditions. */
struct seal_condition {
	unsigned argument;
	uint64_t mask, value;
};

struct seal_rule {
	unsigned processes;
	const char *call;
	unsigned n_conditions;
	struct seal_condition conditions[2];
};

extern const struct seal_group seal_groups[];
extern const size_t seal_n_groups;
extern const struct seal_rule seal_rules[];
extern const size_t seal_n_rules;
/* What ends any process; ends with NULL. */
extern const char *const seal_fatal[];
