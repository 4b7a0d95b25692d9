/* SPDX-License-Identifier: MIT */
/* Doctor: what makes bans void, and what is to be done? The checks stand in a table and run in its
 * order. It works without the daemon, too, as far as that goes: a daemon that does not start is
 * when a doctor is wanted. What takes rights that we lack is told as not looked at. */
#include "ctl/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/config_open.h"
#include "ctl/terminal.h"
#include "sys/sandbox.h"

static void (*const checks[])(struct doctor *d) = {
	doctor_daemon,     doctor_place,  doctor_table,  doctor_conntrack,
	doctor_interfaces, doctor_tables, doctor_sets,   doctor_programs,
	doctor_readings,   doctor_zones,  doctor_events, doctor_journal,
	doctor_syslog,     doctor_clock,  doctor_disk,   doctor_socket,
};

static struct value *row_of(const char *check, const char *fmt, va_list args) PRINTF(2, 0);

static struct value *row_of(const char *check, const char *fmt, va_list args)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct value *row = value_object();

	buf_vprintf(&text, fmt, args);
	value_set_word(row, "check", check);
	value_set_word(row, "text", buf_text(&text));
	return row;
}

void doctor_find(struct doctor *d, const char *check, struct remedy remedy, const char *fmt, ...)
{
	struct value *row;
	va_list args;

	va_start(args, fmt);
	row = row_of(check, fmt, args);
	va_end(args);
	value_set_word(row, "advice", remedy.advice);
	value_set_word(row, "command", remedy.command);
	value_add(d->findings, row);
}

void doctor_fine(struct doctor *d, const char *check, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	value_add(d->fine, row_of(check, fmt, args));
	va_end(args);
}

void doctor_unseen(struct doctor *d, const char *check, const char *command, const char *fmt, ...)
{
	struct value *row;
	va_list args;

	va_start(args, fmt);
	row = row_of(check, fmt, args);
	va_end(args);
	value_set_word(row, "command", command);
	value_add(d->unseen, row);
}

static void print_first_line(const struct doctor *d)
{
	size_t found = value_length(d->findings), unseen = value_length(d->unseen);

	terminal_tone(found ? TONE_BAD : d->status ? TONE_GOOD : TONE_WARN);
	if (found) {
		printf("%zu %s blocks do less than they should", found,
		       found == 1 ? "thing makes" : "things make");
	} else {
		printf("nothing was found that makes blocks do less than they should");
	}
	terminal_tone(TONE_PLAIN);
	if (unseen) {
		printf("; %zu %s not be looked at", unseen,
		       unseen == 1 ? "thing could" : "things could");
	}
	printf("\n");
}

static void print_next(const struct value *row)
{
	struct str advice = member(row, "advice", ""), command = member(row, "command", "");

	if (!advice.n && !command.n) {
		return;
	}
	printf("\n         ");
	terminal_text(advice, 0);
	if (command.n) {
		printf("%snext: ", advice.n ? "; " : "");
		terminal_text(command, 0);
	}
}

static void print_rows(const struct value *rows, enum tone tone, const char *mark)
{
	for (size_t i = 0; i < value_length(rows); i++) {
		const struct value *row = value_at(rows, i);

		terminal_tone(tone);
		printf("  %-6s ", mark);
		terminal_tone(TONE_PLAIN);
		terminal_text(member(row, "check", ""), 0);
		printf(": ");
		terminal_text(member(row, "text", ""), 0);
		print_next(row);
		printf("\n");
	}
}

static void print(const struct doctor *d)
{
	print_first_line(d);
	print_rows(d->findings, TONE_BAD, "found");
	print_rows(d->unseen, TONE_WARN, "unseen");
	print_rows(d->fine, TONE_GOOD, "ok");
}

static void print_json(struct doctor *d)
{
	CLEANUP(value_freep) struct value *answer = value_object();

	value_set_bool(answer, "daemon", d->status != NULL);
	value_set(answer, "findings", TAKE(d->findings));
	value_set(answer, "unseen", TAKE(d->unseen));
	value_set(answer, "ok", TAKE(d->fine));
	terminal_json(answer);
}

/* ---- what the checks look at ---- */

static bool take_reply(void *arg, const struct value *p)
{
	struct value **reply = arg;

	*reply = value_copy(p);
	return false;
}

static void ask_daemon(struct doctor *d, struct value **ret, struct value **ret_facts)
{
	int r = client_knock(d->ctl);

	d->ask = r == -EACCES || r == -EPERM ? "sudo ipsctl doctor" : "systemctl start ipsd";
	if (r == 0) {
		if (client_call(d->ctl, "Status", NULL, false, take_reply, ret) == CTL_DONE &&
		    client_call(d->ctl, "Doctor", NULL, false, take_reply, ret_facts) == CTL_DONE) {
			d->status = *ret;
			d->facts = *ret_facts;
		} else {
			doctor_unseen(d, "ipsd", "systemctl status ipsd", "it does not answer");
		}
	} else if (r == -EACCES || r == -EPERM) {
		doctor_unseen(d, "ipsd", d->ask, "no right to ask it at %s/control",
			      d->ctl->runtime_dir);
	} else {
		doctor_find(
			d, "ipsd",
			(struct remedy){
				"it blocks nobody new; bans that stand in the kernel end by themselves",
				"systemctl start ipsd; journalctl -u ipsd -n 20" },
			"it does not run, or not here: nobody answers at %s/control",
			d->ctl->runtime_dir);
	}
}

static void read_config(struct doctor *d, struct config **ret)
{
	const struct config_paths paths = { .dir = d->ctl->config_dir,
					    .shared = d->ctl->share_dir };
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(buf_done) struct buf command = { 0 };

	buf_printf(&command, "ipsctl --config-dir=%s check", d->ctl->config_dir);
	if (diag && config_load(&config_real_access, &paths, 0, diag, ret) == 0) {
		d->config = *ret;
	}
	if (!d->config) {
		doctor_find(d, "config",
			    (struct remedy){ "ipsd does not start with it", buf_text(&command) },
			    "what is in %s cannot be used", d->ctl->config_dir);
	} else if (diag_count(diag, DIAG_ERROR)) {
		doctor_find(d, "config",
			    (struct remedy){ "the parts with errors do not run",
					     buf_text(&command) },
			    "%s has %zu error%s", d->ctl->config_dir, diag_count(diag, DIAG_ERROR),
			    str_plural(diag_count(diag, DIAG_ERROR)));
	} else {
		doctor_fine(d, "config", "%s: jails %zu, filters %zu", d->ctl->config_dir,
			    d->config->n_jails, d->config->n_filters);
	}
}

int ctl_doctor(const struct ctl *ctl)
{
	CLEANUP(config_freep) struct config *config = NULL;
	CLEANUP(value_freep) struct value *status = NULL, *facts = NULL;
	struct doctor d = {
		.ctl = ctl,
		.may = sandbox_has_net_admin(),
		.findings = value_array(),
		.fine = value_array(),
		.unseen = value_array(),
	};
	int code;

	if (ctl->n_arguments) {
		return ctl_usage(ctl, "doctor takes no arguments");
	}
	ask_daemon(&d, &status, &facts);
	read_config(&d, &config);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		checks[i](&d);
	}
	code = !d.status ? CTL_UNREACHABLE : value_length(d.findings) ? CTL_NO : CTL_DONE;
	if (ctl->json) {
		print_json(&d);
	} else {
		print(&d);
	}
	value_free(d.findings);
	value_free(d.fine);
	value_free(d.unseen);
	return code;
}
