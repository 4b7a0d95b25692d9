/* SPDX-License-Identifier: MIT */
#pragma once
/* ctl.h - what every verb of ipsctl is given, and what it answers.
 *
 * A verb is one file with one function ctl_VERB(). It prints to stdout, errors to stderr, and
 * returns the exit code: */
#include <stdbool.h>

#include "base/buf.h"
#include "wire/commands.h"
#include "wire/json.h"

enum ctl_exit {
	CTL_DONE = 0,        /* done; also when it was so already, or the list is empty */
	CTL_NO = 1,          /* the answer is no, or there were findings */
	CTL_USAGE = 2,       /* wrong usage or input */
	CTL_UNREACHABLE = 3, /* the daemon cannot be reached */
};

enum { CTL_OPTIONS_MAX = 64 };

/* One option as it was given; `value` is NULL for those without argument. */
struct ctl_option {
	const char *name, *value;
};

struct ctl {
	const char *config_dir, *share_dir, *state_dir, *runtime_dir;
	enum command command;
	bool json;
	struct ctl_option options[CTL_OPTIONS_MAX];
	size_t n_options;
	char **arguments; /* after the verb */
	size_t n_arguments;
};

/* The value of the option; "" when it was given without one; NULL when it was not given. */
const char *ctl_option(const struct ctl *ctl, const char *name);

static inline bool ctl_has(const struct ctl *ctl, const char *name)
{
	return ctl_option(ctl, name) != NULL;
}

/* Says what is wrong, how it would be right, and gives CTL_USAGE. */
int ctl_usage(const struct ctl *ctl, const char *fmt, ...) PRINTF(2, 3);

int ctl_status(const struct ctl *ctl);
int ctl_list(const struct ctl *ctl);
int ctl_show(const struct ctl *ctl);
int ctl_ban(const struct ctl *ctl); /* blacklist, too */
int ctl_unban(const struct ctl *ctl);
int ctl_never_block(const struct ctl *ctl);
int ctl_verify(const struct ctl *ctl);
int ctl_doctor(const struct ctl *ctl);
int ctl_metrics(const struct ctl *ctl);
int ctl_observe(const struct ctl *ctl);
int ctl_enforce(const struct ctl *ctl);
int ctl_reload(const struct ctl *ctl);
int ctl_events(const struct ctl *ctl);
int ctl_replay(const struct ctl *ctl);
int ctl_try(const struct ctl *ctl);
int ctl_check(const struct ctl *ctl);
int ctl_cat(const struct ctl *ctl);
int ctl_teardown(const struct ctl *ctl);
