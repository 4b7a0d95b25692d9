/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "ctl/client.h"
#include "ctl/never_file.h"
#include "ctl/never_words.h"
#include "ctl/table.h"
#include "ctl/terminal.h"

struct answer {
	const struct ctl *ctl;
	struct value *rows; /* list: all entries */
	int code;
};

/* ---- list ---- */

static bool take_rows(void *arg, const struct value *p)
{
	struct answer *a = arg;
	const struct value *entries = value_get(p, "entries");

	for (size_t i = 0; i < value_length(entries); i++) {
		value_add(a->rows, value_copy(value_at(entries, i)));
	}
	return true;
}

static void print_row(struct grid *g, const struct value *row)
{
	CLEANUP(buf_done) struct buf scope = { 0 }, from = { 0 }, spared = { 0 };
	char until[32] = "for good";
	instant t;

	if (member_instant(row, "until", &t)) {
		terminal_local_time(t, until);
	}
	never_words_scope(row, &scope);
	never_words_from(row, &from);
	buf_printf(&spared, "%lld", (long long)value_int(value_get(row, "spared_24h"), 0));
	grid_row(g);
	grid_cell(g, 0, member(row, "entry", ""));
	grid_cell(g, 1, str_of(until));
	grid_cell(g, 2, buf_str(&scope));
	grid_cell(g, 3, member(row, "reason", ""));
	grid_cell(g, 4, member(row, "by", ""));
	grid_cell(g, 5, buf_str(&from));
	grid_cell(g, 6, buf_str(&spared));
}

static int print_rows(const struct answer *a)
{
	static const struct table_column columns[] = {
		{ "ENTRY", 0 },
		{ "UNTIL", 0 },
		{ "SCOPE", 0 },
		{ "REASON", TABLE_FLEXIBLE },
		{ "BY", 0 },
		{ "FROM", 0 },
		{ "SPARED-24H", TABLE_RIGHT },
	};
	size_t n = value_length(a->rows);
	CLEANUP(grid_freep) struct grid *g = grid_new(columns, ARRAY_SIZE(columns), false);

	if (!g) {
		return ctl_usage(a->ctl, "no memory for %zu rows", n);
	}
	for (size_t i = 0; i < n; i++) {
		print_row(g, value_at(a->rows, i));
	}
	if (n) {
		grid_print(g);
		printf("%zu %s\n", n, n == 1 ? "entry" : "entries");
	} else {
		printf("Never-block is empty. For example: ipsctl never-block add 203.0.113.9 --for 1d\n");
	}
	return CTL_DONE;
}

static int list(const struct ctl *ctl)
{
	struct answer a = { .ctl = ctl, .rows = value_array() };
	int code;

	if (ctl->n_arguments > 1) {
		value_free(a.rows);
		return ctl_usage(
			ctl, "list takes no arguments; `ipsctl show %s` says whether it is on it",
			ctl->arguments[1]);
	}
	code = client_call(ctl, "NeverBlockList", NULL, true, take_rows, &a);
	if (code == CTL_DONE && ctl->json) {
		struct value *out = value_object();

		value_set(out, "entries", TAKE(a.rows));
		terminal_json(out);
		value_free(out);
		return CTL_DONE;
	}
	if (code == CTL_DONE) {
		code = print_rows(&a);
	}
	value_free(a.rows);
	return code;
}

/* ---- add and remove ---- */

static void print_texts(const char *head, const struct value *list)
{
	for (size_t i = 0; i < value_length(list); i++) {
		printf("%s", head);
		terminal_text(value_text(value_at(list, i), STR_NONE), 0);
		printf("\n");
	}
}

static bool has_warnings(const struct value *p)
{
	return value_length(value_get(p, "warnings")) || !value_bool(value_get(p, "stored"), true);
}

static void print_warnings(const struct value *p)
{
	print_texts("warning: ", value_get(p, "warnings"));
	if (!value_bool(value_get(p, "stored"), true)) {
		printf("warning: the database cannot be written; a restart would forget this: ipsctl status\n");
	}
}

static bool take_add(void *arg, const struct value *p)
{
	struct answer *a = arg;
	long long added = value_int(value_get(p, "added"), 0),
		  renewed = value_int(value_get(p, "renewed"), 0),
		  lifted = value_int(value_get(p, "lifted"), 0);

	a->code = has_warnings(p) ? CTL_NO : CTL_DONE;
	if (a->ctl->json) {
		terminal_json(p);
		return false;
	}
	printf("%lld %s on never-block", added + renewed,
	       added + renewed == 1 ? "entry is" : "entries are");
	if (renewed) {
		printf(", %lld of them stood there already and %s renewed", renewed,
		       renewed == 1 ? "was" : "were");
	}
	printf(lifted ? "; %lld %s lifted\n" : "\n", lifted,
	       lifted == 1 ? "block was" : "blocks were");
	print_texts("  ", value_get(p, "notes"));
	print_warnings(p);
	return false;
}

static bool take_remove(void *arg, const struct value *p)
{
	struct answer *a = arg;
	const struct value *still = value_get(p, "still");
	long long removed = value_int(value_get(p, "removed"), 0);

	a->code = value_length(still) || has_warnings(p) ? CTL_NO : CTL_DONE;
	if (a->ctl->json) {
		terminal_json(p);
		return false;
	}
	if (removed) {
		printf("%lld %s off never-block\n", removed,
		       removed == 1 ? "entry is" : "entries are");
	} else {
		printf("nothing to take off: no such entry was made by hand; next: ipsctl never-block list\n");
	}
	for (size_t i = 0; i < value_length(still); i++) {
		CLEANUP(buf_done) struct buf from = { 0 };

		never_words_from(value_at(still, i), &from);
		printf("  still never blocked, inside ");
		terminal_text(member(value_at(still, i), "entry", ""), 0);
		printf(" (");
		terminal_text(buf_str(&from), 0);
		printf(")\n");
	}
	print_warnings(p);
	return false;
}

static void add_scope(const struct ctl *ctl, struct value *p)
{
	value_set_word(p, "jail", ctl_option(ctl, "jail"));
	value_set_word(p, "service", ctl_option(ctl, "service"));
}

/* The entries of the command line. 0, or an exit code. */
static int read_arguments(const struct ctl *ctl, struct value *wishes)
{
	const char *text = ctl_option(ctl, "for");
	duration length = DURATION_FOREVER;
	char why[256];
	int r = text ? span_parse(str_of(text), &length) : 0;

	if (r < 0 || length.us < 1000000) {
		return ctl_usage(ctl, "--for=%s: %s", text,
				 r == -ENODATA ? "of what? For example 30m, 2h, 1d"
					       : "not a length of time like 30m, 2h, 1d");
	}
	for (size_t i = 1; i < ctl->n_arguments; i++) {
		if (!never_file_wish(str_of(ctl->arguments[i]), length, STR_NONE, why, wishes)) {
			return ctl_usage(ctl, "%s", why);
		}
	}
	return ctl->n_arguments > 1
		       ? 0
		       : ctl_usage(
				 ctl,
				 "whom? For example: ipsctl never-block add 203.0.113.9 --for 1d");
}

static int add(const struct ctl *ctl)
{
	const char *file = ctl_option(ctl, "file");
	struct answer a = { .ctl = ctl };
	struct value *wishes = value_array(), *p;
	int code;

	if (file && ctl->n_arguments > 1) {
		code = ctl_usage(ctl, "either entries or --file, not both");
	} else {
		code = file ? never_file_read(ctl, file, wishes) : read_arguments(ctl, wishes);
	}
	if (code) {
		value_free(wishes);
		return code;
	}
	p = value_object();
	value_set(p, "entries", wishes);
	add_scope(ctl, p);
	value_set_word(p, "reason", ctl_option(ctl, "reason"));
	value_set_bool(p, "force", ctl_has(ctl, "force"));
	code = client_call(ctl, "NeverBlockAdd", p, false, take_add, &a);
	return code ? code : a.code;
}

static int remove_entries(const struct ctl *ctl)
{
	struct answer a = { .ctl = ctl };
	struct value *entries, *p;
	int code;

	if (ctl->n_arguments < 2) {
		return ctl_usage(ctl, "whom? For example: ipsctl never-block remove 203.0.113.9");
	}
	entries = value_array();
	for (size_t i = 1; i < ctl->n_arguments; i++) {
		value_add_text(entries, str_of(ctl->arguments[i]));
	}
	p = value_object();
	value_set(p, "entries", entries);
	add_scope(ctl, p);
	code = client_call(ctl, "NeverBlockRemove", p, false, take_remove, &a);
	return code ? code : a.code;
}

int ctl_never_block(const struct ctl *ctl)
{
	struct str what = str_of(ctl->n_arguments ? ctl->arguments[0] : "list");

	if (str_eq(what, STR("list"))) {
		return list(ctl);
	}
	if (str_eq(what, STR("add"))) {
		return add(ctl);
	}
	if (str_eq(what, STR("remove"))) {
		return remove_entries(ctl);
	}
	return ctl_usage(ctl, "%s what? There are `list`, `add` and `remove`", ctl->arguments[0]);
}
