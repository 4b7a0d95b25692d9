/* SPDX-License-Identifier: MIT */
/* The kernel's side as the daemon sees it: wishes go out, each one's fate comes back. What the
 * table looks like, scopes and never-block, goes the same way as a plan, one at a time: while one
 * is under way and another is wanted, wishes wait. The engine's table of bans is the only truth;
 * when the enforcer starts anew, or more waits than it takes, all wishes are sent again from the
 * table, in slices between other work. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/control.h"
#include "daemon/cutting.h"
#include "daemon/leaking.h"
#include "daemon/reconcile.h"
#include "sys/clock.h"

enum { RESYNC_SLICE = 2000, REFUSALS_TOLD = 10 };

static const duration retry_after = { .us = 5000000 };

/* What is never to be blocked, by the kernel either. Without memory it stays what it was. */
static const struct netset *never_block(struct daemon *d)
{
	uint64_t changes = d->engine ? never_block_changes(engine_never(d->engine)) : 0;
	struct netset *holes;

	if (!d->engine) {
		return d->config->ruleset->never_block;
	}
	if (d->holes && changes == d->holes_of) {
		return d->holes;
	}
	if (never_block_holes(engine_never(d->engine), &holes) == 0) {
		netset_free(d->holes);
		d->holes = holes;
		d->holes_of = changes;
	}
	return d->holes ? d->holes : engine_ruleset(d->engine)->never_block;
}

/* Before there is an engine, its rules lie with the configuration. */
static struct enforcer_plan wanted_plan(struct daemon *d)
{
	const struct ruleset *rules = d->engine ? engine_ruleset(d->engine) : d->config->ruleset;

	return (struct enforcer_plan){
		.scopes = rules->scopes,
		.n_scopes = rules->n_scopes,
		.never_block = never_block(d),
	};
}

static void plan_trouble(struct daemon *d, int error)
{
	d->plan_failed = true;
	d->refused++;
	d->refused_prefix = (struct prefix){ 0 };
	d->retry_at = instant_add(clock_now(), retry_after);
	d->kernel_trouble.on = true;
	snprintf(d->kernel_trouble.text, sizeof(d->kernel_trouble.text),
		 "changing ports or never-block: %s",
		 error == E2BIG ? "never-block is too long, at most 65,536 prefixes"
				: strerror(error));
	log_error("the kernel has not got the last change: %s; the rules of before stand",
		  d->kernel_trouble.text);
}

void enforcement_plan(struct daemon *d)
{
	const struct enforcer_plan plan = wanted_plan(d);
	int r = d->enforcer ? enforcer_plan(d->enforcer, &plan) : 0;

	d->plan_failed = false;
	d->replan = r == -ENOBUFS;
	if (r < 0 && r != -ENOBUFS) {
		plan_trouble(d, -r);
	}
}

void enforcement_follow(struct daemon *d)
{
	if (!d->holes || d->holes_of != never_block_changes(engine_never(d->engine))) {
		enforcement_plan(d);
	}
}

static void enforcement_planned(void *arg, int error)
{
	struct daemon *d = arg;

	if (error) {
		plan_trouble(d, error);
	} else {
		d->kernel_trouble.on = d->kernel_trouble.on && d->refused_prefix.addr.family != 0;
	}
	if (d->replan) {
		enforcement_plan(d);
	}
}

static int enforcement_ready(void *arg, bool restarted)
{
	reconcile_ready(arg, restarted);
	return 0;
}

static void enforcement_foreign(void *arg, const char *broken)
{
	reconcile_foreign(arg, broken);
}

static void enforcement_found(void *arg, const struct prefix *prefix, uint16_t scope, duration left)
{
	reconcile_found(arg, prefix, scope, left);
}

static void enforcement_listed(void *arg, int error)
{
	reconcile_listed(arg, error);
}

static void trouble_over(struct daemon *d)
{
	d->kernel_trouble.on = false;
	log_notice("the kernel takes what it had refused (%llu time%s in a row)",
		   (unsigned long long)d->refused_in_a_row, str_plural(d->refused_in_a_row));
}

static void enforcement_fate(void *arg, const struct prefix *prefix, uint16_t scope, bool held,
			     int error)
{
	struct daemon *d = arg;
	char text[PREFIX_TEXT_MAX];

	if (!error) {
		if (d->kernel_trouble.on && prefix_eq(prefix, &d->refused_prefix)) {
			trouble_over(d);
		}
		return;
	}
	d->refused_in_a_row = d->kernel_trouble.on ? d->refused_in_a_row + 1 : 1;
	d->refused++;
	if (d->n_again < ARRAY_SIZE(d->again)) {
		d->again[d->n_again++] = (struct wish){ .prefix = *prefix, .scope = scope };
	}
	d->refused_prefix = *prefix;
	d->retry_at = instant_add(clock_now(), retry_after);
	d->kernel_trouble.on = true;
	snprintf(d->kernel_trouble.text, sizeof(d->kernel_trouble.text), "%s %s: %s",
		 held ? "blocking" : "letting in", prefix_format_short(prefix, text),
		 strerror(error));
	if (d->refused_in_a_row <= REFUSALS_TOLD) {
		log_error("the kernel refused: %s; it is tried again every %d seconds%s",
			  d->kernel_trouble.text, (int)(retry_after.us / 1000000),
			  d->refused_in_a_row == REFUSALS_TOLD
				  ? ", and what else it refuses is counted in `ipsctl metrics` only"
				  : "");
	}
}

static void enforcement_answer(void *arg, uint64_t cookie, const struct enforcer_answer *answer)
{
	struct daemon *d = arg;

	if (cookie == COOKIE_LEAKING) {
		leaking_answer(d, answer);
	} else {
		control_answer(d->control, cookie, answer);
	}
}

/* A counter takes 16 bytes for each CPU and element; `auto` is for at most 256 MB at the most bans
 * there can be. */
static bool counters_are_cheap(void)
{
	enum { COUNTER_BYTES = 16, MOST_BANS = 2000000, MOST_BYTES = 256 * 1024 * 1024 };

	return sysconf(_SC_NPROCESSORS_CONF) * COUNTER_BYTES * MOST_BANS <= MOST_BYTES;
}

int enforcement_start(struct daemon *d, const struct sandbox_user *user)
{
	const struct config_settings *settings = &d->config->settings;
	CLEANUP(buf_done) struct buf table = { 0 };
	const bool counts = settings->nft_counters ||
			    (settings->nft_counters_auto && counters_are_cheap());
	struct enforcer_events events = {
		.ready = enforcement_ready,
		.foreign = enforcement_foreign,
		.fate = enforcement_fate,
		.planned = enforcement_planned,
		.answer = enforcement_answer,
		.found = enforcement_found,
		.listed = enforcement_listed,
		.arg = d,
	};
	struct enforcer_config config = {
		.plan = wanted_plan(d),
		.host_v6 = d->config->ruleset->host_v6,
		.both = settings->nft_both,
		.counters = counts,
		.cuts = settings->nft_cuts,
		.user = user,
	};
	int r;

	d->counts_packets = counts;
	buf_add_str(&table, settings->nft_table);
	r = buf_ok(&table);
	if (r < 0) {
		return r;
	}
	config.table = buf_text(&table);
	return enforcer_start(&config, &events, &d->enforcer);
}

static int enforcement_dispatch(void *arg, int fd, uint32_t events)
{
	struct daemon *d = arg;
	int r = enforcer_dispatch(d->enforcer);

	(void)fd;
	(void)events;
	if (r < 0) {
		log_error(
			"the keeper of the enforcer is gone: nothing can be blocked any more; ending, bans stay in the kernel");
		return r;
	}
	d->resync_blocked = false;
	cutting_follow(d);
	control_progress(d->control);
	return loop_watch_events(d->enforcer_watch,
				 EPOLLIN | (enforcer_wants_write(d->enforcer) ? EPOLLOUT : 0U));
}

static int enforcement_keeper_gone(void *arg, int pid, int status)
{
	(void)arg;
	log_error(
		"the keeper of the enforcer (pid %d) ended with status %#x: nothing can be blocked any more; ending, "
		"bans stay in the kernel",
		pid, (unsigned)status);
	return -EPIPE;
}

int enforcement_watch(struct daemon *d)
{
	int r;

	if (!d->enforcer) {
		return 0;
	}
	r = loop_add_fd(d->loop, enforcer_fd(d->enforcer), EPOLLIN, enforcement_dispatch, d,
			&d->enforcer_watch);
	if (r < 0) {
		return r;
	}
	return loop_add_child(d->loop, enforcer_keeper_pid(d->enforcer), enforcement_keeper_gone,
			      d);
}

/* Wishes mean the scopes of the last plan, so none goes out while that one waits. What is not said
 * now nobody remembers: all is taken out then, and what is wished put back. */
void enforcement_release(struct daemon *d, const struct prefix *prefix, uint16_t scope)
{
	d->reconcile.releases++;
	if (d->enforcer && (d->replan || enforcer_release(d->enforcer, prefix, scope) < 0)) {
		d->empty = true;
		enforcement_resync(d);
	}
}

/* 0, or -ENOBUFS: no room just now. */
static int enforcement_hold(struct daemon *d, const struct prefix *prefix, uint16_t scope,
			    bool confirms)
{
	instant until;

	if (d->replan) {
		return -ENOBUFS;
	}
	if (!engine_wish(d->engine, prefix, scope, &until)) {
		return 0;
	}
	return confirms ? enforcer_confirm(d->enforcer, prefix, scope, until, clock_now())
			: enforcer_hold(d->enforcer, prefix, scope, until, clock_now());
}

void enforcement_sync(struct daemon *d, const struct prefix *prefix, uint16_t scope)
{
	instant until;

	if (!engine_wish(d->engine, prefix, scope, &until)) {
		enforcement_release(d, prefix, scope);
	} else if (d->enforcer && enforcement_hold(d, prefix, scope, false) < 0) {
		enforcement_resync(d);
	}
}

void enforcement_confirm(struct daemon *d)
{
	d->resync = d->enforcer != NULL;
	d->resync_cursor = 0;
	d->resync_blocked = false;
}

void enforcement_resync(struct daemon *d)
{
	enforcement_confirm(d);
	leaks_restart(&d->leaks, clock_now());
}

static void enforcement_again(struct daemon *d, instant now)
{
	if (!enforcer_state(d->enforcer)->ready) {
		d->retry_at = instant_add(now, retry_after);
		return;
	}
	d->retry_at = instant_at(0);
	if (d->plan_failed) {
		enforcement_plan(d);
	}
	for (size_t i = 0, n = d->n_again; i < n; i++) {
		enforcement_sync(d, &d->again[i].prefix, d->again[i].scope);
	}
	d->n_again = 0;
	enforcement_resync(d);
}

void enforcement_turn(struct daemon *d, instant now)
{
	if (d->enforcer && d->retry_at.us && d->retry_at.us <= now.us) {
		enforcement_again(d, now);
	}
	reconcile_turn(d, now);
}

/* Empties the sets if that is to be done first. False: not just now. */
static bool enforcement_emptied(struct daemon *d)
{
	bool observes = engine_observes(d->engine);

	if (!d->empty && !observes) {
		return true;
	}
	if (enforcer_release_all(d->enforcer) < 0) {
		d->resync_blocked = true;
		return false;
	}
	d->empty = false;
	d->resync = !observes;
	d->resync_cursor = 0;
	return true;
}

static int enforcement_slice(void *arg)
{
	struct daemon *d = arg;
	const struct ban *ban;
	uint32_t before;

	if (!d->resync || !enforcement_emptied(d)) {
		return enforcement_flush(d);
	}
	for (unsigned n = 0; d->resync && n < RESYNC_SLICE; n++) {
		before = d->resync_cursor;
		ban = engine_each_ban(d->engine, &d->resync_cursor);
		if (!ban) {
			d->resync = false;
			break;
		}
		if (ban->kind == DECISION_BAN && !ban->ended &&
		    enforcement_hold(d, &ban->prefix, ban->scope, d->reconcile.confirms) < 0) {
			d->resync_cursor = before;
			d->resync_blocked = true;
			break;
		}
	}
	if (!d->resync) {
		reconcile_sent(d);
	}
	return enforcement_flush(d);
}

int enforcement_flush(struct daemon *d)
{
	int r;

	if (!d->enforcer) {
		return 0;
	}
	r = enforcer_flush(d->enforcer);
	if (r < 0) {
		return r;
	}
	if (d->enforcer_watch) {
		r = loop_watch_events(d->enforcer_watch,
				      EPOLLIN |
					      (enforcer_wants_write(d->enforcer) ? EPOLLOUT : 0U));
		if (r < 0) {
			return r;
		}
	}
	return d->resync && !d->resync_blocked && d->loop
		       ? loop_defer(d->loop, enforcement_slice, d)
		       : 0;
}

bool enforcement_agrees(const struct daemon *d)
{
	const struct enforcer_state *state;

	if (!d->enforcer) {
		return false;
	}
	state = enforcer_state(d->enforcer);
	return state->running && state->ready && !state->pending && !d->resync &&
	       !d->kernel_trouble.on && !d->replan;
}
