/* SPDX-License-Identifier: MIT */
/* Whether a kernel is too old for our table is not a matter of its number: it is asked to check the
 * whole table, with a set of each scope and family, and to leave it at that. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "ctl/doctor.h"
#include "output/nft.h"
#include "sys/files.h"

/* More than these of a hundred entries of the connection tracker in use. */
enum { CONNTRACK_FULL = 90 };

static int try_table(const struct config *config, struct buf *error)
{
	const struct ruleset *rules = config->ruleset;
	struct kernel_set sets[2 * SCOPES_MAX];
	const struct kernel_plan plan = {
		.table = "ipsd_doctor",
		.scopes = rules->scopes,
		.n_scopes = rules->n_scopes,
		.never_block = rules->never_block,
		.both = config->settings.nft_both,
		.counters = true,
	};
	size_t n = 0;

	for (size_t i = 0; i < rules->n_scopes; i++) {
		sets[n++] = (struct kernel_set){ (uint16_t)i, 4, 32 };
		sets[n++] = (struct kernel_set){ (uint16_t)i, 6, rules->host_v6 };
	}
	return kernel_table_try(&plan, sets, n, error);
}

static void judge_table(struct doctor *d, int r, const char *release, const char *words)
{
	if (r == -ENOTSUP) {
		doctor_find(
			d, "nftables",
			(struct remedy){
				"ipsd needs a kernel with nf_tables, loaded as a module or built in",
				"modprobe nf_tables" },
			"the kernel (Linux %s) has no nftables", release);
	} else if (r == -EPERM) {
		doctor_find(d, "nftables",
			    (struct remedy){
				    "give the container CAP_NET_ADMIN in its own network namespace",
				    "nft list tables" },
			    "the kernel forbids nftables here, though we have CAP_NET_ADMIN");
	} else if (r < 0) {
		doctor_find(
			d, "nftables",
			(struct remedy){
				"boot a newer kernel, or load the modules that it lacks (nft_ct, nft_counter, nft_reject_inet)",
				"uname -r; journalctl -k -g nf_tables" },
			"the kernel (Linux %s) refuses ipsd's table: %s (%s)", release, words,
			strerror(-r));
	} else {
		doctor_fine(d, "nftables", "the kernel (Linux %s) takes ipsd's table", release);
	}
}

void doctor_table(struct doctor *d)
{
	CLEANUP(buf_done) struct buf error = { 0 };
	struct utsname host = { .release = "?" };

	(void)uname(&host);
	if (!d->config || !d->config->ruleset) {
		doctor_unseen(d, "nftables", NULL, "without a config there is no table to try");
	} else if (!d->may) {
		doctor_unseen(d, "nftables", "sudo ipsctl doctor",
			      "only root may ask the kernel whether it takes ipsd's table");
	} else {
		int r = try_table(d->config, &error);

		judge_table(d, r, host.release, buf_text(&error));
	}
}

static bool read_number(const char *path, uint64_t *ret)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	return files_read(path, 64, &text) == 0 &&
	       str_to_uint(str_trim(buf_str(&text)), UINT64_MAX, ret) == 0;
}

void doctor_conntrack(struct doctor *d)
{
	uint64_t used, most;

	if (!read_number("/proc/sys/net/netfilter/nf_conntrack_max", &most) || most == 0 ||
	    !read_number("/proc/sys/net/netfilter/nf_conntrack_count", &used)) {
		doctor_unseen(
			d, "conntrack", "modprobe nf_conntrack",
			"the connection tracker does not tell how full it is, or is not loaded");
	} else if (used * 100 >= most * CONNTRACK_FULL) {
		doctor_find(
			d, "conntrack",
			(struct remedy){
				"when it is full the kernel drops everybody's new connections; allow more",
				"sysctl net.netfilter.nf_conntrack_max=262144" },
			"the connection tracker is nearly full: %llu of %llu",
			(unsigned long long)used, (unsigned long long)most);
	} else {
		doctor_fine(d, "conntrack", "%llu of %llu connections in use",
			    (unsigned long long)used, (unsigned long long)most);
	}
}
