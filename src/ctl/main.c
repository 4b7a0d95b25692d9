/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "ctl/options.h"

static int (*const verbs[COMMAND_COUNT])(const struct ctl *) = {
	[COMMAND_STATUS] = ctl_status,     [COMMAND_LIST] = ctl_list,
	[COMMAND_SHOW] = ctl_show,         [COMMAND_BAN] = ctl_ban,
	[COMMAND_UNBAN] = ctl_unban,       [COMMAND_VERIFY] = ctl_verify,
	[COMMAND_DOCTOR] = ctl_doctor,     [COMMAND_NEVER_BLOCK] = ctl_never_block,
	[COMMAND_METRICS] = ctl_metrics,   [COMMAND_OBSERVE] = ctl_observe,
	[COMMAND_ENFORCE] = ctl_enforce,   [COMMAND_EVENTS] = ctl_events,
	[COMMAND_REPLAY] = ctl_replay,     [COMMAND_TRY] = ctl_try,
	[COMMAND_CHECK] = ctl_check,       [COMMAND_CAT] = ctl_cat,
	[COMMAND_TEARDOWN] = ctl_teardown, [COMMAND_BLACKLIST] = ctl_ban,
	[COMMAND_RELOAD] = ctl_reload,
};

static bool has_reader(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) <= 0 || (out.revents & (POLLERR | POLLHUP)) == 0;
}

/* An answer that could not be written was not given. A closed pipe (`| head`) is the reader's
 * choice; it may have failed an earlier write, whose error nobody knows any more. */
static int close_output(int code)
{
	bool failed = ferror(stdout) != 0;

	errno = 0;
	failed = fflush(stdout) != 0 || failed;
	if (failed && has_reader()) {
		fprintf(stderr, "ipsctl: cannot write the answer%s%s\n", errno ? ": " : "",
			errno ? strerror(errno) : "");
		return code ? code : CTL_NO;
	}
	return code;
}

int main(int argc, char **argv)
{
	struct ctl ctl;
	int r = options_parse(argc, argv, &ctl);

	if (r != 0) {
		return r < 0 ? CTL_USAGE : close_output(CTL_DONE);
	}
	return close_output(verbs[ctl.command](&ctl));
}
