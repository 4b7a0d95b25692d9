/* SPDX-License-Identifier: MIT */
/* enforcer.c - the daemon's side: wishes go out, each one's fate comes back.
 *
 * Everything goes through one queue in the order in which it was said, and leaves it by its reply.
 * The socket takes what it has room for; the rest waits here, up to a bound, and the daemon goes on
 * with its work. Whoever keeps the table of bans can say it all again, so the bound costs nothing.
 *
 * A process that died took what it had read with it. The next one says that it is ready, and all
 * that has no reply is sent again, in the old order; what the dead one had left in the socket may
 * be done twice, which changes nothing, since after it comes everything that was said after it.
 *
 * The end of a hold goes out as a reading of the clock that never jumps, which both processes
 * share: waiting in a queue makes no ban longer. */
#include "output/enforcer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "output/held.h"
#include "output/keeper.h"
#include "output/sender.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "sys/sockets.h"

enum {
	QUEUE_MAX = 16384,
	MESSAGES_AT_ONCE = 64,     /* between other work of the daemon */
	START_TIMEOUT = 60 * 1000, /* milliseconds; a huge foreign ruleset is read first */
	DRAIN_TIMEOUT = 1000,
	MESSAGE = REPLIES_PER_MESSAGE * sizeof(struct reply),
};

/* Ends further away are none for the kernel, which refuses timeouts of some centuries. */
static const int64_t LONGEST = INT64_C(3652) * 86400 * 1000000;

struct enforcer {
	int fd;
	pid_t keeper;
	struct enforcer_events events;
	bool quiet;          /* no calls back */
	uint64_t error_turn; /* the count of transactions when some wish was refused */
	struct sender *sender;
	struct held *held;
	struct enforcer_state state;
};

_Static_assert(sizeof(((struct enforcer_state *)NULL)->last_error) == (size_t)REPORT_TEXT, "");

static void note_error(struct enforcer *e, const char *text)
{
	(void)snprintf(e->state.last_error, sizeof(e->state.last_error), "%s", text);
	e->state.last_error_at = clock_now();
}

static int announce(struct enforcer *e, bool restarted)
{
	e->state.running = true;
	e->state.ready = true;
	return e->quiet ? 0 : e->events.ready(e->events.arg, restarted);
}

static void tell_foreign(struct enforcer *e, const char *broken)
{
	if (!e->quiet) {
		e->events.foreign(e->events.arg, broken);
	}
}

static int take_report(struct enforcer *e, const struct report *r)
{
	e->state.foreign += r->foreign;
	switch ((enum report_state)r->state) {
	case REPORT_STARTED: sender_start_over(e->sender, r->starts + 1); return 0;
	case REPORT_READY:
		e->state.restarts = r->starts;
		if (r->text[0] != '\0') {
			note_error(e, r->text);
			held_clear(e->held);
		}
		return announce(e, r->starts > 0);
	case REPORT_MENDED:
		e->state.mends++;
		held_clear(e->held);
		return announce(e, true);
	case REPORT_FOREIGN: tell_foreign(e, NULL); return 0;
	case REPORT_BROKEN:
	case REPORT_FAILED:
		e->state.ready = false;
		note_error(e, r->text);
		if (r->state == REPORT_BROKEN) {
			tell_foreign(e, r->text);
		}
		return 0;
	case REPORT_TROUBLE: note_error(e, r->text); return 0;
	case REPORT_UNCUT: e->state.uncut = r->error; return 0;
	case REPORT_ENDED:
		if (e->state.ready) {
			note_error(e, r->text);
		}
		e->state.running = false;
		e->state.ready = false;
		return 0;
	}
	return -EBADMSG;
}

static void take_plan_fate(struct enforcer *e, int error)
{
	bool other[SCOPES_MAX] = { false };

	sender_planned(e->sender, error == 0, other);
	for (size_t i = 0; i < SCOPES_MAX; i++) {
		if (other[i]) {
			held_forget(e->held, (uint16_t)i);
		}
	}
	if (!e->quiet) {
		e->events.planned(e->events.arg, error);
	}
}

static void take_fate(struct enforcer *e, const struct record *wish, const struct reply *r)
{
	struct prefix p = record_prefix(wish);

	if (wish->kind == RECORD_LIST) {
		if (!e->quiet) {
			e->events.listed(e->events.arg, r->error);
		}
		return;
	}
	e->state.put_back += r->error == 0 && wish->kind == RECORD_HOLD && wish->cookie && !r->held;
	e->state.done += r->error == 0;
	e->state.failed += r->error != 0;
	if (wish->kind == RECORD_PLAN_END) {
		take_plan_fate(e, r->error);
		return;
	}
	if (wish->kind == RECORD_RELEASE_ALL) {
		if (r->error == 0) {
			held_clear(e->held);
		}
		return;
	}
	if (r->error == 0 && wish->kind == RECORD_HOLD) {
		held_add(e->held, &p, wish->scope);
	} else if (r->error == 0) {
		held_remove(e->held, &p, wish->scope);
	}
	if (!e->quiet) {
		e->events.fate(e->events.arg, &p, wish->scope, wish->kind == RECORD_HOLD, r->error);
	}
}

static void take_answer(struct enforcer *e, const struct record *question, const struct reply *r)
{
	struct enforcer_answer a = {
		.prefix = record_prefix(question),
		.scope = question->scope,
		.held = r->held,
		.error = r->error,
		.left = DURATION_FOREVER,
		.packets = r->packets,
		.bytes = r->bytes,
	};

	if (r->has_end) {
		a.left.us = r->left;
	}
	if (!e->quiet) {
		e->events.answer(e->events.arg, question->cookie, &a);
	}
}

static int take_replies(struct enforcer *e, const uint8_t *bytes, size_t n)
{
	bool refused = false;

	for (size_t at = 0; at < n; at += sizeof(struct reply)) {
		struct record asked;
		struct reply r;
		int error = n - at < sizeof(r) ? -EMSGSIZE : reply_parse(bytes + at, sizeof(r), &r);

		if (error < 0) {
			return error;
		}
		refused |= r.error != 0;
		e->state.transactions = r.transactions;
		if (!sender_answer(e->sender, r.seq, &asked)) {
			continue;
		}
		if (asked.kind == RECORD_ASK) {
			take_answer(e, &asked, &r);
		} else {
			take_fate(e, &asked, &r);
		}
	}
	if (refused) {
		e->error_turn = e->state.transactions;
	} else if (e->error_turn != e->state.transactions) {
		e->state.last_error[0] = '\0';
	}
	return 0;
}

static int take_found(struct enforcer *e, const uint8_t *bytes, size_t n)
{
	for (size_t at = 0; at < n; at += sizeof(struct found)) {
		struct found f;
		int error = n - at < sizeof(f) ? -EMSGSIZE : found_parse(bytes + at, sizeof(f), &f);
		struct prefix p;

		if (error < 0) {
			return error;
		}
		p = found_prefix(&f);
		if (!e->quiet) {
			e->events.found(e->events.arg, &p, f.scope, (duration){ .us = f.left });
		}
	}
	return 0;
}

/* Takes one message. 1: taken; 0: none waits. */
static int take_message(struct enforcer *e)
{
	uint8_t bytes[MESSAGE + 1]; /* one more tells a message that is too long */
	int64_t n = sockets_read(e->fd, bytes, sizeof(bytes));
	struct report report;
	int r;

	if (n == -EAGAIN) {
		return 0;
	}
	if (n <= 0 || n > MESSAGE) {
		return n > 0 ? -EMSGSIZE : -EPIPE;
	}
	if (bytes[0] == REPLY_FOUND) {
		r = take_found(e, bytes, (size_t)n);
	} else if (bytes[0] != REPLY_REPORT) {
		r = take_replies(e, bytes, (size_t)n);
	} else {
		r = report_parse(bytes, (size_t)n, &report);
		r = r < 0 ? r : take_report(e, &report);
	}
	return r < 0 ? r : 1;
}

int enforcer_flush(struct enforcer *e)
{
	return sender_flush(e->sender, e->fd);
}

bool enforcer_wants_write(const struct enforcer *e)
{
	return sender_waits(e->sender);
}

int enforcer_dispatch(struct enforcer *e)
{
	int r = 1;

	for (int i = 0; r > 0 && i < MESSAGES_AT_ONCE; i++) {
		r = take_message(e);
	}
	r = r < 0 ? r : enforcer_flush(e);
	e->state.pending = sender_count(e->sender);
	e->state.elements = held_count(e->held);
	return r;
}

static int count_added(struct enforcer *e, enum record_kind kind, int error)
{
	if (error == 0 && kind != RECORD_ASK && kind != RECORD_LIST) {
		e->state.sent++;
	}
	e->state.pending = sender_count(e->sender);
	return error;
}

static int add(struct enforcer *e, const struct record *r)
{
	return count_added(e, (enum record_kind)r->kind, sender_add(e->sender, r));
}

int enforcer_plan(struct enforcer *e, const struct enforcer_plan *plan)
{
	return count_added(e, RECORD_PLAN_END, sender_add_plan(e->sender, plan));
}

static int hold(struct enforcer *e, struct record r, instant until, instant now)
{
	const struct prefix prefix = record_prefix(&r);
	duration left = instant_since(until, now);

	if (left.us <= 0) {
		return enforcer_release(e, &prefix, r.scope);
	}
	r.deadline = left.us > LONGEST ? RECORD_NO_END : clock_monotonic() + left.us;
	return add(e, &r);
}

int enforcer_hold(struct enforcer *e, const struct prefix *prefix, uint16_t scope, instant until,
		  instant now)
{
	return hold(e, record_about(RECORD_HOLD, prefix, scope), until, now);
}

int enforcer_confirm(struct enforcer *e, const struct prefix *prefix, uint16_t scope, instant until,
		     instant now)
{
	struct record r = record_about(RECORD_HOLD, prefix, scope);

	r.cookie = 1;
	return hold(e, r, until, now);
}

int enforcer_list(struct enforcer *e, size_t max)
{
	return add(e, &(struct record){ .kind = RECORD_LIST, .cookie = max });
}

int enforcer_release(struct enforcer *e, const struct prefix *prefix, uint16_t scope)
{
	struct record r = record_about(RECORD_RELEASE, prefix, scope);

	return add(e, &r);
}

int enforcer_release_all(struct enforcer *e)
{
	return add(e, &(struct record){ .kind = RECORD_RELEASE_ALL });
}

int enforcer_ask(struct enforcer *e, const struct prefix *prefix, uint16_t scope, uint64_t cookie)
{
	struct record r = record_about(RECORD_ASK, prefix, scope);

	r.cookie = cookie;
	return add(e, &r);
}

static int start_keeper(struct enforcer *e, const struct enforcer_config *config)
{
	const struct enforcer_job job = {
		.table = config->table,
		.both = config->both,
		.counters = config->counters,
		.cuts = config->cuts,
		.host_v6 = config->host_v6,
	};

	return keeper_start(&job, config->user, &e->keeper, &e->fd);
}

/* Waits for the next report and looks at it without taking it. */
static int peek_report(struct enforcer *e, struct report *ret)
{
	struct pollfd wait = { .fd = e->fd, .events = POLLIN };
	uint8_t bytes[sizeof(*ret)];
	ssize_t n;
	int r;

	if (enforcer_wants_write(e)) {
		wait.events |= POLLOUT;
	}
	do {
		r = poll(&wait, 1, START_TIMEOUT);
	} while (r < 0 && errno == EINTR);
	if (r == 0) {
		note_error(e, "the enforcer does not answer");
		return -ETIMEDOUT;
	}
	if (!(wait.revents & ~POLLOUT)) {
		return 0;
	}
	n = recv(e->fd, bytes, sizeof(bytes), MSG_PEEK);
	if (n <= 0 || report_parse(bytes, (size_t)n, ret) < 0) {
		note_error(e, "the enforcer ended before it could say why");
		return -EPIPE;
	}
	return 1;
}

/* Sends the plan; the report that the table stands is left for the first dispatch, with its calls
 * back. */
static int await_ready(struct enforcer *e)
{
	struct report report = { 0 };
	int r;

	do {
		r = peek_report(e, &report);
		if (r > 0 && report.state == REPORT_STARTED) {
			r = take_message(e);
			report.state = 0;
		}
		r = r < 0 ? r : enforcer_flush(e);
	} while (r == 0 && report.state == 0);
	if (r < 0) {
		return r;
	}
	if (report.state != REPORT_READY) {
		note_error(e, report.text);
		return report.error > 0 ? -report.error : -EIO;
	}
	e->state.running = true;
	e->state.ready = true;
	return 0;
}

int enforcer_start(const struct enforcer_config *config, const struct enforcer_events *events,
		   struct enforcer **ret)
{
	struct enforcer *e = calloc(1, sizeof(*e));
	int r;

	if (!e) {
		return -ENOMEM;
	}
	e->fd = -1;
	e->events = *events;
	r = held_new(&e->held);
	r = r < 0 ? r : sender_new(QUEUE_MAX, &config->plan, &e->sender);
	if (r == -ENOMEM) {
		return enforcer_free(e), r;
	}
	*ret = e;
	if (r < 0) {
		note_error(e, r == -E2BIG
				      ? "never-block is too long: at most 65,536 prefixes"
				      : "the ports of some jail cannot be told to the enforcer");
		return r;
	}
	r = start_keeper(e, config);
	if (r < 0) {
		note_error(e, "no process could be made for the enforcer");
		return r;
	}
	return await_ready(e);
}

/* Until all is answered, the other side is gone, or it takes too long. */
static void drain(struct enforcer *e)
{
	int64_t deadline = clock_monotonic() + DRAIN_TIMEOUT * INT64_C(1000);

	e->quiet = true;
	while (sender_count(e->sender) > 0 && enforcer_dispatch(e) == 0) {
		struct pollfd wait = { .fd = e->fd, .events = POLLIN };
		int64_t left = deadline - clock_monotonic();

		if (enforcer_wants_write(e)) {
			wait.events |= POLLOUT;
		}
		if (left <= 0 || sender_count(e->sender) == 0 ||
		    poll(&wait, 1, (int)(left / 1000) + 1) == 0) {
			break;
		}
	}
}

struct enforcer *enforcer_free(struct enforcer *e)
{
	if (!e) {
		return NULL;
	}
	if (e->fd >= 0) {
		drain(e);
	}
	fd_close(&e->fd);
	if (e->keeper > 0) {
		keeper_end(e->keeper);
	}
	sender_free(e->sender);
	held_free(e->held);
	free(e);
	return NULL;
}

int enforcer_fd(const struct enforcer *e)
{
	return e->fd;
}

int enforcer_keeper_pid(const struct enforcer *e)
{
	return e->keeper;
}

const struct enforcer_state *enforcer_state(const struct enforcer *e)
{
	return &e->state;
}
