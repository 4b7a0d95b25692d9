/* SPDX-License-Identifier: MIT */
#include "ctl/config_open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sys/files.h"

const struct config_access config_real_access = { .read = files_read,
						  .list = files_list,
						  .exists = files_exist };
/* Rules for old logs are the same on every host. */
static const struct config_access config_any_host = { .read = files_read, .list = files_list };

size_t config_print_diag(const struct diag *diag, enum diag_level least, bool to_stderr)
{
	static const char *const words[] = {
		[DIAG_NOTE] = "note: ", [DIAG_WARNING] = "warning: ", [DIAG_ERROR] = ""
	};
	const struct diag_item *item;
	size_t n = 0;

	for (size_t i = 0; (item = diag_item(diag, i)); i++) {
		CLEANUP(buf_done) struct buf line = { 0 };

		if (item->level >= least) {
			diag_format(item, &line);
			fprintf(to_stderr ? stderr : stdout, "%s%s\n", words[item->level],
				buf_text(&line));
			n++;
		}
	}
	return n;
}

int config_open(const struct ctl *ctl, unsigned flags, struct config **ret)
{
	struct config_paths paths = { .dir = ctl->config_dir, .shared = ctl->share_dir };
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	int r;

	if (!diag) {
		return CTL_NO;
	}
	r = config_load(&config_any_host, &paths, flags, diag, ret);
	config_print_diag(diag, DIAG_ERROR, true);
	if (r < 0) {
		fprintf(stderr,
			"ipsctl: the config in %s cannot be used%s%s: ipsctl --config-dir=%s check\n",
			ctl->config_dir, r == -EINVAL ? "" : ": ", r == -EINVAL ? "" : strerror(-r),
			ctl->config_dir);
		return CTL_USAGE;
	}
	return 0;
}
