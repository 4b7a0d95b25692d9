/* SPDX-License-Identifier: MIT */
/* Verify: does the kernel hold each ban, and as long as it should? Every wished element is asked
 * for, some hundreds at a time, so that neither the enforcer's queue nor other work is held up.
 * Whatever differs is told, and mended: all bans are sent again. */
#include <stdlib.h>
#include <string.h>

#include "daemon/call.h"
#include "sys/clock.h"

enum { VERIFY_SLICE = 256, VERIFY_DIFFERENCES_MAX = 1000, VERIFY_SLACK_US = 3000000 };

static const duration patience = { .us = 60000000 };

struct verify {
	struct daemon *daemon;
	uint32_t cursor;
	bool all_asked;
	size_t asked, answered, n_differences;
	struct value *differences;
};

static void verify_free(void *state)
{
	struct verify *v = state;

	value_free(v->differences);
	free(v);
}

static void add_difference(struct verify *v, const struct enforcer_answer *answer, const char *what)
{
	struct value *row;
	char text[PREFIX_TEXT_MAX];

	if (v->n_differences++ >= VERIFY_DIFFERENCES_MAX) {
		return;
	}
	row = value_object();
	value_set_word(row, "prefix", prefix_format(&answer->prefix, text));
	value_set_text(row, "ports",
		       ruleset_ports(engine_ruleset(v->daemon->engine), answer->scope));
	value_set_word(row, "what", what);
	value_add(v->differences, row);
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
		add_difference(v, answer, strerror(answer->error));
		return;
	}
	left = wished ? instant_since(until, clock_now()).us : 0;
	if (wished && !answer->held && left > VERIFY_SLACK_US) {
		add_difference(v, answer, "is not in the kernel: packets pass");
	} else if (wished && answer->held && answer->left.us != DURATION_FOREVER.us &&
		   answer->left.us + VERIFY_SLACK_US < left) {
		add_difference(v, answer, "ends too early in the kernel");
	} else if (!wished && answer->held) {
		add_difference(v, answer, "is in the kernel, though nobody wishes it");
	}
}

static void verify_ask(struct call *call, struct verify *v)
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
		if (enforcer_ask(d->enforcer, &ban->prefix, ban->scope, call->cookie) < 0) {
			v->cursor = before;
			return;
		}
		v->asked++;
	}
}

static enum call_next verify_step(struct call *call)
{
	struct verify *v = call->state;
	struct value *reply;

	if (!v->all_asked) {
		verify_ask(call, v);
		if (enforcer_flush(v->daemon->enforcer) < 0) {
			return call_refused(call, "ipsctl status", "the enforcer does not answer");
		}
	}
	if (!v->all_asked || v->answered < v->asked) {
		return call_is_late(call)
			       ? call_refused(call, "ipsctl status", "the enforcer does not answer")
			       : CALL_WAIT;
	}
	if (v->n_differences) {
		log_warning("the kernel differed in %zu of %zu bans; all are sent to it again",
			    v->n_differences, v->asked);
		enforcement_resync(v->daemon);
	}
	reply = value_object();
	value_set_int(reply, "checked", (int64_t)v->asked);
	value_set_int(reply, "differing", (int64_t)v->n_differences);
	value_set(reply, "differences", TAKE(v->differences));
	call_reply(call, reply, false);
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
	v->differences = value_array();
	call->state = v;
	call->free_state = verify_free;
	call->answer = verify_answer;
	call->deadline = instant_add(clock_now(), patience);
	call->step = verify_step;
	return verify_step(call);
}
