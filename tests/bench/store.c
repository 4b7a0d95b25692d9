/* SPDX-License-Identifier: MIT */
/* What does the database cost? Events of many addresses, 120 bytes of text each, go in by batches
 * as large as the engine makes them; then windows of the last hour and of all are filled from them,
 * one address is looked for backwards, and the oldest go by retention. Numbers are printed as
 * `name value unit`.
 *
 * usage: bench_store [EVENTS [DIRECTORY]] */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "output/store.h"
#include "sys/clock.h"

enum { EVENTS = 1000000, ADDRESSES = 200000, SLICE = 5000, HOUR = 3600 };

static const uint8_t SEED[TABLE_SEED_SIZE] = { 1, 2, 3 };

static void need(int r, const char *what)
{
	if (r < 0) {
		(void)fprintf(stderr, "%s: %s\n", what, strerror(-r));
		exit(1);
	}
}

static double on(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now(void)
{
	return on(CLOCK_MONOTONIC);
}

static double cpu_time(void)
{
	return on(CLOCK_PROCESS_CPUTIME_ID);
}

static struct engine *start(int64_t window)
{
	static const points multipliers[] = { [EVENT_AUTH_FAILURE] = 1 };
	static const uint16_t to_jail[] = { 0 };
	static struct route route = { .filter = 0, .jails = to_jail, .n_jails = 1 };
	const struct engine_limits limits = { 0 };
	struct ruleset *r = NULL;
	struct engine *e = NULL;

	need(ruleset_new(&r), "rules");
	r->jails = arena_alloc(r->arena, 1, sizeof(*r->jails));
	r->sources = arena_alloc(r->arena, 1, sizeof(*r->sources));
	r->filters = arena_alloc(r->arena, 1, sizeof(*r->filters));
	r->scopes = arena_alloc(r->arena, 1, sizeof(*r->scopes));
	if (!r->jails || !r->sources || !r->filters || !r->scopes) {
		need(-ENOMEM, "rules");
	}
	r->jails[0] = (struct jail){
		.name = STR("jail"),
		.window = { .us = window * 1000000 },
		.threshold = 1000,
		.ladder = { { .us = 1 } },
		.steps = 1,
		.points = multipliers,
		.n_points = ARRAY_SIZE(multipliers),
	};
	r->sources[0] = (struct source){ .text = STR("/var/log/mail.log"),
					 .routes = &route,
					 .n_routes = 1 };
	r->filters[0].name = STR("postfix");
	r->scopes[0] = (struct scope){ .name = STR("all"), .label = STR("all") };
	r->n_jails = r->n_sources = r->n_filters = r->n_scopes = 1;
	need(engine_new(r, &limits, SEED, &e), "engine");
	return e;
}

static struct event event_of(size_t i, int64_t from, char text[static 128])
{
	size_t address = i * 7919 % ADDRESSES;
	struct event e = {
		.time = { .us = from + (int64_t)i * 1000 },
		.type = EVENT_AUTH_FAILURE,
		.service = EVENT_SERVICE_NONE,
		.count = 1,
		.addr = { .family = 4,
			  .bytes = { 198, (uint8_t)(address >> 16), (uint8_t)(address >> 8),
				     (uint8_t)address } },
		.account = STR("somebody"),
	};
	int n = snprintf(text, 128,
			 "warning: unknown[198.51.100.%zu]: SASL LOGIN authentication failed: "
			 "authentication failure, sasl_username=somebody%06zu",
			 i % 250, i % 1000000);

	e.text = (struct str){ .p = text, .n = (size_t)n };
	return e;
}

/* Only the database's time is counted. */
static void fill(struct store *s, struct engine *e, size_t n, int64_t from)
{
	double spent = 0, cpu = 0, began, longest = 0;

	for (size_t i = 0; i < n;) {
		char text[128];
		struct event event = event_of(i, from, text);
		struct batch batch;

		if (engine_feed_event(e, &event) && ++i < n) {
			continue;
		}
		batch = engine_take(e);
		began = now();
		cpu -= cpu_time();
		need(store_apply(s, engine_ruleset(e), &batch, NULL, 0, false), store_error(s));
		cpu += cpu_time();
		began = now() - began;
		spent += began;
		longest = began > longest ? began : longest;
	}
	(void)printf("store_events_per_second %.0f 1/s\n", (double)n / spent);
	(void)printf("store_cpu_per_event %.2f us\n", cpu / (double)n * 1e6);
	(void)printf("store_longest_batch %.1f ms\n", longest * 1e3);
}

static void recall(struct store *s, int64_t window, const char *name, instant at)
{
	struct engine *e = start(window);
	double began = now(), cpu = cpu_time();

	need(store_recall_events(s, e, at), store_error(s));
	(void)printf("recall_%s %.3f s\nrecall_%s_cpu %.3f s\n", name, now() - began, name,
		     cpu_time() - cpu);
	engine_free(e);
}

static bool count_row(void *arg, const struct stored_event *event)
{
	(void)event;
	++*(size_t *)arg;
	return true;
}

static void look(struct store *s)
{
	struct prefix p = { .addr = { .family = 4, .bytes = { 203 } }, .len = 32 };
	struct store_walk walk = { .subject = &p, .scan = SLICE };
	double began = now(), slice, longest = 0;
	size_t n = 0;

	do {
		slice = now();
		need(store_events(s, &walk, count_row, &n), store_error(s));
		slice = now() - slice;
		longest = slice > longest ? slice : longest;
	} while (walk.before);
	(void)printf("look_for_one_address %.3f s\nlook_longest_slice %.1f ms\n", now() - began,
		     longest * 1e3);
}

static void retain(struct store *s, size_t n)
{
	const struct store_retention keep = { .windows_from = INSTANT_NEVER,
					      .events_max = n - n / 10 };
	double began = now(), slice, longest = 0;
	size_t slices = 0;
	int r;

	do {
		slice = now();
		r = store_retain(s, &keep);
		need(r, store_error(s));
		slice = now() - slice;
		longest = slice > longest ? slice : longest;
		slices++;
	} while (r == 1);
	(void)printf("retain_slice %.2f ms\nretain_longest_slice %.1f ms\n",
		     (now() - began) / (double)slices * 1e3, longest * 1e3);
}

static int drop(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	return remove(path);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : EVENTS;
	char dir[256], path[300], aside[256];
	int64_t from = clock_now().us - (int64_t)n * 1000;
	struct engine *e = start(HOUR);
	struct store *s = NULL;
	struct stat st;

	(void)snprintf(dir, sizeof(dir), "%s/bench-store-XXXXXX", argc > 2 ? argv[2] : "/tmp");
	if (!mkdtemp(dir)) {
		need(-errno, dir);
	}
	need(store_open(dir, aside, &s), "store");
	fill(s, e, n, from);
	(void)snprintf(path, sizeof(path), "%s/state.db", dir);
	if (stat(path, &st) == 0) {
		(void)printf("store_bytes_per_event %.1f bytes\n", (double)st.st_size / (double)n);
	}
	recall(s, HOUR, "of_an_hour", clock_now());
	recall(s, 400 * 86400, "of_all", clock_now());
	look(s);
	retain(s, n);
	store_free(s);
	engine_free(e);
	return nftw(dir, drop, 16, FTW_DEPTH | FTW_PHYS) < 0;
}
