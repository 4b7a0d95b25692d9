/* SPDX-License-Identifier: MIT */
/* What does an event cost, and what a subject? Events of 100,000 and of 1,000,000 addresses in
 * random order go through the engine in front of VPOP3's jail: first each address once, then ten
 * times as many with a window that lets about five of each stand. Then the same with 5 and 20 such
 * jails in front of one filter, and with jails that count by network, by account, and each address
 * of a network once. Then what subjects of each kind hold after 1, 5 and 20 events that all count.
 * Numbers are printed as `name value unit`.
 *
 * usage: bench_engine [SUBJECTS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/engine.h"

enum {
	STANDING = 5,
	OFTEN = 20,
	ROUNDS = 10,
	STEP_US = 100,
	WAKE = 1000,
	JAILS = 20,
	CROWD = 100000,
	ROOM = 4
};

/* What stands in front of the events. */
struct setup {
	const char *name;
	size_t jails;
	enum subject_kind subject;
	enum distinct distinct;
	uint32_t threshold;
};

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

static struct engine *start(uint32_t subjects, const struct setup *s)
{
	static const points multipliers[] = {
		[EVENT_AUTH_FAILURE] = 50, [EVENT_RELAY_DENIED] = 100
	};
	static uint16_t to_jail[JAILS];
	static struct route route = { .filter = 0, .jails = to_jail };
	const struct engine_limits limits = { .subjects = (uint32_t)s->jails * 2 * subjects };
	struct ruleset *r = NULL;
	struct engine *e = NULL;

	if (ruleset_new(&r) < 0 || !(r->jails = arena_alloc(r->arena, JAILS, sizeof(*r->jails))) ||
	    !(r->sources = arena_alloc(r->arena, 1, sizeof(*r->sources)))) {
		fail("no memory");
	}
	r->n_jails = s->jails;
	route.n_jails = s->jails;
	for (size_t i = 0; i < s->jails; i++) {
		to_jail[i] = (uint16_t)i;
		r->jails[i] = (struct jail){
			.name = STR("vpop3-smtp"),
			.window = { .us = (int64_t)STEP_US * STANDING * subjects },
			.subject = s->subject,
			.distinct = s->distinct,
			.share = 2,
			.threshold = s->threshold,
			.ladder = { seconds(1800) },
			.steps = 1,
			.ban_memory = seconds(30 * 86400),
			.points = multipliers,
			.n_points = ARRAY_SIZE(multipliers),
		};
	}
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
	static char account[16];
	struct event e = {
		.time = time,
		.type = EVENT_AUTH_FAILURE,
		.service = EVENT_SERVICE_NONE,
		.count = 1,
		.addr = { .family = 4 },
		.text = { .p = line, .n = sizeof(line) - 1 },
	};

	for (unsigned i = 0; i < 4; i++) {
		e.addr.bytes[3 - i] = (uint8_t)(subject >> (8 * i));
	}
	/* As many accounts as networks. */
	(void)snprintf(account, sizeof(account), "user%u", subject / 256);
	e.account = str_of(account);
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

static void measure(uint32_t subjects, const struct setup *s)
{
	struct engine *e = start(subjects, s);
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
	(void)printf("new_subject%s_%u %.0f ns\n", s->name, subjects,
		     (cpu_time() - begin) / subjects);
	full = resident();
	begin = cpu_time();
	for (uint64_t i = 0; i < n; i++) {
		time.us += STEP_US;
		feed(e, roll(subjects), time);
		if (i % WAKE == 0) {
			wake(e, time);
		}
	}
	(void)printf("event%s_%u %.0f ns\n", s->name, subjects, (cpu_time() - begin) / (double)n);
	(void)printf("bytes_per_subject_of_1_event%s_%u %.0f\n", s->name, subjects,
		     (full - empty) / subjects);
	(void)printf("bytes_per_subject_of_%d_events%s_%u %.0f\n", STANDING, s->name, subjects,
		     (resident() - empty) / subjects);
	(void)printf("bans%s_%u %llu\n", s->name, subjects,
		     (unsigned long long)engine_stats(e).bans);
	(void)engine_free(e);
}

/* Each subject is another address, another network and another account. */
static void weigh(uint32_t subjects, const struct setup *s)
{
	struct engine *e = start(ROOM * subjects, s);
	instant time = instant_at(1800000000);
	double empty = resident();

	for (uint32_t n = 1; n <= OFTEN; n++) {
		for (uint32_t i = 0; i < subjects; i++) {
			time.us += STEP_US;
			feed(e, i * 256, time);
			if (i % WAKE == 0) {
				wake(e, time);
			}
		}
		if (n == 1 || n == STANDING || n == OFTEN) {
			(void)printf("bytes_per_%s_of_%u_events_%u %.0f\n", s->name, n, subjects,
				     (resident() - empty) / subjects);
		}
	}
	if (engine_stats(e).evicted > 0) {
		fail("no room for so many");
	}
	engine_free(e);
}

int main(int argc, char **argv)
{
	static const struct setup setups[] = {
		{ "", 1, SUBJECT_ADDRESS, DISTINCT_NONE, 1000 },
		{ "_5_jails", 5, SUBJECT_ADDRESS, DISTINCT_NONE, 1000 },
		{ "_20_jails", 20, SUBJECT_ADDRESS, DISTINCT_NONE, 1000 },
		{ "_network", 1, SUBJECT_NETWORK, DISTINCT_NONE, 1000000 },
		{ "_network_distinct", 1, SUBJECT_NETWORK, DISTINCT_ADDRESS, 20000 },
		{ "_account", 1, SUBJECT_ACCOUNT, DISTINCT_NONE, 1000000 },
	};
	static const struct setup kinds[] = {
		{ "address", 1, SUBJECT_ADDRESS, DISTINCT_NONE, 2000 },
		{ "network", 1, SUBJECT_NETWORK, DISTINCT_NONE, 2000 },
		{ "account", 1, SUBJECT_ACCOUNT, DISTINCT_NONE, 2000 },
	};
	uint32_t crowd = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : CROWD;

	for (size_t i = 0; i < ARRAY_SIZE(setups); i++) {
		measure(crowd, &setups[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		weigh(crowd, &kinds[i]);
	}
	if (argc == 1) {
		measure(10 * CROWD, &setups[0]);
	}
	return 0;
}
