/* SPDX-License-Identifier: MIT */
/* The daemon's own findings, and what its status says besides. */
#include <stdio.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/doctor.h"
#include "ctl/terminal.h"

enum { WIDE_V4 = 8, WIDE_V6 = 16 };

/* True: one of them says that nobody is blocked. */
static bool take_findings(struct doctor *d)
{
	const struct value *findings = value_get(d->status, "findings");
	bool nobody = false;

	for (size_t i = 0; i < value_length(findings); i++) {
		const struct value *row = value_at(findings, i);

		if (!str_eq(member(row, "level", ""), STR("note"))) {
			doctor_find(d, "ipsd",
				    (struct remedy){
					    .command = value_cstring(value_get(row, "command")) },
				    "%.*s", STR_ARG(member(row, "text", "")));
			nobody |= str_has_prefix(member(row, "text", ""), STR("nobody is blocked"));
		}
	}
	return nobody;
}

static void check_mode(struct doctor *d, bool told)
{
	const struct value *kernel = value_get(d->status, "kernel");

	if (!str_eq(member(d->status, "mode", ""), STR("enforce"))) {
		if (told) {
			return;
		}
		doctor_find(d, "mode",
			    (struct remedy){ "it decides and shows, ipsctl list --observed",
					     "ipsctl enforce" },
			    "ipsd only observes: nobody is blocked");
	} else if (!value_bool(value_get(kernel, "agrees"), false)) {
		doctor_unseen(d, "kernel", "ipsctl verify", "changes are on their way to it: %lld",
			      (long long)value_int(value_get(kernel, "pending"), 0));
	} else {
		doctor_fine(d, "ipsd", "it enforces, and the kernel holds its %lld elements",
			    (long long)value_int(value_get(kernel, "elements"), 0));
	}
}

static void check_jails(struct doctor *d)
{
	const struct value *jails = value_get(d->status, "jails");
	CLEANUP(buf_done) struct buf names = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < value_length(jails); i++) {
		const struct value *row = value_at(jails, i);

		if (str_eq(member(row, "mode", ""), STR("observe")) &&
		    !str_eq(member(row, "state", ""), STR("disabled"))) {
			buf_printf(&names, "%s%.*s", n++ ? ", " : "",
				   STR_ARG(member(row, "name", "")));
		}
	}
	if (n) {
		doctor_fine(d, "jails", "%s only %s, as its file says", buf_text(&names),
			    n == 1 ? "observes" : "observe");
	}
}

/* An entry of never-block wider than any network that somebody runs. */
static bool is_wide(const struct prefix *p)
{
	return p->len < (p->addr.family == 4 ? WIDE_V4 : WIDE_V6);
}

static void find_wide(struct doctor *d, const struct value *row)
{
	struct str entry = member(row, "entry", ""), file = member(row, "file", "");
	CLEANUP(buf_done) struct buf command = { 0 };

	if (file.n) {
		buf_printf(&command, "editor +%lld %.*s && ipsctl reload",
			   (long long)value_int(value_get(row, "line"), 1), STR_ARG(file));
	} else {
		buf_printf(&command, "ipsctl never-block remove %.*s", STR_ARG(entry));
	}
	doctor_find(d, "never-block",
		    (struct remedy){ "name the networks that are yours instead",
				     buf_text(&command) },
		    "%.*s is on never-block: nobody in it is ever blocked", STR_ARG(entry));
}

static bool take_never(void *arg, const struct value *p)
{
	const struct value *entries = value_get(p, "entries");

	for (size_t i = 0; i < value_length(entries); i++) {
		const struct value *row = value_at(entries, i);
		struct prefix prefix;

		if (!str_eq(member(row, "from", ""), STR("private")) &&
		    prefix_parse(member(row, "entry", ""), &prefix) == 0 && is_wide(&prefix)) {
			find_wide(arg, row);
		}
	}
	return true;
}

void doctor_daemon(struct doctor *d)
{
	if (d->status) {
		(void)client_call(d->ctl, "NeverBlockList", NULL, true, take_never, d);
		check_mode(d, take_findings(d));
		check_jails(d);
	}
}
