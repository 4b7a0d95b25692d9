/* SPDX-License-Identifier: MIT */
#pragma once
/* enforcer_process.h - the process that may change nftables: reads records, runs transactions,
 * replies.
 *
 * It trusts no record: it checks each, and holds nothing that is on never-block. */
#include <stdnoreturn.h>

#include "output/kernel_plan.h"

/* All that it knows when it starts. Scopes and never-block are told by records. */
struct enforcer_job {
	const char *table;
	bool both, counters;
	bool cuts;       /* cut-connections */
	uint8_t host_v6; /* length of an IPv6 subject */
};

/* How the process ends: the daemon has closed its end; or its table cannot be made (it said why).
 */
enum { ENFORCER_DONE = 0, ENFORCER_FAILED = 3 };

/* `starts` processes were before this one. Never returns. */
noreturn void enforcer_process_run(const struct enforcer_job *job, int fd, uint64_t starts);
