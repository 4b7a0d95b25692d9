/* SPDX-License-Identifier: MIT */
/* enforcer_tool - an enforcer to be driven by hand.
 *
 *   enforcer_tool [--table=NAME] [--both] [--cut] [--counters] [--user=NAME] [--drop]
 * [--never=PREFIX]...
 *                 [--scope=NAME:PROTO:LOW-HIGH[:reject]]...
 *
 * Scope 0 is all ports; those named follow. --drop gives up all rights once the enforcer stands, as
 * the daemon does. Commands are lines on stdin, answers are JSON objects, one a line:
 *
 *   hold PREFIX SCOPE SECONDS|never      release PREFIX SCOPE
 *   ask PREFIX SCOPE                     release-all
 *   many N SECONDS                       N holds from 10.128.0.0 on, as one; tells how long they
 * took one-by-one N SECONDS                 the same, each after the last one's fate; tells p50,
 * p99 fill N                               holds until -ENOBUFS or N, without reading any answer
 *   list MAX                             what stands in the sets; answered by `found`, `listed`
 *   state                                quiet: tells no fates any more
 *   plan [--never=PREFIX]... [--scope=...]...   another plan; answered by `planned`
 *
 * End of input stops the enforcer as the daemon does; the last line says so. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <unistd.h>

#include "engine/ruleset.h"
#include "output/enforcer.h"
#include "sys/clock.h"
#include "sys/sandbox.h"

enum { LINE = 256, NEVER_MAX = 64, SCOPES = 8, BASE = 10 << 24 | 128 << 16 };

struct tool {
	struct ruleset *rules;
	struct scope scopes[SCOPES];
	struct port_range ranges[SCOPES];
	struct enforcer *enforcer;
	bool quiet;
	uint64_t fates, refused;
};

static noreturn void die(const char *what, int error)
{
	(void)fprintf(stderr, "enforcer_tool: %s: %s\n", what, strerror(-error));
	exit(EXIT_FAILURE);
}

/* --- Calls back
 * ----------------------------------------------------------------------------------- */

static int on_ready(void *arg, bool restarted)
{
	(void)arg;
	(void)printf("{\"ready\": true, \"restarted\": %s}\n", restarted ? "true" : "false");
	return 0;
}

static void on_fate(void *arg, const struct prefix *prefix, uint16_t scope, bool held, int error)
{
	struct tool *t = arg;
	char text[PREFIX_TEXT_MAX];

	t->fates++;
	t->refused += error != 0;
	if (!t->quiet) {
		(void)printf("{\"fate\": \"%s\", \"scope\": %u, \"held\": %s, \"error\": %d}\n",
			     prefix_format(prefix, text), scope, held ? "true" : "false", error);
	}
}

static void on_planned(void *arg, int error)
{
	(void)arg;
	(void)printf("{\"planned\": true, \"error\": %d}\n", error);
}

static void on_answer(void *arg, uint64_t cookie, const struct enforcer_answer *a)
{
	char text[PREFIX_TEXT_MAX];

	(void)arg;
	(void)printf("{\"answer\": \"%s\", \"scope\": %u, \"cookie\": %" PRIu64
		     ", \"held\": %s, \"error\": %d, \"left\": ",
		     prefix_format(&a->prefix, text), a->scope, cookie, a->held ? "true" : "false",
		     a->error);
	if (a->left.us == INT64_MAX) {
		(void)printf("null");
	} else {
		(void)printf("%.3f", (double)a->left.us / 1e6);
	}
	(void)printf(", \"packets\": %" PRIu64 ", \"bytes\": %" PRIu64 "}\n", a->packets, a->bytes);
}

static void on_foreign(void *arg, const char *broken)
{
	(void)arg;
	(void)printf("{\"foreign\": true, \"broken\": \"%s\"}\n", broken ? broken : "");
}

static void on_found(void *arg, const struct prefix *prefix, uint16_t scope, duration left)
{
	char text[PREFIX_TEXT_MAX];

	(void)arg;
	(void)printf("{\"found\": \"%s\", \"scope\": %u, \"left\": %.3f}\n",
		     prefix_format(prefix, text), scope,
		     left.us == INT64_MAX ? -1 : (double)left.us / 1e6);
}

static void on_listed(void *arg, int error)
{
	(void)arg;
	(void)printf("{\"listed\": true, \"error\": %d}\n", error);
}

static void print_state(const struct tool *t)
{
	const struct enforcer_state *s = enforcer_state(t->enforcer);

	(void)printf("{\"state\": true, \"running\": %s, \"ready\": %s, \"sent\": %" PRIu64
		     ", \"done\": %" PRIu64 ", \"failed\": %" PRIu64
		     ", \"pending\": %zu, \"restarts\": %" PRIu64 ", \"mends\": %" PRIu64
		     ", \"foreign\": %" PRIu64 ", \"transactions\": %" PRIu64
		     ", \"elements\": %zu, \"last_error\": \"%s\", \"keeper\": %d}\n",
		     s->running ? "true" : "false", s->ready ? "true" : "false", s->sent, s->done,
		     s->failed, s->pending, s->restarts, s->mends, s->foreign, s->transactions,
		     s->elements, s->last_error, enforcer_keeper_pid(t->enforcer));
}

/* --- The wheel
 * ------------------------------------------------------------------------------------- */

/* One wait and one dispatch. False: `input` has something, or is -1 and the enforcer had. */
static bool turn(struct tool *t, int input)
{
	struct pollfd fds[] = { { .fd = enforcer_fd(t->enforcer), .events = POLLIN },
				{ .fd = input, .events = POLLIN } };
	int r = enforcer_flush(t->enforcer);

	if (r == 0 && enforcer_wants_write(t->enforcer)) {
		fds[0].events |= POLLOUT;
	}
	if (r == 0 && poll(fds, 2, -1) < 0) {
		die("poll", -errno);
	}
	if (r == 0 && fds[0].revents) {
		r = enforcer_dispatch(t->enforcer);
	}
	if (r < 0) {
		(void)printf("{\"gone\": true, \"error\": %d}\n", -r);
		exit(EXIT_FAILURE);
	}
	(void)fflush(stdout);
	return fds[1].revents == 0;
}

static struct prefix nth(uint32_t i)
{
	uint32_t a = BASE + i;
	struct addr addr = { .family = 4,
			     .bytes = { (uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8),
					(uint8_t)a } };

	return prefix_of(&addr, 32);
}

static void await_fates(struct tool *t, uint64_t n)
{
	while (t->fates < n) {
		(void)turn(t, -1);
	}
}

static void many(struct tool *t, uint32_t n, int64_t s)
{
	int64_t begin = clock_monotonic();
	uint64_t until = t->fates + n;

	t->quiet = true;
	t->refused = 0;
	for (uint32_t i = 0; i < n;) {
		struct prefix p = nth(i);
		instant now = clock_now();
		int r = enforcer_hold(t->enforcer, &p, 0, instant_add(now, seconds(s)), now);

		if (r == -ENOBUFS) {
			(void)turn(t, -1);
		} else if (r < 0) {
			die("hold", r);
		} else {
			i++;
		}
	}
	await_fates(t, until);
	t->quiet = false;
	(void)printf("{\"many\": %u, \"refused\": %" PRIu64 ", \"us\": %" PRId64
		     ", \"us_each\": %.2f}\n",
		     n, t->refused, clock_monotonic() - begin,
		     (double)(clock_monotonic() - begin) / n);
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void one_by_one(struct tool *t, uint32_t n, int64_t s)
{
	int64_t *took = calloc(n ? n : 1, sizeof(*took));

	if (!took) {
		die("one-by-one", -ENOMEM);
	}
	t->quiet = true;
	for (uint32_t i = 0; i < n; i++) {
		struct prefix p = nth(i);
		instant now = clock_now();
		int64_t begin = clock_monotonic();

		if (enforcer_hold(t->enforcer, &p, 0, instant_add(now, seconds(s)), now) < 0) {
			die("hold", -ENOBUFS);
		}
		await_fates(t, t->fates + 1);
		took[i] = clock_monotonic() - begin;
	}
	t->quiet = false;
	qsort(took, n, sizeof(*took), compare);
	(void)printf("{\"one_by_one\": %u, \"p50_us\": %" PRId64 ", \"p99_us\": %" PRId64
		     ", \"max_us\": %" PRId64 "}\n",
		     n, took[n / 2], took[n * 99 / 100], took[n - 1]);
	free(took);
}

static void fill(struct tool *t, uint32_t n)
{
	int r = 0;
	uint32_t i = 0;

	for (; i < n && r == 0; i++) {
		struct prefix p = nth(i);
		instant now = clock_now();

		r = enforcer_hold(t->enforcer, &p, 0, instant_add(now, seconds(600)), now);
		if (r == 0) {
			r = enforcer_flush(t->enforcer);
		}
	}
	(void)printf("{\"fill\": %u, \"error\": %d}\n", i, -r);
}

/* --- Commands
 * --------------------------------------------------------------------------------------- */

static uint32_t number(struct str s)
{
	uint64_t n = 0;

	return str_to_uint(s, UINT32_MAX, &n) == 0 ? (uint32_t)n : 0;
}

static instant end_of(struct str s, instant now)
{
	char text[LINE];

	if (str_eq(s, STR("never"))) {
		return INSTANT_NEVER;
	}
	(void)snprintf(text, sizeof(text), "%.*s", STR_ARG(s));
	return instant_add(now, (duration){ .us = (int64_t)(strtod(text, NULL) * 1e6) });
}

static int wish(struct tool *t, struct str verb, struct str what, struct str rest)
{
	struct str scope = STR_NONE, end = STR_NONE;
	instant now = clock_now();
	struct prefix p;
	uint16_t n;

	if (prefix_parse(what, &p) < 0 || !str_word(&rest, &scope)) {
		return -EINVAL;
	}
	n = (uint16_t)number(scope);
	if (str_eq(verb, STR("release"))) {
		return enforcer_release(t->enforcer, &p, n);
	}
	if (str_eq(verb, STR("ask"))) {
		return enforcer_ask(t->enforcer, &p, n, 42);
	}
	if (!str_eq(verb, STR("hold")) || !str_word(&rest, &end)) {
		return -EINVAL;
	}
	return enforcer_hold(t->enforcer, &p, n, end_of(end, now), now);
}

/* NAME:PROTO:LOW-HIGH[:reject]; a LOW of 0 means all ports. */
static void add_scope(struct tool *t, struct str rest)
{
	struct str name, proto = STR_NONE, range = STR_NONE, low = STR_NONE;
	size_t i = t->rules->n_scopes;

	if (i >= SCOPES || !str_split(&rest, ':', &name) || !str_split(&rest, ':', &proto) ||
	    !str_split(&rest, ':', &range) || !str_split(&range, '-', &low)) {
		die("--scope", -EINVAL);
	}
	t->ranges[i] =
		(struct port_range){ .proto = str_eq(proto, STR("udp")) ? PROTO_UDP : PROTO_TCP,
				     .low = (uint16_t)number(low),
				     .high = (uint16_t)number(range) };
	t->scopes[i] = (struct scope){ .name = name,
				       .label = name,
				       .ranges = &t->ranges[i],
				       .n_ranges = t->ranges[i].low > 0 ? 1 : 0,
				       .verdict = rest.n > 0 ? VERDICT_REJECT : VERDICT_DROP };
	t->rules->n_scopes++;
}

static void add_never(struct tool *t, struct str text)
{
	struct prefix p;

	if (prefix_parse(text, &p) < 0 || netset_add(t->rules->never_block, &p, 0) < 0) {
		die("--never", -EINVAL);
	}
	netset_seal(t->rules->never_block);
}

static struct enforcer_plan plan_of(const struct tool *t)
{
	return (struct enforcer_plan){ .scopes = t->rules->scopes,
				       .n_scopes = t->rules->n_scopes,
				       .never_block = t->rules->never_block };
}

/* Scopes and never-block anew, in the words of the options. */
static int replan(struct tool *t, struct str words)
{
	struct enforcer_plan plan;
	struct str word;

	netset_free(t->rules->never_block);
	t->rules->never_block = netset_new();
	t->rules->n_scopes = 1;
	netset_seal(t->rules->never_block);
	while (str_word(&words, &word)) {
		if (str_has_prefix(word, STR("--never="))) {
			add_never(t, str_slice(word, 8, SIZE_MAX));
		} else if (str_has_prefix(word, STR("--scope="))) {
			add_scope(t, str_slice(word, 8, SIZE_MAX));
		} else {
			return -EINVAL;
		}
	}
	plan = plan_of(t);
	return enforcer_plan(t->enforcer, &plan);
}

static void obey(struct tool *t, struct str line)
{
	struct str verb = STR_NONE, first = STR_NONE, rest;
	int r = 0;

	(void)str_word(&line, &verb);
	rest = line;
	(void)str_word(&line, &first);
	if (str_eq(verb, STR("plan"))) {
		r = replan(t, rest);
	} else if (str_eq(verb, STR("state"))) {
		print_state(t);
	} else if (str_eq(verb, STR("quiet"))) {
		t->quiet = true;
	} else if (str_eq(verb, STR("many"))) {
		many(t, number(first), number(str_trim(line)));
	} else if (str_eq(verb, STR("one-by-one"))) {
		one_by_one(t, number(first), number(str_trim(line)));
	} else if (str_eq(verb, STR("fill"))) {
		fill(t, number(first));
	} else if (str_eq(verb, STR("list"))) {
		r = enforcer_list(t->enforcer, (size_t)number(first));
	} else if (str_eq(verb, STR("release-all"))) {
		r = enforcer_release_all(t->enforcer);
	} else {
		r = wish(t, verb, first, line);
	}
	if (r < 0) {
		(void)printf("{\"refused\": \"%.*s\", \"error\": %d}\n", STR_ARG(verb), -r);
	}
}

static void serve(struct tool *t)
{
	static char text[65536];
	size_t n = 0;

	for (;;) {
		ssize_t got;
		char *line = text, *end;

		while (turn(t, STDIN_FILENO)) {
		}
		got = read(STDIN_FILENO, text + n, sizeof(text) - n);
		if (got <= 0) {
			return;
		}
		n += (size_t)got;
		while ((end = memchr(line, '\n', n - (size_t)(line - text))) != NULL) {
			obey(t, (struct str){ .p = line, .n = (size_t)(end - line) });
			line = end + 1;
		}
		n -= (size_t)(line - text);
		memmove(text, line, n);
		(void)fflush(stdout);
	}
}

/* --- Start
 * ------------------------------------------------------------------------------------------ */

static void start(struct tool *t, struct enforcer_config *config, bool drop)
{
	static const struct enforcer_events handlers = {
		.ready = on_ready,
		.foreign = on_foreign,
		.fate = on_fate,
		.planned = on_planned,
		.answer = on_answer,
		.found = on_found,
		.listed = on_listed,
	};
	struct enforcer_events events = handlers;
	int r;

	events.arg = t;
	config->plan = plan_of(t);
	config->host_v6 = t->rules->host_v6;
	r = enforcer_start(config, &events, &t->enforcer);
	if (r == 0 && drop && sandbox_drop_all(config->user) < 0) {
		die("sandbox_drop_all", -EPERM);
	}
	(void)printf("{\"start\": %d, \"text\": \"%s\", \"keeper\": %d}\n", -r,
		     t->enforcer ? enforcer_state(t->enforcer)->last_error : "",
		     t->enforcer ? enforcer_keeper_pid(t->enforcer) : 0);
	(void)fflush(stdout);
	if (r < 0) {
		enforcer_free(t->enforcer);
		ruleset_free(t->rules);
		exit(EXIT_FAILURE);
	}
}

int main(int argc, char **argv)
{
	static struct tool t;
	struct enforcer_config config = { .table = "ipsd" };
	struct sandbox_user user;
	bool drop = false;

	if (ruleset_new(&t.rules) < 0) {
		die("ruleset", -ENOMEM);
	}
	t.scopes[0] = t.rules->scopes[0];
	t.rules->scopes = t.scopes;
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		config.both |= strcmp(argv[i], "--both") == 0;
		config.cuts |= strcmp(argv[i], "--cut") == 0;
		config.counters |= strcmp(argv[i], "--counters") == 0;
		drop |= strcmp(argv[i], "--drop") == 0;
		if (value && strncmp(argv[i], "--table=", 8) == 0) {
			config.table = value + 1;
		} else if (value && strncmp(argv[i], "--never=", 8) == 0) {
			add_never(&t, str_of(value + 1));
		} else if (value && strncmp(argv[i], "--scope=", 8) == 0) {
			add_scope(&t, str_of(value + 1));
		} else if (value && strncmp(argv[i], "--user=", 7) == 0) {
			if (sandbox_find_user(value + 1, &user) < 0) {
				die(value + 1, -ENOENT);
			}
			config.user = &user;
		}
	}
	start(&t, &config, drop);
	serve(&t);
	t.enforcer = enforcer_free(t.enforcer);
	ruleset_free(t.rules);
	(void)printf("{\"stopped\": true}\n");
	return EXIT_SUCCESS;
}
