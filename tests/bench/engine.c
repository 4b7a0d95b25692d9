/* SPDX-License-Identifier: MIT */
/* What does an event cost, and what a subject? Events of 100,000 and of 1,000,000 addresses in
 * random order go through the engine in front of VPOP3's jail: first each address once, then ten
 * times as many with a window that lets about five of each stand. Numbers are printed as `name
 * value unit`.
 *
 * usage: bench_engine [SUBJECTS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/engine.h"

enum { STANDING = 5, ROUNDS = 10, STEP_US = 100, WAKE = 1000 };

static const uint8_t SEED[TABLE_SEED_SIZE] = { 1, 2, 3 };
static uint64_t dice = 1;

static void fail(const char *what)
{
	(void)fprintf(stderr, "%s\n", what);
	exit(1);
}

static uint32_t roll(uint32_t below)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(((dice >> 32) * below) >> 32);
}

static double cpu_time(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double resident(void)
{
	char line[256], *second;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f || !fgets(line, sizeof(line), f) || !(second = strchr(line, ' '))) {
		fail("no /proc/self/statm");
	}
	(void)fclose(f);
	return (double)strtol(second, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
}

static struct engine *start(uint32_t subjects)
{
	static const points multipliers[] = {
		[EVENT_AUTH_FAILURE] = 50, [EVENT_RELAY_DENIED] = 100
	};
	static const uint16_t to_jail[] = { 0 };
	static const struct route route = { .filter = 0, .jails = to_jail, .n_jails = 1 };
	const struct engine_limits limits = { .subjects = subjects };
	struct ruleset *r = NULL;
	struct engine *e = NULL;

	if (ruleset_new(&r) < 0 || !(r->jails = arena_alloc(r->arena, 1, sizeof(*r->jails))) ||
	    !(r->sources = arena_alloc(r->arena, 1, sizeof(*r->sources)))) {
		fail("no memory");
	}
	r->n_jails = 1;
	r->jails[0] = (struct jail){
		.name = STR("vpop3-smtp"),
		.window = { .us = (int64_t)STEP_US * STANDING * subjects },
		.threshold = 1000,
		.ladder = { seconds(1800) },
		.steps = 1,
		.ban_memory = seconds(30 * 86400),
		.points = multipliers,
		.n_points = ARRAY_SIZE(multipliers),
	};
	r->n_sources = 1;
	r->sources[0] = (struct source){ .routes = &route, .n_routes = 1 };
	if (engine_new(r, &limits, SEED, &e) < 0) {
		fail("no engine");
	}
	return e;
}

static struct event event_of(uint32_t subject, instant time)
{
	static const char line[] =
		"2026-01-22 13:53:23 IDS: 203.0.113.9 event 0 service SMTP, a line of usual length";
	struct event e = {
		.time = time,
		.type = EVENT_AUTH_FAILURE,
		.service = EVENT_SERVICE_NONE,
		.count = 1,
		.addr = { .family = 4 },
		.text = { .p = line, .n = sizeof(line) - 1 },
	};

	for (unsigned i = 0; i < 4; i++) {
		e.addr.bytes[i] = (uint8_t)(subject >> (8 * i));
	}
	return e;
}

static void wake(struct engine *e, instant time)
{
	bool done;

	do {
		done = engine_tick(e, time);
		(void)engine_take(e);
	} while (!done);
}

static void feed(struct engine *e, uint32_t subject, instant time)
{
	const struct event event = event_of(subject, time);

	while (!engine_feed_event(e, &event)) {
		(void)engine_take(e);
	}
}

static void measure(uint32_t subjects)
{
	struct engine *e = start(subjects);
	instant time = instant_at(1800000000);
	double empty = resident(), begin = cpu_time(), full;
	uint64_t n = (uint64_t)ROUNDS * subjects;

	for (uint32_t i = 0; i < subjects; i++) {
		time.us += STEP_US;
		feed(e, i, time);
		if (i % WAKE == 0) {
			wake(e, time);
		}
	}
	(void)printf("new_subject_%u %.0f ns\n", subjects, (cpu_time() - begin) / subjects);
	full = resident();
	begin = cpu_time();
	for (uint64_t i = 0; i < n; i++) {
		time.us += STEP_US;
		feed(e, roll(subjects), time);
		if (i % WAKE == 0) {
			wake(e, time);
		}
	}
	(void)printf("event_%u %.0f ns\n", subjects, (cpu_time() - begin) / (double)n);
	(void)printf("bytes_per_subject_of_1_event_%u %.0f\n", subjects, (full - empty) / subjects);
	(void)printf("bytes_per_subject_of_%d_events_%u %.0f\n", STANDING, subjects,
		     (resident() - empty) / subjects);
	(void)printf("bans_%u %llu\n", subjects, (unsigned long long)engine_stats(e).bans);
	(void)engine_free(e);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		measure((uint32_t)strtoul(argv[1], NULL, 10));
		return 0;
	}
	measure(100000);
	measure(1000000);
	return 0;
}
