/* SPDX-License-Identifier: MIT */
/* Orders. Everything that was fed before an order is decided and stored before it; and the answer
 * waits until the kernel has said what became of it, so that "done" means that packets are dropped
 * or pass.
 *
 * An order may be long: a file of many prefixes, an unban of everything. It is done in slices of a
 * few milliseconds, with a turn of the wheel between them. First all of its prefixes are looked at,
 * so that what speaks against one stops the order before it began. Then each slice is a transaction
 * of its own, on the disk before the next one begins, with nothing else in it that could be held up
 * or undone: whatever happens to ipsd, what the slices did stands as if it had been ordered, and
 * whoever was not told that all is done gives the order again. So an order ends where it stands
 * when its client goes away.
 *
 * One order at a time is in slices, the others wait for their turn: nobody is told that an address
 * is free while a file that has it is at work. What is decided from the logs, and what else is
 * asked, waits for none of it. A reload may come in between, so nothing that the rules have numbers
 * for is kept over a turn.
 *
 * The kernel is slower than the engine. A slice waits until the queue to it has room again, but not
 * for ever: what does not fit costs a walk over all wishes, and with an unban empty sets meanwhile.
 */
#include "daemon/answer_order.h"

#include <errno.h>
#include <stdlib.h>

#include "base/span.h"
#include "daemon/call.h"
#include "daemon/target.h"
#include "sys/clock.h"

enum {
	ORDER_PREFIXES_MAX = 1000,
	ORDER_LINES_MAX = 200000, /* of a file */
	SECONDS_MAX_MINUTES = 999999999,
	SLICE_US = 10000,
	PENDING_MAX = 8192, /* wishes under way, before another slice */
	MANY = 1000,        /* bans made or lifted, whose answer waits longer for the kernel */
};

static const duration patience = { .us = 2000000 }, long_patience = { .us = 60000000 };
static const duration look_again = { .us = 20000 };

static void order_call_free(void *state)
{
	struct order_call *o = state;

	if (o->daemon->order == o) {
		o->daemon->order = NULL;
	}
	value_free(o->reply);
	value_free(o->notes);
	value_free(o->covered);
	value_free(o->covered_by);
	free(o->prefixes);
	free(o);
}

enum call_next order_wait(struct call *call)
{
	call_wait(call, look_again);
	return CALL_WAIT;
}

bool order_must_wait(const struct call *call)
{
	return call->daemon->order != NULL;
}

/* Has the kernel said what became of all that the order sent? What did not fit into the queue is
 * sent when it has room. */
static bool order_is_done(struct order_call *o, const struct daemon *d)
{
	const struct enforcer_state *s = d->enforcer ? enforcer_state(d->enforcer) : NULL;

	if (!s) {
		return true;
	}
	if (o->behind && !d->empty && !d->resync) {
		o->behind = false;
		o->sent = s->sent;
	}
	return !o->behind && !d->replan && s->done + s->failed >= o->sent;
}

static enum call_next order_step(struct call *call)
{
	struct order_call *o = call->state;
	bool done = order_is_done(o, call->daemon);
	struct value *warnings;

	if (!done && !call_is_late(call)) {
		return CALL_WAIT;
	}
	warnings = value_array();
	if (!done) {
		value_add_text(warnings, STR("the kernel has not answered yet; see ipsctl status"));
	}
	if (call->daemon->refused > o->refused) {
		value_add_text(warnings, str_of(call->daemon->kernel_trouble.text));
	}
	value_set(o->reply, "warnings", warnings);
	call_reply(call, TAKE(o->reply), false);
	return CALL_DONE;
}

/* The order is in the database; its answer waits for the kernel. */
static enum call_next order_settle(struct call *call, struct order_call *o)
{
	struct daemon *d = call->daemon;

	if (d->store_trouble.on) {
		value_set_bool(o->reply, "stored", false);
	}
	o->sent = d->enforcer ? enforcer_state(d->enforcer)->sent : 0;
	o->behind = d->enforcer && (d->empty || d->resync);
	return order_step(call);
}

struct order_call *order_new(struct call *call, size_t n)
{
	struct order_call *o = calloc(1, sizeof(*o));

	if (o) {
		*o = (struct order_call){ .daemon = call->daemon,
					  .reply = value_object(),
					  .notes = value_array(),
					  .covered = value_array(),
					  .covered_by = value_array(),
					  .refused = call->daemon->refused,
					  .prefixes = calloc(n ? n : 1, sizeof(*o->prefixes)),
					  .n = n };
		call->state = o;
		call->free_state = order_call_free;
		call->step = order_step;
	}
	if (!o || !o->prefixes || wheel_apply(call->daemon, false) < 0) {
		(void)call_refused(call, NULL, "no memory, or ipsd is about to end");
		return NULL;
	}
	return o;
}

struct order_call *order_begin(struct call *call)
{
	const struct value *lines = value_get(call->parameters, "lines");
	const struct value *list = lines ? lines : value_get(call->parameters, "prefixes");
	size_t most = lines ? ORDER_LINES_MAX : ORDER_PREFIXES_MAX, n = value_length(list);
	struct order_call *o;

	if (n > most) {
		(void)call_refused(call, NULL, "at most %zu %s in one order; split it", most,
				   lines ? "lines" : "prefixes");
		return NULL;
	}
	o = order_new(call, n);
	if (o) {
		o->list = list;
		o->lines = lines != NULL;
	}
	return o;
}

enum call_next order_end(struct call *call, struct order_call *o)
{
	struct daemon *d = call->daemon;

	if (wheel_close_order(d) < 0) {
		return call_refused(call, NULL, "ipsd is about to end");
	}
	call_wait(call, patience);
	return order_settle(call, o);
}

static bool slice_is_over(int64_t began)
{
	return clock_monotonic() - began >= SLICE_US;
}

/* So many wishes are under way that another slice should wait. */
static bool kernel_is_behind(const struct daemon *d)
{
	const struct enforcer_state *s = d->enforcer ? enforcer_state(d->enforcer) : NULL;

	return s && s->running && (d->resync || s->pending > PENDING_MAX);
}

/* Is it a transaction? What the database could not take in waits with the rest; that is tried at
 * the order's begin and end, not with each slice. */
static bool slice_open(struct daemon *d, struct order_call *o)
{
	bool opens = !o->begun || !d->store_trouble.on;

	o->begun = true;
	if (opens) {
		wheel_open_order(d);
	}
	return opens;
}

static int slice_close(struct daemon *d, bool opened, bool last)
{
	if (!opened && !last) {
		return wheel_apply(d, false);
	}
	if (!opened) {
		wheel_open_order(d);
	}
	return wheel_close_order(d);
}

/* False: the call has been answered. */
static bool act_slice(struct call *call, struct order_call *o)
{
	int64_t began = clock_monotonic();
	bool opened = slice_open(call->daemon, o), last;
	int r = 0;

	do {
		r = o->work->act(call, o);
		o->next += r == 0 ? 1 : 0;
	} while (r >= 0 && o->next < o->n && !slice_is_over(began));
	last = r < 0 || o->next == o->n;
	if (slice_close(call->daemon, opened, last) < 0 && r >= 0) {
		(void)call_refused(call, NULL, "ipsd is about to end");
		return false;
	}
	return r >= 0;
}

static enum call_next act_step(struct call *call)
{
	struct order_call *o = call->state;
	struct daemon *d = call->daemon;

	if (kernel_is_behind(d) && !o->unhindered) {
		o->unhindered = call_is_late(call);
		if (!o->unhindered) {
			return CALL_WAIT;
		}
	}
	steps_follow(d);
	if (wheel_apply(d, false) < 0) {
		return call_refused(call, NULL, "ipsd is about to end");
	}
	if (!o->work->ready(call, o) || !act_slice(call, o)) {
		return CALL_DONE;
	}
	if (o->next < o->n) {
		call_wait(call, patience);
		return CALL_YIELD;
	}
	d->order = NULL;
	o->work->finish(call, o);
	call_wait(call, o->made + o->lifted > MANY ? long_patience : patience);
	call->step = order_step;
	return order_settle(call, o);
}

static bool look_one(struct call *call, struct order_call *o)
{
	const struct ruleset *rules = engine_ruleset(call->daemon->engine);
	const struct value *item = value_at(o->list, o->next);
	struct str text = value_text(o->lines ? value_get(item, "prefix") : item, STR_NONE);

	if (target_parse(rules, text, &o->prefixes[o->next]) < 0) {
		(void)call_invalid(call, o->lines ? "lines" : "prefixes");
		return false;
	}
	return !o->work->look || o->work->look(call, o);
}

static enum call_next look_step(struct call *call)
{
	struct order_call *o = call->state;
	int64_t began = clock_monotonic();

	for (; o->list && o->next < o->n; o->next++) {
		if (slice_is_over(began)) {
			return CALL_YIELD;
		}
		if (!look_one(call, o)) {
			return CALL_DONE;
		}
	}
	o->next = 0;
	call_wait(call, patience);
	call->step = act_step;
	return act_step(call);
}

enum call_next order_run(struct call *call, struct order_call *o, const struct order_work *work)
{
	call->daemon->order = o;
	o->work = work;
	call->step = look_step;
	return look_step(call);
}

bool order_is_too_wide(const struct prefix *p)
{
	return p->len < (p->addr.family == 4 ? 8 : 16);
}

int order_until(const struct value *from, instant now, instant *ret)
{
	const struct value *seconds = value_get(from, "seconds");
	int64_t n = value_int(seconds, -1);

	if (!seconds || value_type(seconds) == VALUE_NULL) {
		*ret = INSTANT_NEVER;
		return 0;
	}
	if (n <= 0 || n > (int64_t)SECONDS_MAX_MINUTES * 60) {
		return -ERANGE;
	}
	*ret = instant_add(now, (duration){ .us = n * 1000000 });
	return 0;
}
