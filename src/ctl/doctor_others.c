/* SPDX-License-Identifier: MIT */
/* Who else blocks. That makes no block of ours void, but an unban: whom two hold, one alone does
 * not let in. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/doctor.h"
#include "ctl/terminal.h"
#include "lookup/programs.h"
#include "output/other_sets.h"

enum { ASKED_MAX = 100, SETS_MAX = 8, SET_TEXT_MAX = 128 };

/* A set of another table that holds some of the addresses that ipsd blocks. */
struct holder {
	char name[SET_TEXT_MAX]; /* "set inet f2b-table addr-set-sshd" */
	struct addr example;
	size_t holds;
};

struct others {
	struct holder holders[SETS_MAX];
	size_t n, asked;
	struct str ours;     /* our table */
	struct addr address; /* that is asked for */
	int error;
};

static void take_set(void *arg, const struct other_set *set)
{
	struct others *o = arg;
	char name[SET_TEXT_MAX];
	size_t i = 0;

	(void)snprintf(name, sizeof(name), "%s %s %s %s", set->is_map ? "map" : "set", set->family,
		       set->table, set->name);
	while (i < o->n && strcmp(o->holders[i].name, name) != 0) {
		i++;
	}
	if (i == SETS_MAX) {
		return;
	}
	if (i == o->n) {
		memcpy(o->holders[o->n].name, name, sizeof(name));
		o->holders[o->n++].example = o->address;
	}
	o->holders[i].holds++;
}

/* Asks for the address of each block that is of one address. */
static bool take_bans(void *arg, const struct value *p)
{
	const struct value *bans = value_get(p, "bans");
	struct others *o = arg;

	for (size_t i = 0; i < value_length(bans) && o->asked < ASKED_MAX && o->error >= 0; i++) {
		struct prefix prefix;

		if (prefix_parse(member(value_at(bans, i), "prefix", ""), &prefix) < 0 ||
		    prefix.len != addr_bits(&prefix.addr)) {
			continue;
		}
		o->address = prefix.addr;
		o->error = other_sets_find(o->ours, &prefix.addr, take_set, o);
		o->asked++;
	}
	return o->asked < ASKED_MAX && o->error >= 0;
}

static void tell_sets(struct doctor *d, const struct others *o)
{
	for (size_t i = 0; i < o->n; i++) {
		CLEANUP(buf_done) struct buf command = { 0 };
		char address[ADDR_TEXT_MAX];

		buf_printf(&command, "nft list %s", o->holders[i].name);
		doctor_find(
			d, "others",
			(struct remedy){
				"an unban by ipsctl alone does not let them in; have one program do the blocking",
				buf_text(&command) },
			"blocked addresses stand in the nftables %s of another program, too: %zu of %zu (%s)",
			o->holders[i].name, o->holders[i].holds, o->asked,
			addr_format(&o->holders[i].example, address));
	}
	if (!o->asked) {
		doctor_fine(d, "others",
			    "no single address is blocked that others could hold, too");
	} else if (!o->n) {
		doctor_fine(d, "others",
			    "none of %zu blocked address%s stands in another nftables set",
			    o->asked, o->asked == 1 ? "" : "es");
	}
}

void doctor_sets(struct doctor *d)
{
	struct others others = { .ours = d->config ? d->config->settings.nft_table : STR("ipsd") };

	if (!d->status) {
		return;
	}
	if (!d->may) {
		doctor_unseen(d, "others", "sudo ipsctl doctor",
			      "whether other nftables sets hold the blocked addresses, too");
	} else if (client_call(d->ctl, "List", NULL, true, take_bans, &others) != CTL_DONE ||
		   others.error < 0) {
		doctor_unseen(d, "others", "nft list sets", "other nftables sets: %s",
			      strerror(others.error < 0 ? -others.error : EIO));
	} else {
		tell_sets(d, &others);
	}
}

void doctor_programs(struct doctor *d)
{
	static const struct {
		const char *name, *what;
	} known[] = {
		{ "fail2ban-server", "fail2ban" },
		{ "crowdsec", "CrowdSec" },
		{ "sshguard", "sshguard" },
		{ "lfd", "lfd" },
	};

	const char *names[ARRAY_SIZE(known)];
	bool is_there[ARRAY_SIZE(known)] = { false };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		names[i] = known[i].name;
	}
	if (programs_look(names, ARRAY_SIZE(known), is_there) < 0) {
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (is_there[i]) {
			doctor_fine(
				d, "others",
				"%s runs on this host, too: whom ipsctl lets in it may still block",
				known[i].what);
		}
	}
}
