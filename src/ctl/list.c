/* SPDX-License-Identifier: MIT */
/* Rows are printed as they come, so that a list of a million takes no more memory than a short one:
 * with --json and --raw each reply, as a table a piece of some thousand rows, aligned within itself
 * and under headings of its own. Only --sort has to know all rows first. --watch keeps what fits on
 * the screen, and counts the rest. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/columns.h"
#include "ctl/table.h"
#include "ctl/terminal.h"
#include "ctl/watch.h"

enum { SERVICES_TOLD = 32, KINDS_TOLD = 4, PIECE = 10000 };

struct service_count {
	struct buf name;
	size_t n;
};

/* What the last line says. */
struct total {
	size_t rows, kinds[KINDS_TOLD];
	struct service_count services[SERVICES_TOLD];
	size_t n_services;
};

struct list {
	const struct ctl *ctl;
	const struct columns *columns;
	struct value *rows; /* array of Ban: those that are not printed yet */
	struct value *mode; /* object with a copy of `mode` */
	int64_t folded;     /* blocks that are told in the row of a wider one */
	enum column sort;   /* COLUMN_COUNT: as they come */
	size_t piece;       /* printed as soon as there are so many */
	size_t keep;        /* --watch: so many are kept */
	bool begun;         /* something is printed */
	size_t n_json;      /* JSON: so many rows are printed */
	struct total total;
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

/* One object, printed as its rows come. */
static bool print_rows(void *arg, const struct value *p)
{
	struct list *l = arg;
	const struct value *bans = value_get(p, "bans");
	CLEANUP(buf_done) struct buf text = { 0 };

	l->folded = value_int(value_get(p, "folded"), 0);
	if (!l->begun) {
		buf_printf(&text, "{\"mode\":\"%s\",\"bans\":[",
			   str_eq(member(p, "mode", ""), STR("observe")) ? "observe" : "enforce");
		l->begun = true;
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

/* Adds one to the service's count; services beyond the table's room are not told. */
static void count_service(struct total *t, struct str name)
{
	size_t i = 0;

	while (i < t->n_services && !str_eq(buf_str(&t->services[i].name), name)) {
		i++;
	}
	if (i == t->n_services && i < SERVICES_TOLD) {
		buf_add_str(&t->services[t->n_services++].name, name);
	}
	if (i < t->n_services) {
		t->services[i].n++;
	}
}

static const char *const kinds[KINDS_TOLD] = { "ban", "observed", "spared", "ended" };

static void count_row(struct total *t, const struct value *row)
{
	struct str kind = member(row, "kind", kinds[0]);

	t->rows++;
	for (size_t i = 0; i < KINDS_TOLD; i++) {
		t->kinds[i] += str_eq(kind, str_of(kinds[i]));
	}
	count_service(t, member(row, "service", ""));
}

/* "3 blocks", "1 block, 2 spared": a kind of which there is none is not told. */
static void print_kinds(const struct total *t)
{
	bool begun = t->kinds[0] > 0;

	if (begun) {
		printf("%zu %s", t->kinds[0], t->kinds[0] == 1 ? "block" : "blocks");
	}
	for (size_t i = 1; i < KINDS_TOLD; i++) {
		if (t->kinds[i] > 0) {
			printf("%s%zu %s", begun ? ", " : "", t->kinds[i], kinds[i]);
			begun = true;
		}
	}
}

/* "3 blocks: 2 smtp, 1 imap": services in order of first appearance. */
static void print_total(const struct total *t)
{
	print_kinds(t);
	for (size_t i = 0; i < t->n_services; i++) {
		struct str name = buf_str(&t->services[i].name);

		printf("%s%zu ", i ? ", " : ": ", t->services[i].n);
		terminal_text(name.n ? name : STR("any service"), 0);
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

/* Prints at most so many of the rows that wait. */
static void print_piece(struct list *l, size_t most)
{
	bool raw = ctl_has(l->ctl, "raw");
	struct columns shown = *l->columns;
	size_t n = value_length(l->rows);
	const struct value **rows = calloc(n ? n : 1, sizeof(*rows));

	if (!rows) {
		fprintf(stderr, "ipsctl: no memory for %zu rows\n", n);
		exit(EXIT_FAILURE);
	}
	for (size_t i = 0; i < n; i++) {
		rows[i] = value_at(l->rows, i);
	}
	if (l->sort < COLUMN_COUNT) {
		qsort_r(rows, n, sizeof(struct value *), compare_rows, l);
	}
	if (!raw && !l->begun) {
		terminal_warn_observing(member(l->mode, "mode", ""));
	}
	if (!raw && !ctl_has(l->ctl, "output")) {
		columns_hide_empty(&shown, l->rows);
	}
	l->begun = true;
	if (n) {
		print_table(&shown, rows, n < most ? n : most, raw);
	}
	free(rows);
	value_free(l->rows);
	l->rows = value_array();
}

static bool take_rows(void *arg, const struct value *p)
{
	struct list *l = arg;
	const struct value *bans = value_get(p, "bans");

	value_set_text(l->mode, "mode", member(p, "mode", ""));
	l->folded = value_int(value_get(p, "folded"), 0);
	for (size_t i = 0; i < value_length(bans); i++) {
		count_row(&l->total, value_at(bans, i));
		if (l->sort < COLUMN_COUNT || value_length(l->rows) < l->keep) {
			value_add(l->rows, value_share_at(bans, i));
		}
	}
	if (l->sort == COLUMN_COUNT && value_length(l->rows) >= l->piece) {
		print_piece(l, SIZE_MAX);
	}
	return true;
}

/* What is left of the rows, and what there were. */
static void print_end(struct list *l, size_t most)
{
	bool raw = ctl_has(l->ctl, "raw");

	print_piece(l, most);
	if (l->total.rows > most) {
		printf("... and %zu more; all of them: ipsctl list\n", l->total.rows - most);
	}
	if (!raw && l->total.rows) {
		print_total(&l->total);
		print_folded(l->folded);
	} else if (!raw) {
		print_nobody(l->ctl, member(l->mode, "mode", ""));
	}
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

static int list_run(struct list *l)
{
	const struct ctl *ctl = l->ctl;
	bool dropped = ctl->json || columns_have(l->columns, COLUMN_DROPPED) ||
		       l->sort == COLUMN_DROPPED;
	int code = client_call(ctl, "List", list_parameters(ctl, dropped), true,
			       ctl->json ? print_rows : take_rows, l);

	if (code) {
		return code;
	}
	if (ctl->json) {
		printf("],\"folded\":%lld}\n", (long long)l->folded);
	} else if (ctl_has(ctl, "watch")) {
		size_t lines = watch_lines(), others = LOOK_LINES + (l->folded > 0);

		watch_clear();
		print_end(l, lines > others ? lines - others : 1);
	} else {
		print_end(l, SIZE_MAX);
	}
	return CTL_DONE;
}

static int list_once(const struct ctl *ctl, const struct columns *columns, enum column sort)
{
	struct list l = {
		.ctl = ctl,
		.columns = columns,
		.rows = value_array(),
		.mode = value_object(),
		.sort = sort,
		.piece = ctl_has(ctl, "raw") ? 1 : PIECE,
		.keep = ctl_has(ctl, "watch") ? watch_lines() : SIZE_MAX,
	};
	int code = list_run(&l);

	for (size_t i = 0; i < l.total.n_services; i++) {
		buf_done(&l.total.services[i].name);
	}
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
