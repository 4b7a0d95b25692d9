/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/config_open.h"
#include "output/nft.h"
#include "sys/sandbox.h"

int ctl_teardown(const struct ctl *ctl)
{
	CLEANUP(config_freep) struct config *config = NULL;
	CLEANUP(buf_done) struct buf table = { 0 }, error = { 0 };
	int code, r;

	if (ctl->n_arguments) {
		return ctl_usage(ctl, "teardown takes no arguments");
	}
	if (client_knock(ctl) == 0) {
		fprintf(stderr,
			"ipsctl teardown: ipsd runs and would need its table: systemctl stop ipsd; to let everybody in for now: "
			"ipsctl observe\n");
		return CTL_NO;
	}
	if (!sandbox_has_net_admin()) {
		fprintf(stderr,
			"ipsctl teardown: changing nftables needs the capability CAP_NET_ADMIN: be root\n");
		return CTL_NO;
	}
	code = config_open(ctl, 0, &config);
	if (code) {
		return code;
	}
	buf_add_str(&table, config->settings.nft_table);
	r = kernel_table_teardown(buf_text(&table), &error);
	if (r < 0) {
		fprintf(stderr, "ipsctl teardown: %s: %s\n", strerror(-r), buf_text(&error));
		return CTL_NO;
	}
	printf(r == 1 ? "there was no table inet %s\n"
		      : "the table inet %s is gone; nobody is blocked by ipsd any more\n",
	       buf_text(&table));
	return CTL_DONE;
}
