/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/config_open.h"

static int cat_one(const struct ctl *ctl, const struct config *config, enum config_kind kind,
		   const char *name)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	int r = config_cat(config, kind, str_of(name), true, &text);

	if (r == -ENOENT) {
		return ctl_usage(ctl, "there is no %s called %s",
				 kind == CONFIG_JAIL ? "jail" : "filter", name);
	}
	if (r < 0) {
		fprintf(stderr, "ipsctl cat: %s\n", strerror(-r));
		return CTL_NO;
	}
	fwrite(text.p, 1, text.n, stdout);
	return CTL_DONE;
}

static bool has_part(const struct config_part *parts, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(parts[i].name, str_of(name))) {
			return true;
		}
	}
	return false;
}

/* A bare name is a jail or a filter; one that is both is asked back. */
static int cat_named(const struct ctl *ctl, const struct config *config, const char *name)
{
	bool jail = has_part(config->jails, config->n_jails, name),
	     filter = has_part(config->filters, config->n_filters, name);

	if (jail && filter) {
		return ctl_usage(
			ctl,
			"%s is a jail and a filter: ipsctl cat jail %s, or ipsctl cat filter %s",
			name, name, name);
	}
	if (!jail && !filter) {
		return ctl_usage(ctl, "there is no jail and no filter called %s", name);
	}
	return cat_one(ctl, config, jail ? CONFIG_JAIL : CONFIG_FILTER, name);
}

int ctl_cat(const struct ctl *ctl)
{
	CLEANUP(config_freep) struct config *config = NULL;
	const char *first = ctl->n_arguments ? ctl->arguments[0] : NULL;
	int code;

	if (ctl->n_arguments > 2) {
		return ctl_usage(ctl, "one name at a time");
	}
	code = config_open(ctl, 0, &config);
	if (code) {
		return code;
	}
	if (!first) {
		return cat_one(ctl, config, CONFIG_MAIN, "");
	}
	if (ctl->n_arguments == 1) {
		return cat_named(ctl, config, first);
	}
	if (strcmp(first, "filter") != 0 && strcmp(first, "jail") != 0) {
		return ctl_usage(ctl, "\"%s\" is neither `filter` nor `jail`", first);
	}
	return cat_one(ctl, config, strcmp(first, "jail") == 0 ? CONFIG_JAIL : CONFIG_FILTER,
		       ctl->arguments[1]);
}
