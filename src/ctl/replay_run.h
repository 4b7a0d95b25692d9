/* SPDX-License-Identifier: MIT */
#pragma once
/* replay_run.h - what do these rules decide on these logs?
 *
 * One config's way through all files, from the first line to the last; decisions go to `tell` as
 * they come about. Holds one engine and the open files. What is wrong is said on stderr. */
#include "ctl/ctl.h"
#include "engine/engine.h"

struct replay_input;

struct replay_run {
	const struct ctl *ctl;
	const char *which; /* before the file's name, where progress is shown; NULL: nothing */
	instant from, to;
	/* False: it is enough. */
	bool (*tell)(void *arg, const struct ruleset *rules, const struct decision *decision);
	void *arg;
	struct engine *engine;
	struct replay_input *inputs;
	size_t n_inputs;
	int64_t started;
	bool stopped; /* `tell` had enough */
};

/* Takes the ruleset, made by replay_rules(), and opens the files that are the verb's arguments; the
 * fields up to `arg` are the caller's. 0, or an exit code. */
int replay_run_open(struct replay_run *run, struct ruleset *rules);
/* Reads all. 0; CTL_NO: not all could be read. */
int replay_run_all(struct replay_run *run);
void replay_run_done(struct replay_run *run);
/* When none of the lines is an event: how to find the filter that knows them. */
void replay_run_hint(const struct ctl *ctl);
