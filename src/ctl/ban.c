/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/span.h"
#include "ctl/ban_file.h"
#include "ctl/client.h"
#include "ctl/terminal.h"

static const char default_length[] = "1h";

struct answer {
	const struct ctl *ctl;
	int code;
};

/* Is the text a prefix? Says how it would be right. */
static bool check_prefix(const struct ctl *ctl, const char *word)
{
	char text[PREFIX_TEXT_MAX];
	struct prefix prefix;
	int r = prefix_parse(str_of(word), &prefix);

	if (r == -ERANGE) {
		(void)ctl_usage(ctl, "%s has bits behind its length; did you mean %s?", word,
				prefix_format(&prefix, text));
	} else if (r < 0) {
		(void)ctl_usage(ctl,
				"\"%s\" is neither an address nor a prefix like 203.0.113.0/24",
				word);
	}
	return r == 0;
}

/* The address that this terminal's user comes from, as sshd tells it. */
static bool caller_inside(const char *word, char ret_caller[static ADDR_TEXT_MAX])
{
	const char *connection = getenv("SSH_CONNECTION");
	struct str rest = str_of(connection), first;
	struct prefix prefix, own;
	struct addr addr;

	if (!connection || !str_word(&rest, &first) || addr_parse(first, &addr) < 0 ||
	    prefix_parse(str_of(word), &prefix) < 0) {
		return false;
	}
	own = prefix_of(&addr, 128);
	addr_format(&addr, ret_caller);
	return prefix_contains(&prefix, &own);
}

static bool check_ban(const struct ctl *ctl)
{
	char caller[ADDR_TEXT_MAX];

	for (size_t i = 0; i < ctl->n_arguments; i++) {
		if (!check_prefix(ctl, ctl->arguments[i])) {
			return false;
		}
		if (!ctl_has(ctl, "force") && caller_inside(ctl->arguments[i], caller)) {
			(void)ctl_usage(
				ctl,
				"%s is where you are logged in from (%s); --force does it all the same",
				ctl->arguments[i], caller);
			return false;
		}
	}
	return true;
}

static void add_prefixes(const struct ctl *ctl, struct value *p)
{
	struct value *list = value_array();

	for (size_t i = 0; i < ctl->n_arguments; i++) {
		value_add_text(list, str_of(ctl->arguments[i]));
	}
	value_set(p, "prefixes", list);
}

static void print_warnings(const struct value *p)
{
	const struct value *warnings = value_get(p, "warnings");

	for (size_t i = 0; i < value_length(warnings); i++) {
		fflush(stdout);
		terminal_tone(TONE_BAD);
		printf("warning: ");
		terminal_text(value_text(value_at(warnings, i), STR_NONE), 0);
		terminal_tone(TONE_PLAIN);
		printf("\n");
	}
	if (!value_bool(value_get(p, "stored"), true)) {
		printf("warning: the database cannot be written; a restart would forget this: ipsctl status\n");
	}
}

static void print_list(const char *head, const struct value *list)
{
	for (size_t i = 0; i < value_length(list); i++) {
		printf("%s", head);
		terminal_text(value_text(value_at(list, i), STR_NONE), 0);
		printf("\n");
	}
}

static bool take_ban(void *arg, const struct value *p)
{
	struct answer *a = arg;
	const struct value *bans = value_get(p, "bans");

	if (value_length(value_get(p, "warnings")) || !value_bool(value_get(p, "stored"), true)) {
		a->code = CTL_NO;
	}
	if (a->ctl->json) {
		terminal_json(p);
		return false;
	}
	for (size_t i = 0; i < value_length(bans); i++) {
		const struct value *ban = value_at(bans, i);
		char local[32] = "";
		instant until;
		bool ends = member_instant(ban, "until", &until);

		if (ends) {
			terminal_local_time(until, local);
		}
		terminal_text(member(ban, "prefix", ""), 0);
		printf(ends ? " is blocked until %s" : " is blocked permanently", local);
		if (!str_eq(member(ban, "ports", "all"), STR("all"))) {
			printf(" (ports ");
			terminal_text(member(ban, "ports", ""), 0);
			printf(")");
		}
		printf("\n");
	}
	if (value_bool(value_get(p, "many"), false)) {
		printf("%lld blocks were made, %lld stood already\n",
		       (long long)value_int(value_get(p, "made"), 0),
		       (long long)value_int(value_get(p, "known"), 0));
	}
	print_list("  ", value_get(p, "notes"));
	print_warnings(p);
	return false;
}

/* Reads --for and --permanent into `seconds`. */
static int add_length(const struct ctl *ctl, struct value *p)
{
	const char *text = ctl_option(ctl, "for");
	duration length;
	int r;

	if (ctl->command == COMMAND_BLACKLIST || ctl_has(ctl, "permanent")) {
		value_set_null(p, "seconds");
		return text ? ctl_usage(ctl, "--for and --permanent exclude each other") : 0;
	}
	text = text ? text : default_length;
	r = span_parse(str_of(text), &length);
	if (r == -ENODATA) {
		return ctl_usage(
			ctl, "--for=%s: %s what? VPOP3 means minutes, %sm; fail2ban seconds, %ss",
			text, text, text, text);
	}
	if (r < 0 || length.us < 1000000) {
		return ctl_usage(ctl, "--for=%s: %s", text,
				 r == -ERANGE ? "the longest is 999999999m; --permanent is longer"
					      : "not a length of time like 30m, 2h, 1d");
	}
	value_set_int(p, "seconds", length.us / 1000000);
	return 0;
}

/* Those of the command line, or of a file: 0, or the exit code. */
static int add_whom(const struct ctl *ctl, struct value *p)
{
	const char *file = ctl_option(ctl, "file");
	struct value *lines;

	if (file && ctl->n_arguments) {
		return ctl_usage(ctl, "either addresses or --file, not both");
	}
	if (file) {
		lines = value_array();
		value_set(p, "lines", lines);
		return ban_file_read(ctl, file, value_int(value_get(p, "seconds"), 0), lines);
	}
	if (!ctl->n_arguments) {
		return ctl_usage(ctl, "whom? For example: ipsctl %s 203.0.113.9%s",
				 command_info(ctl->command)->word,
				 ctl->command == COMMAND_BAN ? " --for 2h" : "");
	}
	if (!check_ban(ctl)) {
		return CTL_USAGE;
	}
	add_prefixes(ctl, p);
	return 0;
}

int ctl_ban(const struct ctl *ctl)
{
	struct answer a = { .ctl = ctl, .code = CTL_DONE };
	struct value *p = value_object();
	int code = add_length(ctl, p);

	code = code ? code : add_whom(ctl, p);
	if (code) {
		value_free(p);
		return code;
	}
	value_set_word(p, "ports", ctl_has(ctl, "ports") ? ctl_option(ctl, "ports") : "all");
	value_set_bool(p, "class_c", ctl_has(ctl, "class-c"));
	value_set_bool(p, "force", ctl_has(ctl, "force"));
	value_set_word(p, "reason", ctl_option(ctl, "reason"));
	code = client_call(ctl, "Ban", p, false, take_ban, &a);
	return code ? code : a.code;
}

/* Each block that goes on, and the ways around it. */
static void print_covers(const struct value *p)
{
	const struct value *covers = value_get(p, "covered_by");

	for (size_t i = 0; i < value_length(covers); i++) {
		struct str cover = value_text(value_at(covers, i), STR_NONE);
		struct str inside = value_text(value_at(value_get(p, "covered"), i), STR_NONE);

		printf("  the block of ");
		terminal_text(cover, 0);
		if (inside.n && !str_eq(inside, cover)) {
			printf(" covers ");
			terminal_text(inside, 0);
			printf("\n    let this one in, the rest stays blocked: ipsctl never-block add ");
			terminal_text(inside, 0);
		} else {
			printf(" stands");
		}
		printf("\n    lift the whole block: ipsctl unban ");
		terminal_text(cover, 0);
		printf("\n");
	}
}

static bool take_unban(void *arg, const struct value *p)
{
	struct answer *a = arg;
	int64_t lifted = value_int(value_get(p, "lifted"), 0);
	bool is_free = value_bool(value_get(p, "free"), false);

	if (!is_free || value_length(value_get(p, "warnings")) ||
	    !value_bool(value_get(p, "stored"), true)) {
		a->code = CTL_NO;
	}
	if (a->ctl->json) {
		terminal_json(p);
		return false;
	}
	if (!is_free) {
		terminal_tone(TONE_BAD);
		printf("still blocked");
		terminal_tone(TONE_PLAIN);
		printf(" (%lld %s lifted)\n", (long long)lifted,
		       lifted == 1 ? "block was" : "blocks were");
		print_covers(p);
	} else if (lifted) {
		printf("%lld %s lifted, the kernel lets it in\n", (long long)lifted,
		       lifted == 1 ? "block was" : "blocks were");
	} else {
		printf("nothing to lift: no block of ipsd's stands there\n");
	}
	print_list("  ", value_get(p, "notes"));
	print_warnings(p);
	return false;
}

/* 0: go on. */
static int confirm_all(const struct ctl *ctl)
{
	char line[16];

	if (ctl_has(ctl, "yes")) {
		return 0;
	}
	if (!isatty(STDIN_FILENO)) {
		return ctl_usage(ctl, "--all lifts every block; say --yes as well");
	}
	printf("Lift every block%s%s? [y/N] ", ctl_has(ctl, "jail") ? " of jail " : "",
	       ctl_has(ctl, "jail") ? ctl_option(ctl, "jail") : "");
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y')) {
		return 0;
	}
	printf("nothing was done\n");
	return CTL_NO;
}

int ctl_unban(const struct ctl *ctl)
{
	struct answer a = { .ctl = ctl, .code = CTL_DONE };
	bool all = ctl_has(ctl, "all");
	struct value *p;
	int code;

	if (all == (ctl->n_arguments > 0)) {
		return ctl_usage(ctl, all ? "either addresses or --all, not both"
					  : "whom? For example: ipsctl unban 203.0.113.9");
	}
	for (size_t i = 0; i < ctl->n_arguments; i++) {
		if (!check_prefix(ctl, ctl->arguments[i])) {
			return CTL_USAGE;
		}
	}
	code = all ? confirm_all(ctl) : 0;
	if (code) {
		return code;
	}
	p = value_object();
	add_prefixes(ctl, p);
	value_set_bool(p, "all", all);
	value_set_word(p, "jail", ctl_option(ctl, "jail"));
	code = client_call(ctl, "Unban", p, false, take_unban, &a);
	return code ? code : a.code;
}
