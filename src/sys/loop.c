/* SPDX-License-Identifier: MIT */
/* loop.c - what happens next?
 *
 * sd-event dispatches one source at a time and knows no end of a wake-up. Ours does: everything
 * that is ready is dispatched, at most DISPATCHES_PER_TURN sources so that one that is always ready
 * cannot keep the others waiting, then each deferred function is called once, then the functions of
 * the turn. Only if nothing was deferred meanwhile does the loop sleep.
 *
 * Handles may be freed inside their own callback: a trampoline copies what it needs before the call
 * and sd-event keeps the source alive until it returns. */
#include "sys/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "sys/clock.h"

enum { DISPATCHES_PER_TURN = 64, CALLS_FIRST = 8 };

struct call {
	loop_fn fn;
	void *arg;
};

struct calls {
	struct call *at;
	size_t n, cap;
};

/* A signal or a child: the loop owns them. */
struct owned {
	struct owned *next;
	struct loop *loop;
	sd_event_source *source;
	loop_signal_fn on_signal;
	loop_child_fn on_child;
	void *arg;
};

struct loop {
	sd_event *event;
	struct calls deferred, running, turns;
	struct owned *owned;
	uint64_t longest_turn; /* in us */
	bool exiting;
	int code;
};

struct loop_watch {
	struct loop *loop;
	sd_event_source *source;
	loop_fd_fn fn;
	void *arg;
};

struct loop_timer {
	struct loop *loop;
	sd_event_source *source;
	loop_fn fn;
	void *arg;
};

static int calls_add(struct calls *c, struct call call)
{
	if (c->n == c->cap) {
		size_t cap = c->cap > 0 ? c->cap * 2 : CALLS_FIRST;
		struct call *grown = reallocarray(c->at, cap, sizeof(*grown));

		if (!grown) {
			return -ENOMEM;
		}
		c->at = grown;
		c->cap = cap;
	}
	c->at[c->n++] = call;
	return 0;
}

int loop_new(struct loop **ret)
{
	struct loop *l = calloc(1, sizeof(*l));
	sigset_t set;
	int r;

	if (!l) {
		return -ENOMEM;
	}
	r = sd_event_new(&l->event);
	if (r < 0) {
		free(l);
		return r;
	}
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	*ret = l;
	return 0;
}

static struct owned *owned_free(struct owned *o)
{
	sd_event_source_disable_unref(o->source);
	free(o);
	return NULL;
}

struct loop *loop_free(struct loop *l)
{
	if (!l) {
		return NULL;
	}
	while (l->owned) {
		struct owned *next = l->owned->next;

		(void)owned_free(l->owned);
		l->owned = next;
	}
	sd_event_unref(l->event);
	free(l->deferred.at);
	free(l->running.at);
	free(l->turns.at);
	free(l);
	return NULL;
}

void loop_exit(struct loop *l, int code)
{
	if (!l->exiting) {
		l->exiting = true;
		l->code = code;
	}
}

/* What a callback returned. sd-event itself must see no failure: it would only switch the source
 * off. */
static int judge(struct loop *l, int r)
{
	if (r < 0) {
		loop_exit(l, r);
	}
	return 0;
}

static void run_calls(struct loop *l, const struct calls *c)
{
	for (size_t i = 0; i < c->n && !l->exiting; i++) {
		(void)judge(l, c->at[i].fn(c->at[i].arg));
	}
}

/* What these defer is for the next turn. */
static void run_deferred(struct loop *l)
{
	struct calls batch = l->deferred;

	l->deferred = l->running;
	l->deferred.n = 0;
	l->running = batch;
	run_calls(l, &l->running);
	l->running.n = 0;
}

/* sd-event has noted when it was done with waiting. */
static void note_turn(struct loop *l, uint64_t woken)
{
	uint64_t now = (uint64_t)clock_monotonic();

	if (now > woken && now - woken > l->longest_turn) {
		l->longest_turn = now - woken;
	}
}

duration loop_longest_turn(const struct loop *l)
{
	return (duration){ .us = (int64_t)l->longest_turn };
}

int loop_run(struct loop *l)
{
	while (!l->exiting) {
		uint64_t timeout = l->deferred.n > 0 ? 0 : UINT64_MAX, woken = UINT64_MAX;

		for (int i = 0; i < DISPATCHES_PER_TURN && !l->exiting; i++) {
			int r = sd_event_run(l->event, timeout);

			if (r < 0) {
				return r;
			}
			if (i == 0) {
				(void)sd_event_now(l->event, CLOCK_MONOTONIC, &woken);
			}
			if (r == 0) {
				break;
			}
			timeout = 0;
		}
		run_deferred(l);
		run_calls(l, &l->turns);
		note_turn(l, woken);
	}
	return l->code;
}

static int on_fd(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	struct loop_watch *w = arg;
	struct loop *l = w->loop;

	(void)s;
	return l->exiting ? 0 : judge(l, w->fn(w->arg, fd, events));
}

int loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *arg,
		struct loop_watch **ret)
{
	struct loop_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w) {
		return -ENOMEM;
	}
	*w = (struct loop_watch){ .loop = l, .fn = fn, .arg = arg };
	r = sd_event_add_io(l->event, &w->source, fd, events, on_fd, w);
	if (r < 0) {
		free(w);
		return r;
	}
	*ret = w;
	return 0;
}

int loop_watch_events(struct loop_watch *w, uint32_t events)
{
	return sd_event_source_set_io_events(w->source, events);
}

struct loop_watch *loop_watch_free(struct loop_watch *w)
{
	if (w) {
		sd_event_source_disable_unref(w->source);
		free(w);
	}
	return NULL;
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	struct loop_timer *t = arg;
	struct loop *l = t->loop;

	(void)s;
	(void)usec;
	return l->exiting ? 0 : judge(l, t->fn(t->arg));
}

int loop_add_timer(struct loop *l, loop_fn fn, void *arg, struct loop_timer **ret)
{
	struct loop_timer *t = calloc(1, sizeof(*t));
	int r;

	if (!t) {
		return -ENOMEM;
	}
	*t = (struct loop_timer){ .loop = l, .fn = fn, .arg = arg };
	r = sd_event_add_time(l->event, &t->source, CLOCK_MONOTONIC, UINT64_MAX, 1, on_time, t);
	if (r >= 0) {
		r = sd_event_source_set_enabled(t->source, SD_EVENT_OFF);
	}
	if (r < 0) {
		(void)loop_timer_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

/* Asked for as a time of day, kept as one from now on: a clock that is set back stops no timer. */
int loop_timer_set(struct loop_timer *t, instant at)
{
	int64_t left = instant_since(at, clock_now()).us;
	int r;

	if (instant_is_never(at)) {
		return sd_event_source_set_enabled(t->source, SD_EVENT_OFF);
	}
	r = sd_event_source_set_time(t->source,
				     (uint64_t)clock_monotonic() + (uint64_t)(left > 0 ? left : 0));
	return r < 0 ? r : sd_event_source_set_enabled(t->source, SD_EVENT_ONESHOT);
}

struct loop_timer *loop_timer_free(struct loop_timer *t)
{
	if (t) {
		sd_event_source_disable_unref(t->source);
		free(t);
	}
	return NULL;
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *info, void *arg)
{
	struct owned *o = arg;

	(void)s;
	return o->loop->exiting ? 0 : judge(o->loop, o->on_signal(o->arg, (int)info->ssi_signo));
}

static struct owned *owned_new(struct loop *l, void *arg)
{
	struct owned *o = calloc(1, sizeof(*o));

	if (o) {
		o->loop = l;
		o->arg = arg;
		o->next = l->owned;
		l->owned = o;
	}
	return o;
}

static void owned_remove(struct owned *o)
{
	for (struct owned **p = &o->loop->owned; *p; p = &(*p)->next) {
		if (*p == o) {
			*p = o->next;
			break;
		}
	}
	(void)owned_free(o);
}

int loop_add_signal(struct loop *l, int signo, loop_signal_fn fn, void *arg)
{
	struct owned *o = owned_new(l, arg);
	sigset_t set;
	int r;

	if (!o) {
		return -ENOMEM;
	}
	o->on_signal = fn;
	(void)sigemptyset(&set);
	if (sigaddset(&set, signo) < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
		r = -errno;
	} else {
		r = sd_event_add_signal(l->event, &o->source, signo, on_signal, o);
	}
	if (r < 0) {
		owned_remove(o);
	}
	return r < 0 ? r : 0;
}

/* siginfo has the code apart from how the child ended; waitpid() has one word for both. */
static int wait_status(const siginfo_t *info)
{
	int dumped = info->si_code == CLD_DUMPED ? 0x80 : 0;

	return info->si_code == CLD_EXITED ? (info->si_status & 0xff) << 8
					   : (info->si_status & 0x7f) | dumped;
}

static int on_child(sd_event_source *s, const siginfo_t *info, void *arg)
{
	struct owned *o = arg;
	struct owned copy = *o;

	(void)s;
	owned_remove(o);
	return copy.loop->exiting
		       ? 0
		       : judge(copy.loop, copy.on_child(copy.arg, info->si_pid, wait_status(info)));
}

int loop_add_child(struct loop *l, int pid, loop_child_fn fn, void *arg)
{
	struct owned *o = owned_new(l, arg);
	int r;

	if (!o) {
		return -ENOMEM;
	}
	o->on_child = fn;
	r = sd_event_add_child(l->event, &o->source, pid, WEXITED, on_child, o);
	if (r < 0) {
		owned_remove(o);
	}
	return r < 0 ? r : 0;
}

int loop_on_turn(struct loop *l, loop_fn fn, void *arg)
{
	return calls_add(&l->turns, (struct call){ .fn = fn, .arg = arg });
}

int loop_defer(struct loop *l, loop_fn fn, void *arg)
{
	for (size_t i = 0; i < l->deferred.n; i++) {
		if (l->deferred.at[i].fn == fn && l->deferred.at[i].arg == arg) {
			return 0;
		}
	}
	return calls_add(&l->deferred, (struct call){ .fn = fn, .arg = arg });
}

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

static void forget(struct calls *c, loop_fn fn, const void *arg)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->at[i].fn == fn && c->at[i].arg == arg) {
			c->at[i] = (struct call){ .fn = do_nothing };
		}
	}
}

void loop_undefer(struct loop *l, loop_fn fn, const void *arg)
{
	forget(&l->deferred, fn, arg);
	forget(&l->running, fn, arg);
}

void loop_notify(const char *state)
{
	(void)sd_notify(0, state);
}

int loop_listen_fd(const char *name)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(0, &names), found = -1;

	for (int i = 0; i < n; i++) {
		if (found < 0 && strcmp(names[i], name) == 0 &&
		    sd_is_socket_unix(SD_LISTEN_FDS_START + i, SOCK_STREAM, 1, NULL, 0) > 0) {
			found = SD_LISTEN_FDS_START + i;
		}
		free(names[i]);
	}
	free(names);
	return found;
}

int loop_watchdog(struct loop *l)
{
	uint64_t period = 0;
	int r = sd_watchdog_enabled(0, &period);

	if (r <= 0) {
		return r;
	}
	r = sd_event_set_watchdog(l->event, 1);
	period /= 2000;
	return r < 0 ? r : (int)(period < INT32_MAX ? period : INT32_MAX);
}
