/* SPDX-License-Identifier: MIT */
/* The logs are read once for each config, and the decisions kept, lifts left out. Two decisions are
 * the same when they say the same (banned, spared, observed) of the same prefix in a jail of the
 * same name while both would be in force: a lower threshold bans a guesser some lines earlier, and
 * that is no other ban. How many begin at another time or last differently is told as a number. */
#include "ctl/replay_diff.h"

#include <assert.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/span.h"
#include "ctl/config_open.h"
#include "ctl/replay_row.h"
#include "ctl/replay_rules.h"
#include "ctl/replay_run.h"
#include "ctl/table.h"
#include "ctl/terminal.h"
#include "output/print.h"
#include "sys/clock.h"
#include "sys/files.h"

enum { DIFF_MAX = 200000, KINDS = DECISION_OBSERVED + 1 };

struct made {
	enum decision_kind kind;
	struct prefix prefix;
	instant time, until;
	int64_t score;
	struct str jail, why; /* why: the object as it is printed, with --json */
	bool both;
};

/* One of the two configs, and what it decides. */
struct side {
	const char *dir, *which;
	struct ctl ctl;
	struct config *config;
	struct arena *arena;
	struct made *made;
	size_t n, room;
	struct engine_stats stats;
	size_t only[KINDS];
	bool no_memory, too_many;
};

struct diff {
	struct side sides[2];
	size_t changed;
	int64_t started;
};

static void diff_done(struct diff *diff)
{
	for (size_t i = 0; i < ARRAY_SIZE(diff->sides); i++) {
		config_free(diff->sides[i].config);
		arena_free(diff->sides[i].arena);
		free(diff->sides[i].made);
	}
}

static void add_why(const struct side *side, const struct ruleset *rules, const struct decision *d,
		    struct buf *out)
{
	if (side->ctl.json) {
		CLEANUP(value_freep) struct value *row = replay_row(rules, d);

		value_set_word(row, "only_in", side->dir);
		if (value_write(row, out) < 0) {
			out->failed = true;
		}
		return;
	}
	print_arithmetic(rules, &rules->jails[d->jail], d->evidence, d->n_evidence, out);
	if (d->because != BECAUSE_NONE) {
		buf_printf(out, " (%s)", because_words(d->because));
	}
}

static bool grow(struct side *side)
{
	size_t room = side->room ? side->room * 2 : 256;
	struct made *more;

	if (side->n < side->room) {
		return true;
	}
	more = reallocarray(side->made, room, sizeof(*more));
	if (more) {
		side->made = more;
		side->room = room;
	}
	return more;
}

static bool keep(void *arg, const struct ruleset *rules, const struct decision *d)
{
	struct side *side = arg;
	CLEANUP(buf_done) struct buf why = { 0 };
	struct str jail = ruleset_jail_name(rules, d->jail);
	struct made made = { .kind = d->kind,
			     .prefix = d->prefix,
			     .time = d->time,
			     .until = d->until,
			     .score = d->score };

	if (d->kind == DECISION_LIFT) {
		return true;
	}
	side->too_many = side->n == DIFF_MAX;
	if (side->too_many) {
		return false;
	}
	add_why(side, rules, d, &why);
	made.jail = arena_str(side->arena, jail);
	made.why = arena_str(side->arena, buf_str(&why));
	side->no_memory = buf_ok(&why) < 0 || made.jail.n < jail.n || made.why.n < why.n ||
			  !grow(side);
	if (side->no_memory) {
		return false;
	}
	side->made[side->n++] = made;
	return true;
}

static int compare_prefixes(const struct prefix *a, const struct prefix *b)
{
	char one[PREFIX_TEXT_MAX], two[PREFIX_TEXT_MAX];

	return strcmp(prefix_format(a, one), prefix_format(b, two));
}

static int compare_words(struct str a, struct str b)
{
	int r = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

/* 0: the same word about the same prefix by the same jail. */
static int compare_what(const struct made *a, const struct made *b)
{
	int r = compare_prefixes(&a->prefix, &b->prefix);

	r = r ? r : (a->kind > b->kind) - (a->kind < b->kind);
	return r ? r : compare_words(a->jail, b->jail);
}

static int compare_times(instant a, instant b)
{
	return (a.us > b.us) - (a.us < b.us);
}

static int by_what(const void *a, const void *b)
{
	const struct made *x = a, *y = b;
	int r = compare_what(x, y);

	return r ? r : compare_times(x->time, y->time);
}

static int by_time(const void *a, const void *b)
{
	const struct made *x = a, *y = b;
	int r = compare_times(x->time, y->time);

	return r ? r : compare_what(x, y);
}

static bool overlap(const struct made *a, const struct made *b)
{
	return a->time.us == b->time.us || (a->time.us < b->until.us && b->time.us < a->until.us);
}

/* Both lists are in order: what both have is marked. */
static void match(struct diff *diff)
{
	struct side *x = &diff->sides[0], *y = &diff->sides[1];
	size_t i = 0, k = 0;

	while (i < x->n && k < y->n) {
		struct made *a = &x->made[i], *b = &y->made[k];
		int r = compare_what(a, b);

		if (r == 0 && overlap(a, b)) {
			a->both = b->both = true;
			diff->changed += a->time.us != b->time.us || a->until.us != b->until.us;
			i++;
			k++;
		} else if (r < 0 || (r == 0 && a->time.us < b->time.us)) {
			i++;
		} else {
			k++;
		}
	}
}

/* Leaves what only this one has, by time. */
static void keep_only(struct side *side)
{
	size_t n = 0;

	for (size_t i = 0; i < side->n; i++) {
		if (!side->made[i].both) {
			side->only[side->made[i].kind]++;
			side->made[n++] = side->made[i];
		}
	}
	side->n = n;
	if (n) {
		qsort(side->made, n, sizeof(*side->made), by_time);
	}
}

static void compare(struct diff *diff)
{
	for (size_t i = 0; i < ARRAY_SIZE(diff->sides); i++) {
		if (diff->sides[i].n) {
			qsort(diff->sides[i].made, diff->sides[i].n, sizeof(*diff->sides[i].made),
			      by_what);
		}
	}
	match(diff);
	keep_only(&diff->sides[0]);
	keep_only(&diff->sides[1]);
}

static bool is_same(const struct diff *diff)
{
	return !diff->sides[0].n && !diff->sides[1].n && !diff->changed;
}

static void print_answer(const struct diff *diff)
{
	const struct side *x = &diff->sides[0], *y = &diff->sides[1];
	size_t more = x->only[DECISION_BAN], less = y->only[DECISION_BAN];

	if (is_same(diff)) {
		printf("No difference to %s: %llu ban%s, %llu spared, %llu observed with either.\n",
		       y->dir, (unsigned long long)x->stats.bans, str_plural(x->stats.bans),
		       (unsigned long long)x->stats.spared, (unsigned long long)x->stats.observed);
		return;
	}
	printf("%zu ban%s more, %zu less than with %s", more, str_plural(more), less, y->dir);
	for (enum decision_kind kind = DECISION_SPARED; kind <= DECISION_OBSERVED; kind++) {
		if (x->only[kind] || y->only[kind]) {
			printf("; %s: %zu more, %zu less", decision_word(kind), x->only[kind],
			       y->only[kind]);
		}
	}
	printf(": %llu ban%s with %s, %llu with %s", (unsigned long long)x->stats.bans,
	       str_plural(x->stats.bans), x->dir, (unsigned long long)y->stats.bans, y->dir);
	if (diff->changed) {
		printf("; %zu of what both decide begin%s at another time or last%s differently",
		       diff->changed, diff->changed == 1 ? "s" : "", diff->changed == 1 ? "s" : "");
	}
	printf(".\n");
}

/* The next one by time; NULL at the end. */
static const struct made *next_made(const struct diff *diff, size_t at[static 2],
				    const struct side **ret_side)
{
	const struct side *x = &diff->sides[0], *y = &diff->sides[1];
	bool first = at[0] < x->n &&
		     (at[1] == y->n || by_time(&x->made[at[0]], &y->made[at[1]]) <= 0);

	if (at[0] == x->n && at[1] == y->n) {
		return NULL;
	}
	*ret_side = first ? x : y;
	return first ? &x->made[at[0]++] : &y->made[at[1]++];
}

static void add_row(struct grid *grid, const struct side *side, const struct made *made)
{
	char time[INSTANT_TEXT_MAX], prefix[PREFIX_TEXT_MAX], score[24];
	size_t column = 0;

	snprintf(score, sizeof(score), "%lld", (long long)made->score);
	grid_row(grid);
	grid_cell(grid, column++, str_of(side->dir));
	grid_cell(grid, column++, str_of(instant_format(made->time, time)));
	grid_cell(grid, column++, str_of(decision_word(made->kind)));
	grid_cell(grid, column++, str_of(prefix_format_short(&made->prefix, prefix)));
	grid_cell(grid, column++, made->jail);
	grid_cell(grid, column++, str_of(score));
	grid_cell(grid, column, made->why);
}

static int print_table(const struct diff *diff)
{
	static const struct table_column columns[] = {
		{ "ONLY WITH", 0 },        { "TIME", 0 }, { "DECISION", 0 },
		{ "SOURCE", 0 },           { "JAIL", 0 }, { "SCORE", TABLE_RIGHT },
		{ "WHY", TABLE_FLEXIBLE },
	};
	CLEANUP(grid_freep) struct grid *grid = grid_new(columns, ARRAY_SIZE(columns), false);
	const struct side *side;
	const struct made *made;
	size_t at[2] = { 0 };

	if (!grid) {
		return CTL_NO;
	}
	while ((made = next_made(diff, at, &side))) {
		add_row(grid, side, made);
	}
	if (diff->sides[0].n || diff->sides[1].n) {
		grid_print(grid);
	}
	return 0;
}

static void print_json(const struct diff *diff)
{
	static const char *const more[KINDS] = { "bans_more", NULL, "spared_more",
						 "observed_more" };
	static const char *const less[KINDS] = { "bans_less", NULL, "spared_less",
						 "observed_less" };
	const struct side *x = &diff->sides[0], *y = &diff->sides[1], *side;
	CLEANUP(value_freep) struct value *row = value_object();
	struct value *summary = value_object();
	const struct made *made;
	size_t at[2] = { 0 };

	while ((made = next_made(diff, at, &side))) {
		printf("%.*s\n", STR_ARG(made->why));
	}
	value_set_word(summary, "config", x->dir);
	value_set_word(summary, "other", y->dir);
	for (size_t kind = 0; kind < KINDS; kind++) {
		if (more[kind]) {
			value_set_int(summary, more[kind], (int64_t)x->only[kind]);
			value_set_int(summary, less[kind], (int64_t)y->only[kind]);
		}
	}
	value_set_int(summary, "changed", (int64_t)diff->changed);
	value_set_int(summary, "lines",
		      (int64_t)(x->stats.lines > y->stats.lines ? x->stats.lines : y->stats.lines));
	value_set_real(summary, "seconds", (double)(clock_monotonic() - diff->started) / 1e6);
	value_set(row, "summary", summary);
	terminal_json(row);
}

static bool knows_jail(const struct side *side, const char *name)
{
	return ruleset_jail(side->config->ruleset, str_of(name)) != JAIL_BY_HAND;
}

/* A jail that is named need be in one of the two only: the other bans nobody by it. */
static int check_names(const struct ctl *ctl, const struct diff *diff)
{
	const struct side *x = &diff->sides[0], *y = &diff->sides[1];

	for (size_t i = 0; i < ctl->n_options; i++) {
		const struct ctl_option *o = &ctl->options[i];

		if (strcmp(o->name, "jail") == 0 && !knows_jail(x, o->value) &&
		    !knows_jail(y, o->value)) {
			return ctl_usage(ctl, "there is no jail %s that runs in %s or in %s",
					 o->value, x->dir, y->dir);
		}
	}
	return 0;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The shipped files alone may be meant, or a slip of the fingers. */
static void warn_empty(const char *dir)
{
	static const char *const parts[] = { "ipsd.conf", "ipsd.conf.d", "jails", "filters" };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s/%s", dir, parts[i]) < (int)sizeof(path) &&
		    files_exist(path)) {
			return;
		}
	}
	fprintf(stderr,
		"ipsctl replay: %s has no ipsd.conf, jails or filters: it stands for the shipped files alone\n",
		dir);
}

static int open_config(struct side *side, const struct ctl *ctl, const char *dir)
{
	side->dir = dir;
	side->ctl = *ctl;
	side->ctl.config_dir = dir;
	if (!is_directory(dir)) {
		return ctl_usage(ctl, "there is no directory %s", dir);
	}
	warn_empty(dir);
	side->arena = arena_new();
	return side->arena ? config_open(&side->ctl, 0, &side->config) : CTL_NO;
}

static int open_configs(struct diff *diff, const struct ctl *ctl)
{
	struct side *x = &diff->sides[0], *y = &diff->sides[1];
	int first = open_config(x, ctl, ctl->config_dir);
	int second = open_config(y, ctl, ctl_option(ctl, "diff"));
	int code = first ? first : second;

	x->which = "(1 of 2) ";
	y->which = "(2 of 2) ";
	if (code) {
		return code;
	}
	assert(x->config && y->config);
	code = check_names(ctl, diff);
	code = code ? code : replay_rules(&x->ctl, x->config->ruleset, true);
	code = code ? code : replay_rules(&y->ctl, y->config->ruleset, true);
	if (!code && !replay_reads(x->config->ruleset) && !replay_reads(y->config->ruleset)) {
		return ctl_usage(ctl, "no jail that runs in %s or in %s watches any of this",
				 x->dir, y->dir);
	}
	return code;
}

static int run_side(struct side *side, instant from, instant to)
{
	CLEANUP(replay_run_done)
	struct replay_run run = { .ctl = &side->ctl,
				  .which = side->which,
				  .from = from,
				  .to = to,
				  .tell = keep,
				  .arg = side };
	int code = replay_run_open(&run, TAKE(side->config->ruleset));

	if (code) {
		return code;
	}
	code = replay_run_all(&run);
	side->stats = engine_stats(run.engine);
	if (side->too_many) {
		return ctl_usage(
			&side->ctl,
			"with %s there are more than %d decisions; compare a part: --jail, --from, --to",
			side->dir, DIFF_MAX);
	}
	if (side->no_memory) {
		fprintf(stderr, "ipsctl replay: no memory; compare a part: --jail, --from, --to\n");
		return CTL_USAGE;
	}
	return code;
}

int replay_diff(const struct ctl *ctl, instant from, instant to)
{
	CLEANUP(diff_done) struct diff diff = { .started = clock_monotonic() };
	int first, second;

	for (size_t i = 0; i < ctl->n_arguments; i++) {
		if (strcmp(ctl->arguments[i], "-") == 0) {
			return ctl_usage(
				ctl,
				"--diff reads the logs twice, and standard input can be read once: name a file");
		}
	}
	first = open_configs(&diff, ctl);
	if (first || (first = run_side(&diff.sides[0], from, to)) == CTL_USAGE ||
	    (second = run_side(&diff.sides[1], from, to)) == CTL_USAGE) {
		return first ? first : CTL_USAGE;
	}
	compare(&diff);
	/* Whoever reads the beginning only, `| head`, gets the same exit code. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (ctl->json) {
		print_json(&diff);
	} else {
		print_answer(&diff);
		if (!diff.sides[0].stats.events && !diff.sides[1].stats.events &&
		    diff.sides[0].stats.lines) {
			replay_run_hint(ctl);
		}
		if (print_table(&diff)) {
			return CTL_NO;
		}
	}
	return first || second || !is_same(&diff) ? CTL_NO : CTL_DONE;
}
