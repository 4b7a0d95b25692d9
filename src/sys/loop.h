/* SPDX-License-Identifier: MIT */
#pragma once
/* loop.h - what happens next? Waits for descriptors, timers, signals and children (sd-event).
 *
 * Callbacks return 0, or a negative errno that ends the loop with it. A handle stays valid until
 * its _free(), which may be called from inside its own callback. Not for threads. */
#include <stdint.h>

#include "base/attr.h"
#include "base/time.h"

struct loop;
struct loop_watch; /* a descriptor */
struct loop_timer;

typedef int (*loop_fd_fn)(void *arg, int fd, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP ... */
typedef int (*loop_fn)(void *arg);
typedef int (*loop_signal_fn)(void *arg, int signo);
typedef int (*loop_child_fn)(void *arg, int pid, int status); /* status as of waitpid() */

NODISCARD int loop_new(struct loop **ret);
struct loop *loop_free(struct loop *l);
DEFINE_FREEP(struct loop, loop_free)
/* Runs until loop_exit() or a callback fails; returns the code. */
NODISCARD int loop_run(struct loop *l);
void loop_exit(struct loop *l, int code);
/* The longest time between waking up and looking for what is ready again: as long as that, what
 * came in had to wait. */
duration loop_longest_turn(const struct loop *l);

/* Level-triggered. The descriptor stays the caller's. */
NODISCARD int loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *arg,
			  struct loop_watch **ret);
NODISCARD int loop_watch_events(struct loop_watch *w, uint32_t events);
struct loop_watch *loop_watch_free(struct loop_watch *w);
/* Off until set. Accuracy 1 us. Wall clock time; INSTANT_NEVER turns it off. Fires once per set,
 * when as much time has passed as there was until `at`: whoever means the time of day sets it again
 * when the clock was set (clock_set_open()). */
NODISCARD int loop_add_timer(struct loop *l, loop_fn fn, void *arg, struct loop_timer **ret);
NODISCARD int loop_timer_set(struct loop_timer *t, instant at);
struct loop_timer *loop_timer_free(struct loop_timer *t);
/* Blocks the signal and calls back; for the life of the loop. */
NODISCARD int loop_add_signal(struct loop *l, int signo, loop_signal_fn fn, void *arg);
/* SIGCHLD must be blocked (loop_new() does it). Once. */
NODISCARD int loop_add_child(struct loop *l, int pid, loop_child_fn fn, void *arg);
/* Called at the end of each wake-up, after all other callbacks of it and before sleeping; for the
 * life of the loop. */
NODISCARD int loop_on_turn(struct loop *l, loop_fn fn, void *arg);
/* The loop does not sleep before calling `fn` once, after other ready things had their turn: for
 * work that goes on in slices. Asked twice before it ran, it runs once. */
NODISCARD int loop_defer(struct loop *l, loop_fn fn, void *arg);
/* Forgets a deferred call: before its `arg` is freed. */
void loop_undefer(struct loop *l, loop_fn fn, const void *arg);

/* Tells the service manager ("READY=1\nSTATUS=..."); nothing without one. */
void loop_notify(const char *state);
/* Descriptors handed over by socket activation; -1 when there is none with this name. */
int loop_listen_fd(const char *name);
/* Half of the watchdog's period that the service manager wants, in milliseconds, or 0. The loop
 * pets it by itself once this was called. */
NODISCARD int loop_watchdog(struct loop *l);
