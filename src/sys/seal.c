/* SPDX-License-Identifier: MIT */
/* seal.c - the filter of system calls.
 *
 * What is on no list fails with ENOSYS instead of killing: a C library of next year that tries a
 * call of next year goes on by the older one, and SQLite or getaddrinfo() report a failure that is
 * dealt with like any other. A daemon that is killed at night for an unforeseen but innocent call
 * guards nobody. (Killing for everything, as OpenSSH and chrony do, fits programs whose calls are
 * all their own; here seven libraries make them.) What no innocent path leads to ends the process
 * at once: it does not belong to us any more.
 *
 * ENOSYS and not EPERM, because that is what libraries take for "an older kernel". The kernel
 * writes each refusal to its log (audit type 1326), so that what a list lacks can be found. */
#include "sys/seal.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <seccomp.h>

#include "sys/seal_calls.h"
#include "sys/seal_files.h"

#ifdef IPSD_SANITISED
enum { SANITISED = 1 };
#else
enum { SANITISED = 0 };
#endif

static int add(scmp_filter_ctx filter, uint32_t action, const char *call, unsigned n,
	       const struct scmp_arg_cmp *compare)
{
	int number = seccomp_syscall_resolve_name(call), r;

	if (number == __NR_SCMP_ERROR) {
		return 0;
	}
	r = seccomp_rule_add_array(filter, action, number, n, compare);
	return r == -EEXIST ? 0 : r;
}

static struct scmp_arg_cmp masked(unsigned argument, uint64_t mask, uint64_t value)
{
	return (struct scmp_arg_cmp){
		.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value
	};
}

static int add_groups(scmp_filter_ctx filter, unsigned process)
{
	int r = 0;

	for (const char *const *call = seal_fatal; *call && r == 0; call++) {
		r = add(filter, SCMP_ACT_KILL_PROCESS, *call, 0, NULL);
	}
	for (size_t i = 0; i < seal_n_groups; i++) {
		const char *const *call = seal_groups[i].calls;

		for (; (seal_groups[i].processes & process) && *call && r == 0; call++) {
			r = add(filter, SCMP_ACT_ALLOW, *call, 0, NULL);
		}
	}
	return r;
}

static int add_rules(scmp_filter_ctx filter, unsigned process)
{
	int r = 0;

	for (size_t i = 0; i < seal_n_rules && r == 0; i++) {
		const struct seal_rule *rule = &seal_rules[i];
		struct scmp_arg_cmp compare[ARRAY_SIZE(rule->conditions)];

		for (size_t k = 0; k < rule->n_conditions; k++) {
			compare[k] = masked(rule->conditions[k].argument, rule->conditions[k].mask,
					    rule->conditions[k].value);
		}
		if (rule->processes & process) {
			r = add(filter, SCMP_ACT_ALLOW, rule->call, rule->n_conditions, compare);
		}
	}
	return r;
}

/* Itself by any signal (that is how abort() ends it); another by SIGKILL. */
static int add_signals(scmp_filter_ctx filter, const struct seal *seal)
{
	struct scmp_arg_cmp self = masked(0, UINT32_MAX, (uint64_t)getpid());
	struct scmp_arg_cmp child[] = { masked(0, UINT32_MAX, (uint64_t)seal->ends),
					masked(1, UINT32_MAX, SIGKILL) };
	int r = 0;

	if (seal->profile != SEAL_KEEPER && seal->profile != SEAL_STARTER) {
		r = add(filter, SCMP_ACT_ALLOW, "tgkill", 1, &self);
	}
	if (r == 0 && seal->ends > 0) {
		r = add(filter, SCMP_ACT_ALLOW, "kill", ARRAY_SIZE(child), child);
	}
	return r;
}

static int load(scmp_filter_ctx filter, const struct seal *seal)
{
	unsigned process = 1U << seal->profile;
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	r = r < 0 ? r : seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	r = r < 0 ? r : seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = r < 0 ? r : add_groups(filter, process);
	r = r < 0 ? r : add_rules(filter, process);
	r = r < 0 ? r : add_signals(filter, seal);
	return r < 0 ? r : seccomp_load(filter);
}

static int seal_calls(const struct seal *seal)
{
	scmp_filter_ctx filter;
	int r;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
		return SEAL_WITHOUT_CALLS;
	}
	filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (!filter) {
		return -ENOMEM;
	}
	r = load(filter, seal);
	seccomp_release(filter);
	return r;
}

int seal_process(const struct seal *seal)
{
	bool files = seal->profile != SEAL_ENFORCER;
	int places, r;

	if (SANITISED) {
		return SEAL_NONE;
	}
	places = seal_files(files ? SEAL_FILES_READ : SEAL_FILES_NONE, seal->writes);
	if (places < 0) {
		return places;
	}
	r = seal_calls(seal);
	return r == SEAL_WHOLE && places > 0 ? SEAL_WITHOUT_PLACES : r;
}
