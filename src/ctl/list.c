/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/columns.h"
#include "ctl/table.h"
#include "ctl/terminal.h"
#include "ctl/watch.h"

struct list {
	struct value *rows; /* array of Ban */
	struct value *mode; /* object with a copy of `mode` */
	int64_t folded;     /* blocks that are told in the row of a wider one */
	enum column sort;
	bool headed;   /* JSON: the beginning is printed */
	size_t n_json; /* and so many rows */
};

/* One look of --watch. */
struct look {
	const struct ctl *ctl;
	const struct columns *columns;
	enum column sort;
};

enum {
	LOOK_LINES = 6 /* beside the rows: a warning, headings, what is left out, the total, keys */
};

static bool take_rows(void *arg, const struct value *p)
{
	struct list *l = arg;
	const struct value *bans = value_get(p, "bans");

	value_set_text(l->mode, "mode", member(p, "mode", ""));
	l->folded = value_int(value_get(p, "folded"), 0);
	for (size_t i = 0; i < value_length(bans); i++) {
		value_add(l->rows, value_share_at(bans, i));
	}
	return true;
}

/* One object, printed as its rows come: a list may be long. */
static bool print_rows(void *arg, const struct value *p)
{
	struct list *l = arg;
	const struct value *bans = value_get(p, "bans");
	CLEANUP(buf_done) struct buf text = { 0 };

	l->folded = value_int(value_get(p, "folded"), 0);
	if (!l->headed) {
		buf_printf(&text, "{\"mode\":\"%s\",\"bans\":[",
			   str_eq(member(p, "mode", ""), STR("observe")) ? "observe" : "enforce");
		l->headed = true;
	}
	for (size_t i = 0; i < value_length(bans); i++) {
		buf_printf(&text, "%s", l->n_json++ ? "," : "");
		(void)!value_write(value_at(bans, i), &text);
	}
	if (buf_ok(&text) < 0 || fwrite(text.p, 1, text.n, stdout) != text.n) {
		fprintf(stderr, "ipsctl: the answer cannot be printed\n");
		exit(EXIT_FAILURE);
	}
	return true;
}

static struct value *list_parameters(const struct ctl *ctl, bool dropped)
{
	static const char *const words[] = { "jail", "service", "type", "action" };
	struct value *p = value_object(), *kinds = value_array();
	bool all = ctl_has(ctl, "all"), observed = ctl_has(ctl, "observed"),
	     spared = ctl_has(ctl, "spared");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (ctl_has(ctl, words[i])) {
			value_set_word(p, words[i], ctl_option(ctl, words[i]));
		}
	}
	if (all || !(observed || spared)) {
		value_add_text(kinds, STR("ban"));
	}
	if (all || observed) {
		value_add_text(kinds, STR("observed"));
	}
	if (all || spared) {
		value_add_text(kinds, STR("spared"));
	}
	if (all) {
		value_add_text(kinds, STR("ended"));
	}
	value_set(p, "kinds", kinds);
	value_set_bool(p, "dropped", dropped);
	value_set_bool(p, "fold", !all);
	return p;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct list *l = arg;
	const struct value *const *x = a, *const *y = b;

	return column_compare(l->sort, *x, *y);
}

static void print_table(const struct columns *columns, const struct value *const *rows, size_t n,
			bool raw)
{
	struct table_column heads[COLUMN_COUNT];
	CLEANUP(grid_freep) struct grid *g = NULL;

	for (size_t i = 0; i < columns->n; i++) {
		enum column c = columns->at[i];

		heads[i].name = column_name(c);
		heads[i].flags =
			(column_is_number(c) ? TABLE_RIGHT : 0) |
			(c == COLUMN_DESCRIPTION || c == COLUMN_REASON ? TABLE_FLEXIBLE : 0);
	}
	g = grid_new(heads, columns->n, raw);
	for (size_t k = 0; g && k < n; k++) {
		grid_row(g);
		for (size_t i = 0; i < columns->n; i++) {
			CLEANUP(buf_done) struct buf text = { 0 };

			column_text(columns->at[i], rows[k], raw, &text);
			grid_cell(g, i, buf_str(&text));
		}
	}
	if (g) {
		grid_print(g);
	}
}

enum { SERVICES_TOLD = 32 };

struct service_count {
	struct str name;
	size_t n;
};

/* Adds one to the service's count; services beyond the table's room are not told. */
static void count_service(struct service_count *counts, size_t *n, struct str name)
{
	size_t i = 0;

	while (i < *n && !str_eq(counts[i].name, name)) {
		i++;
	}
	if (i == *n && *n < SERVICES_TOLD) {
		counts[(*n)++].name = name;
	}
	if (i < *n) {
		counts[i].n++;
	}
}

static size_t count_kind(const struct value *const *rows, size_t n, const char *kind)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		found += str_eq(member(rows[i], "kind", "ban"), str_of(kind));
	}
	return found;
}

/* "3 blocks", "1 block, 2 spared": a kind of which there is none is not told. */
static void print_kinds(const struct value *const *rows, size_t n)
{
	static const char *const others[] = { "observed", "spared", "ended" };
	size_t blocks = count_kind(rows, n, "ban");
	bool begun = blocks > 0;

	if (begun) {
		printf("%zu %s", blocks, blocks == 1 ? "block" : "blocks");
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		size_t more = count_kind(rows, n, others[i]);

		if (more > 0) {
			printf("%s%zu %s", begun ? ", " : "", more, others[i]);
			begun = true;
		}
	}
}

/* "3 blocks: 2 smtp, 1 imap": services in order of first appearance. */
static void print_total(const struct value *const *rows, size_t n)
{
	struct service_count counts[SERVICES_TOLD] = { 0 };
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		count_service(counts, &known, member(rows[i], "service", ""));
	}
	print_kinds(rows, n);
	for (size_t i = 0; i < known; i++) {
		printf("%s%zu ", i ? ", " : ": ", counts[i].n);
		terminal_text(counts[i].name.n ? counts[i].name : STR("any service"), 0);
	}
	printf("\n");
}

static void print_folded(int64_t folded)
{
	if (folded > 0) {
		printf("%lld more %s inside a wider block, told in its row; each: ipsctl list --all\n",
		       (long long)folded, folded == 1 ? "lies" : "lie");
	}
}

static bool is_filtered(const struct ctl *ctl)
{
	return ctl_has(ctl, "jail") || ctl_has(ctl, "service") || ctl_has(ctl, "type") ||
	       ctl_has(ctl, "action") || ctl_has(ctl, "observed") || ctl_has(ctl, "spared");
}

static void print_nobody(const struct ctl *ctl, struct str mode)
{
	bool filtered = is_filtered(ctl);

	printf("Nobody is blocked%s.\n", filtered ? " who fits these options" : "");
	if (!filtered && str_eq(mode, STR("observe"))) {
		printf("Who would be blocked: ipsctl list --observed\n");
	}
}

static int print_list(const struct ctl *ctl, struct list *l, struct columns *columns, size_t most)
{
	size_t n = value_length(l->rows);
	const struct value **rows = calloc(n ? n : 1, sizeof(*rows));
	bool raw = ctl_has(ctl, "raw");

	if (!rows) {
		return ctl_usage(ctl, "no memory for %zu rows", n);
	}
	for (size_t i = 0; i < n; i++) {
		rows[i] = value_at(l->rows, i);
	}
	if (l->sort < COLUMN_COUNT) {
		qsort_r(rows, n, sizeof(struct value *), compare_rows, l);
	}
	if (!raw) {
		terminal_warn_observing(member(l->mode, "mode", ""));
	}
	if (n) {
		print_table(columns, rows, n < most ? n : most, raw);
	}
	if (n > most) {
		printf("... and %zu more; all of them: ipsctl list\n", n - most);
	}
	if (!raw && n) {
		print_total(rows, n);
		print_folded(l->folded);
	} else if (!raw) {
		print_nobody(ctl, member(l->mode, "mode", ""));
	}
	free(rows);
	return CTL_DONE;
}

static int bad_column(const struct ctl *ctl, const char *option, struct str bad)
{
	CLEANUP(buf_done) struct buf known = { 0 };

	for (enum column c = 0; c < COLUMN_COUNT; c++) {
		buf_printf(&known, "%s%s", c ? ", " : "", column_name(c));
	}
	return ctl_usage(ctl, "%s: there is no column \"%.*s\"; known are %s", option, STR_ARG(bad),
			 buf_text(&known));
}

static int list_run(const struct ctl *ctl, struct list *l, struct columns *columns)
{
	bool dropped = ctl->json || columns_have(columns, COLUMN_DROPPED) ||
		       l->sort == COLUMN_DROPPED;
	int code = client_call(ctl, "List", list_parameters(ctl, dropped), true,
			       ctl->json ? print_rows : take_rows, l);

	if (code) {
		return code;
	}
	if (ctl->json) {
		printf("],\"folded\":%lld}\n", (long long)l->folded);
		return CTL_DONE;
	}
	if (!ctl_has(ctl, "output")) {
		columns_hide_empty(columns, l->rows);
	}
	if (ctl_has(ctl, "watch")) {
		size_t lines = watch_lines(), others = LOOK_LINES + (l->folded > 0);

		watch_clear();
		return print_list(ctl, l, columns, lines > others ? lines - others : 1);
	}
	return print_list(ctl, l, columns, SIZE_MAX);
}

static int list_once(const struct ctl *ctl, const struct columns *columns, enum column sort)
{
	struct list l = { .sort = sort, .rows = value_array(), .mode = value_object() };
	struct columns shown = *columns;
	int code = list_run(ctl, &l, &shown);

	value_free(l.rows);
	value_free(l.mode);
	return code;
}

static int list_look(void *arg)
{
	const struct look *look = arg;
	int code = list_once(look->ctl, look->columns, look->sort);

	if (!code) {
		terminal_tone(TONE_DIM);
		printf("q ends\n");
		terminal_tone(TONE_PLAIN);
	}
	return code;
}

int ctl_list(const struct ctl *ctl)
{
	const char *sort = ctl_option(ctl, "sort"), *action = ctl_option(ctl, "action");
	enum column by = COLUMN_COUNT;
	struct columns columns;
	struct str bad;

	if (ctl->n_arguments) {
		return ctl_usage(ctl,
				 "list takes no arguments; `ipsctl show %s` explains one address",
				 ctl->arguments[0]);
	}
	if (action && !str_eq(str_of(action), STR("block")) &&
	    !str_eq(str_of(action), STR("blacklist"))) {
		return ctl_usage(ctl, "--action=%s: there are `block` and `blacklist`", action);
	}
	if (columns_parse(ctl_option(ctl, "output"), &columns, &bad) < 0) {
		return bad_column(ctl, "-o", bad);
	}
	if (sort) {
		by = column_find(str_of(sort));
		if (by == COLUMN_COUNT) {
			return bad_column(ctl, "--sort", str_of(sort));
		}
	}
	if (ctl_has(ctl, "watch")) {
		struct look look = { .ctl = ctl, .columns = &columns, .sort = by };
		int code = watch_check(ctl);

		return code ? code : watch_run(list_look, &look);
	}
	return list_once(ctl, &columns, by);
}
