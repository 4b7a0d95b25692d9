/* SPDX-License-Identifier: MIT */
#pragma once
/* driver.h - what do the parts of the engine's driver share? See engine_driver.c. */
#include "base/addr.h"
#include "base/attr.h"
#include "base/str.h"
#include "engine/engine.h"

enum {
	EVENTS = 1024,
	PLACES = 2,
	SERVICES = 3,
	SCOPES = 3,
	TYPES = 32,
	JAILS = 8,
	WORDS = 64,
	TEXT = 7
};

struct words {
	struct str at[WORDS];
	size_t n;
};

/* An event that counted; its texts are cut. */
struct kept {
	struct counted counted;
	char account[TEXT + 1], jail[TEXT + 1];
	uint32_t forgotten; /* letters of the jails in which it counts no more */
};

/* One sequence. */
struct driver {
	struct ruleset *rules; /* until the engine takes it over */
	struct jail jails[JAILS];
	bool watches[JAILS][PLACES][PLACES]; /* jail, source, filter */
	uint32_t hears[JAILS];               /* letters of the jails that it watches */
	uint16_t n_jails;
	struct engine *engine;
	/* What counted, as the database would have it. */
	struct kept events[EVENTS];
	size_t n_events;
};

/* Says on which line what is wrong, and ends the program. */
_Noreturn void fail(const char *what, struct str word);
void next_line(void);
/* What a word stands for; fail() when it is none of that. */
uint64_t word_number(struct str word);
uint16_t word_small(struct str word);
struct prefix word_prefix(struct str word);
/* Seconds with at most six decimals, `never` or `permanent`, in microseconds. */
int64_t word_time(struct str word);

/* Jails have letters for names. */
uint32_t letter(struct str name);
/* `rules ...` and `jail ...`; an engine with them, and its end. */
void rules_begin(struct driver *d, const struct words *w);
void rules_add_jail(struct driver *d, const struct words *w);
void rules_start(struct driver *d);
void rules_stop(struct driver *d);
/* `reload`: the engine goes on with the rules said since, and prints what that brings. */
void rules_change(struct driver *d, instant now);

/* Takes the engine's batch, prints it and keeps the events that counted. */
void answer_batch(struct driver *d);
void answer_order(const struct order *o, const struct order_result *result);
/* The state at the time of an `end` line, and of the prefixes that it names. */
void answer_state(const struct engine *e, const struct words *w);
