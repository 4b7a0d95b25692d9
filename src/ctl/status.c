/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/span.h"
#include "ctl/client.h"
#include "ctl/table.h"
#include "ctl/terminal.h"

struct status {
	bool json, all;
	int code;
};

/* What is not printed without --all: nobody has to look at it. */
struct rest {
	size_t waiting, disabled, missing;
};

/* Does this finding ask for a person? */
static bool is_bad(const struct value *finding)
{
	return !str_eq(member(finding, "level", ""), STR("note"));
}

static size_t count_bad(const struct value *findings)
{
	size_t bad = 0;

	for (size_t i = 0; i < value_length(findings); i++) {
		bad += is_bad(value_at(findings, i));
	}
	return bad;
}

static int64_t count_bans(const struct value *jails)
{
	int64_t n = 0;

	for (size_t i = 0; i < value_length(jails); i++) {
		n += value_int(value_get(value_at(jails, i), "bans"), 0);
	}
	return n;
}

/* Changes are on their way; nobody has to do anything. */
static bool is_pending(const struct value *kernel)
{
	return value_int(value_get(kernel, "pending"), 0) > 0;
}

/* " until 04:00, then it enforces again", or nothing. */
static const char *mode_end(const struct value *p, char out[static 64])
{
	bool observes = str_eq(member(p, "mode", ""), STR("observe"));
	char local[32];
	instant until;

	out[0] = '\0';
	if (member_instant(p, "mode_until", &until)) {
		terminal_local_time(until, local);
		snprintf(out, 64, " until %s, then it %s", local,
			 observes ? "enforces" : "observes");
	}
	return out;
}

static void print_first_line(const struct value *p, size_t bad, bool enforces)
{
	const struct value *kernel = value_get(p, "kernel");
	bool agrees = value_bool(value_get(kernel, "agrees"), false);
	int64_t bans = count_bans(value_get(p, "jails")),
		elements = value_int(value_get(kernel, "elements"), 0),
		uptime_s = value_int(value_get(p, "uptime"), 0);
	char uptime[SPAN_TEXT_MAX], until[64];

	if (!enforces) {
		terminal_tone(TONE_WARN);
		printf("ipsd OBSERVES: nobody is blocked%s%s", mode_end(p, until),
		       bad ? ", and it needs you: see below" : "");
	} else if (!bad && !agrees && is_pending(kernel)) {
		terminal_tone(TONE_WARN);
		printf("ipsd is bringing the kernel in line, %lld changes to go",
		       (long long)value_int(value_get(kernel, "pending"), 0));
	} else if (bad || !agrees) {
		terminal_tone(TONE_BAD);
		printf("ipsd needs you: %s",
		       agrees ? "see below" : "the kernel does not hold what ipsd wants");
	} else {
		terminal_tone(TONE_GOOD);
		printf("ipsd is well%s", mode_end(p, until));
	}
	terminal_tone(TONE_PLAIN);
	printf("; %lld %s by jails, %lld %s in the kernel, up %s (", (long long)bans,
	       bans == 1 ? "block" : "blocks", (long long)elements,
	       elements == 1 ? "element" : "elements",
	       uptime_s ? span_format_short(seconds(uptime_s), uptime) : "0s");
	terminal_text(member(p, "version", ""), 0);
	printf(")\n");
}

static void print_findings(const struct value *findings)
{
	for (size_t i = 0; i < value_length(findings); i++) {
		const struct value *row = value_at(findings, i);
		struct str command = member(row, "command", "");

		terminal_tone(is_bad(row) ? TONE_BAD : TONE_DIM);
		printf("  ");
		terminal_text(member(row, "level", ""), 0);
		printf(": ");
		terminal_tone(TONE_PLAIN);
		terminal_text(member(row, "text", ""), 0);
		if (command.n) {
			printf("\n      next: ");
			terminal_text(command, 0);
		}
		printf("\n");
	}
}

static void cell_int(struct grid *g, size_t column, const struct value *row, const char *key)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%lld", (long long)value_int(value_get(row, key), 0));

	grid_cell(g, column, (struct str){ .p = text, .n = (size_t)n });
}

static bool is_missing(const struct value *source)
{
	return str_eq(member(source, "state", ""), STR("missing"));
}

/* Those that are missing are the answer when there are no others. */
static size_t count_missing(const struct value *sources)
{
	size_t missing = 0, n = value_length(sources);

	for (size_t i = 0; i < n; i++) {
		missing += is_missing(value_at(sources, i));
	}
	return missing < n ? missing : 0;
}

static void print_sources(const struct value *sources, bool without_missing)
{
	static const struct table_column columns[] = {
		{ "SOURCE", 0 },        { "STATE", 0 }, { "LINES", TABLE_RIGHT },
		{ "LAG", TABLE_RIGHT }, { "WHY", 0 },
	};
	CLEANUP(grid_freep) struct grid *g = grid_new(columns, ARRAY_SIZE(columns), false);

	for (size_t i = 0; g && i < value_length(sources); i++) {
		const struct value *row = value_at(sources, i);

		if (without_missing && is_missing(row)) {
			continue;
		}
		grid_row(g);
		grid_cell(g, 0, member(row, "path", ""));
		grid_cell(g, 1, member(row, "state", ""));
		cell_int(g, 2, row, "lines");
		cell_int(g, 3, row, "lag_bytes");
		grid_cell(g, 4, member(row, "why", ""));
	}
	if (g && value_length(sources)) {
		printf("\n");
		grid_print(g);
	}
}

static bool is_idle(const struct value *jail, struct rest *rest)
{
	struct str state = member(jail, "state", "");
	bool waits = str_eq(state, STR("waiting")), off = str_eq(state, STR("disabled"));

	rest->waiting += waits;
	rest->disabled += off;
	return waits || off;
}

static void print_rest(const struct rest *rest)
{
	if (!rest->waiting && !rest->disabled && !rest->missing) {
		return;
	}
	terminal_tone(TONE_DIM);
	printf("\nNot shown:");
	if (rest->waiting) {
		printf(" %zu %s for a log that is not there yet;", rest->waiting,
		       rest->waiting == 1 ? "jail that waits" : "jails that wait");
	}
	if (rest->disabled) {
		printf(" %zu disabled %s;", rest->disabled, rest->disabled == 1 ? "jail" : "jails");
	}
	if (rest->missing) {
		printf(" %zu %s not there;", rest->missing,
		       rest->missing == 1 ? "source that is" : "sources that are");
	}
	printf(" see ipsctl status --all\n");
	terminal_tone(TONE_PLAIN);
}

static void print_jails(const struct value *jails, bool all, struct rest *rest)
{
	static const struct table_column columns[] = {
		{ "JAIL", 0 },
		{ "STATE", 0 },
		{ "MODE", 0 },
		{ "WATCHED", TABLE_RIGHT },
		{ "NEAR", TABLE_RIGHT },
		{ "BANS", TABLE_RIGHT },
		{ "SPARED", TABLE_RIGHT },
		{ "OBSERVED", TABLE_RIGHT },
	};
	CLEANUP(grid_freep) struct grid *g = grid_new(columns, ARRAY_SIZE(columns), false);
	size_t rows = 0;

	for (size_t i = 0; g && i < value_length(jails); i++) {
		const struct value *row = value_at(jails, i);

		if (!all && is_idle(row, rest)) {
			continue;
		}
		grid_row(g);
		rows++;
		grid_cell(g, 0, member(row, "name", ""));
		grid_cell(g, 1, member(row, "state", ""));
		grid_cell(g, 2, member(row, "mode", ""));
		cell_int(g, 3, row, "subjects");
		cell_int(g, 4, row, "near");
		cell_int(g, 5, row, "bans");
		cell_int(g, 6, row, "spared");
		cell_int(g, 7, row, "observed");
	}
	if (rows) {
		printf("\n");
		grid_print(g);
	}
}

static bool take_status(void *arg, const struct value *p)
{
	struct status *s = arg;
	const struct value *findings = value_get(p, "findings");
	bool enforces = str_eq(member(p, "mode", ""), STR("enforce"));
	const struct value *kernel = value_get(p, "kernel");
	bool agrees = value_bool(value_get(kernel, "agrees"), false);
	size_t bad = count_bad(findings);
	struct rest rest = { 0 };

	s->code = bad || (enforces && !agrees && !is_pending(kernel)) ? CTL_NO : CTL_DONE;
	if (s->json) {
		terminal_json(p);
		return false;
	}
	print_first_line(p, bad, enforces);
	print_findings(findings);
	rest.missing = s->all ? 0 : count_missing(value_get(p, "sources"));
	print_sources(value_get(p, "sources"), rest.missing > 0);
	print_jails(value_get(p, "jails"), s->all, &rest);
	print_rest(&rest);
	return false;
}

int ctl_status(const struct ctl *ctl)
{
	struct status s = { .json = ctl->json, .all = ctl_has(ctl, "all") };
	int code;

	if (ctl->n_arguments) {
		return ctl_usage(ctl, "status takes no arguments");
	}
	code = client_call(ctl, "Status", NULL, false, take_status, &s);
	return code ? code : s.code;
}
