/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "ctl/client.h"

static bool take_metrics(void *arg, const struct value *p)
{
	struct str text = value_text(value_get(p, "text"), STR(""));

	(void)arg;
	fwrite(text.p, 1, text.n, stdout);
	return false;
}

int ctl_metrics(const struct ctl *ctl)
{
	if (ctl->n_arguments || ctl->json) {
		return ctl_usage(ctl, "metrics takes no arguments and prints Prometheus text");
	}
	return client_call(ctl, "Metrics", NULL, false, take_metrics, NULL);
}
