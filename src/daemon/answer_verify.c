/* SPDX-License-Identifier: MIT */
/* Verify: does the kernel hold each ban, as long as it should, and nothing else? First every wished
 * element is asked for, some hundreds at a time, so that neither the enforcer's queue nor other
 * work is held up; that tells what is missing. Then everything is looked at as after a change by
 * somebody else (reconcile.h), which puts right what differs, takes out what nobody wishes, and
 * tells that. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/call.h"
#include "daemon/reconcile.h"
#include "sys/clock.h"

enum { VERIFY_SLICE = 256, VERIFY_DIFFERENCES_MAX = 1000, VERIFY_SLACK_US = 3000000 };

static const duration patience = { .us = 60000000 };

struct verify {
	struct daemon *daemon;
	uint32_t cursor;
	bool all_asked;
	size_t asked, answered, n_differences;
	uint64_t cookie;
	uint64_t mends; /* of the table, before */
	uint64_t look;  /* reconcile_looks() at the end; 0: not begun */
	struct value *differences;
};

static void verify_free(void *state)
{
	struct verify *v = state;

	value_free(v->differences);
	free(v);
}

/* `prefix`: NULL for the table itself. */
static void add_difference(struct verify *v, const struct prefix *prefix, uint16_t scope,
			   const char *what, const char *done)
{
	struct value *row;
	char text[PREFIX_TEXT_MAX];

	if (v->n_differences++ >= VERIFY_DIFFERENCES_MAX) {
		return;
	}
	row = value_object();
	value_set_word(row, "prefix", prefix ? prefix_format(prefix, text) : NULL);
	if (prefix) {
		value_set_text(row, "ports",
			       ruleset_ports(engine_ruleset(v->daemon->engine), scope));
	} else {
		value_set_null(row, "ports");
	}
	value_set_word(row, "what", what);
	value_set_word(row, "done", done);
	value_add(v->differences, row);
}

static void verify_taken_out(struct call *call, const struct prefix *prefix, uint16_t scope)
{
	add_difference(call->state, prefix, scope,
		       "is in the kernel, though nobody wishes it: packets are dropped",
		       "taken out");
}

/* The ban may have ended, or been lengthened, between question and answer: what is wished now is
 * compared. */
static void verify_answer(struct call *call, const struct enforcer_answer *answer)
{
	struct verify *v = call->state;
	instant until;
	bool wished = engine_wish(v->daemon->engine, &answer->prefix, answer->scope, &until);
	int64_t left;

	v->answered++;
	if (answer->error) {
		add_difference(v, &answer->prefix, answer->scope, strerror(answer->error),
			       "asked again");
		return;
	}
	left = wished ? instant_since(until, clock_now()).us : 0;
	if (wished && !answer->held && left > VERIFY_SLACK_US) {
		add_difference(v, &answer->prefix, answer->scope,
			       "is not in the kernel: packets pass", "put back");
	} else if (wished && answer->held && answer->left.us != DURATION_FOREVER.us &&
		   answer->left.us + VERIFY_SLACK_US < left) {
		add_difference(v, &answer->prefix, answer->scope, "ends too early in the kernel",
			       "given its whole time");
	}
}

static void verify_ask(struct verify *v)
{
	const struct daemon *d = v->daemon;

	while (v->asked - v->answered < VERIFY_SLICE) {
		uint32_t before = v->cursor;
		const struct ban *ban = engine_each_ban(d->engine, &v->cursor);

		if (!ban) {
			v->all_asked = true;
			return;
		}
		if (ban->kind != DECISION_BAN || ban->ended) {
			continue;
		}
		if (enforcer_ask(d->enforcer, &ban->prefix, ban->scope, v->cookie) < 0) {
			v->cursor = before;
			return;
		}
		v->asked++;
	}
}

/* 1: everything has been looked at; 0: not yet. */
static int verify_look(struct verify *v)
{
	struct daemon *d = v->daemon;

	if (!v->all_asked) {
		verify_ask(v);
		if (enforcer_flush(d->enforcer) < 0) {
			return -EPIPE;
		}
	}
	if (!v->all_asked || v->answered < v->asked) {
		return 0;
	}
	if (!v->look) {
		v->look = reconcile_look(d);
	}
	return reconcile_looks(d) >= v->look;
}

static struct value *verify_result(struct verify *v)
{
	const struct enforcer_state *state = enforcer_state(v->daemon->enforcer);
	const struct reconcile *r = &v->daemon->reconcile;
	struct value *reply = value_object();

	if (r->broken) {
		add_difference(v, NULL, 0,
			       "the table does not stand and cannot be made: nobody is blocked",
			       "tried again each second");
	} else if (state->mends > v->mends) {
		add_difference(v, NULL, 0, "the table was changed or removed by somebody else",
			       "made again");
	}
	if (r->too_many) {
		add_difference(
			v, NULL, 0,
			"there are more elements in its sets than can be looked through, "
			"though fewer are wished: packets are dropped",
			"left there: `ipsctl observe`, then `ipsctl enforce` takes them out");
	}
	if (v->n_differences) {
		log_warning("ipsctl verify: the kernel differed in %zu thing%s from what is wished",
			    v->n_differences, str_plural(v->n_differences));
	}
	value_set_int(reply, "checked", (int64_t)v->asked);
	value_set_bool(reply, "listed", r->listed);
	value_set_int(reply, "differing", (int64_t)v->n_differences);
	value_set(reply, "differences", TAKE(v->differences));
	return reply;
}

static enum call_next verify_step(struct call *call)
{
	struct verify *v = call->state;
	int r = verify_look(v);

	if (r == 0 && !v->daemon->reconcile.broken && !call_is_late(call)) {
		return CALL_WAIT;
	}
	if (r <= 0 && !v->daemon->reconcile.broken) {
		return call_refused(call, "ipsctl status", "the enforcer does not answer");
	}
	call_reply(call, verify_result(v), false);
	return CALL_DONE;
}

enum call_next answer_verify(struct call *call)
{
	struct daemon *d = call->daemon;
	struct verify *v;

	if (!d->enforcer) {
		return call_refused(call, NULL, "there is nothing to compare: %s", d->forced_why);
	}
	if (wheel_apply(d, false) < 0) {
		return call_refused(call, NULL, "ipsd is about to end");
	}
	v = calloc(1, sizeof(*v));
	if (!v) {
		return call_refused(call, NULL, "no memory");
	}
	v->daemon = d;
	v->all_asked = engine_observes(d->engine);
	v->cookie = call->cookie;
	v->mends = enforcer_state(d->enforcer)->mends;
	v->differences = value_array();
	call->state = v;
	call->free_state = verify_free;
	call->answer = verify_answer;
	call->taken_out = verify_taken_out;
	call_wait(call, patience);
	call->step = verify_step;
	return verify_step(call);
}
