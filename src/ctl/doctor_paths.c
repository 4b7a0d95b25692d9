/* SPDX-License-Identifier: MIT */
/* Who takes packets before nftables sees them, or past it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor.h"
#include "ctl/terminal.h"
#include "lookup/links.h"
#include "output/other_tables.h"

static void find_program(struct doctor *d, const struct link *link)
{
	CLEANUP(buf_done) struct buf command = { 0 };

	if (link->xdp) {
		buf_printf(&command, "ip -d link show dev %s", link->name);
		doctor_find(
			d, "interfaces",
			(struct remedy){
				"find out whose it is; unless it only drops or lets pass, it must leave this interface",
				buf_text(&command) },
			"an XDP program on %s is given each packet before nftables and may carry it past ipsd's rules",
			link->name);
	} else if (link->ingress) {
		buf_printf(&command, "tc filter show dev %s ingress", link->name);
		doctor_find(
			d, "interfaces",
			(struct remedy){
				"find out whose it is (Cilium and the like): what it redirects never meets ipsd's rules",
				buf_text(&command) },
			"traffic control on %s (a qdisc for incoming packets) may carry them past nftables",
			link->name);
	}
}

void doctor_interfaces(struct doctor *d)
{
	static struct links links;
	size_t n = 0;
	int r = links_list(&links);

	if (r < 0) {
		doctor_unseen(d, "interfaces", "ip -d link", "the kernel does not list them: %s",
			      strerror(-r));
		return;
	}
	for (size_t i = 0; i < links.n; i++) {
		if (!links.at[i].loopback && (links.at[i].xdp || links.at[i].ingress)) {
			find_program(d, &links.at[i]);
			n++;
		}
	}
	if (!n) {
		doctor_fine(d, "interfaces",
			    "no XDP program and no traffic control before ipsd on %zu of them",
			    links.n);
	}
}

/* ---- nftables of others ---- */

struct tables {
	struct doctor *doctor;
	size_t n, flowtables;
};

static void take_table(void *arg, const struct other_table *found)
{
	struct tables *t = arg;

	if (!found->flowtable) {
		t->n++;
		return;
	}
	t->flowtables++;
	doctor_find(
		t->doctor, "flowtables",
		(struct remedy){
			"connections that stood before a ban go on through it; take the flowtable away, or leave the ports of your jails out of it",
			"nft list flowtables" },
		"the flowtable %s %s %s carries forwarded connections past ipsd's rules",
		found->family, found->table, found->flowtable);
}

void doctor_tables(struct doctor *d)
{
	struct tables t = { .doctor = d };
	int r = d->may ? other_tables_list(take_table, &t) : -EPERM;

	if (r < 0) {
		doctor_unseen(d, "flowtables", "sudo ipsctl doctor",
			      "nftables of others could not be listed: %s", strerror(-r));
	} else if (!t.flowtables) {
		doctor_fine(d, "flowtables", "there is none in %zu nftables tables", t.n);
	}
}
