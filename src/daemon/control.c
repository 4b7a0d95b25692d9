/* SPDX-License-Identifier: MIT */
/* One struct conn per client. Bytes are collected until a NUL; the message becomes a call; the
 * call's step runs until it says what it waits for. Output is a buffer that the socket drains; the
 * next reply, of a stream or to the next message, is made only when the last one has left, and
 * while a call is under way only a little more is read: so a slow reader, or one that asks faster
 * than it reads, holds nothing up but itself.
 *
 * What calls wait for is told from inside other calls, so nothing is stepped at once then: the loop
 * comes back when it has come to an end of what it does. */
#include "daemon/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "daemon/call.h"
#include "daemon/methods.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "wire/interface.h"
#include "wire/request.h"

enum { READ_BYTES = 64 * 1024, SHARE_US = 5000 /* of one connection, until others have theirs */ };

struct conn {
	struct control *control;
	int fd;
	struct peer peer;
	struct loop_watch *watch;
	struct requests in;
	struct buf out;
	struct call *call;
	enum call_next waits;
	uint64_t used; /* when it last said something, in turns of the control socket */
	bool closing;  /* nothing more comes: close when all is answered */
	bool dead;
};

struct control {
	struct daemon *daemon;
	int listen_fd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct conn *conns[CONTROL_CONNECTIONS_MAX];
	uint64_t cookies, turns;
	bool progress; /* calls that wait are to be stepped */
};

static struct conn *conn_free(struct conn *conn)
{
	if (conn) {
		call_free(conn->call);
		loop_watch_free(conn->watch);
		fd_close(&conn->fd);
		requests_done(&conn->in);
		buf_done(&conn->out);
		free(conn);
	}
	return NULL;
}

DEFINE_FREEP(struct conn, conn_free)

/* Runs the call's step once; frees the call when it is done. */
static void conn_step(struct conn *conn)
{
	conn->waits = conn->call->step(conn->call);
	if (conn->waits == CALL_DONE) {
		conn->call = call_free(conn->call);
	}
}

static void conn_start_call(struct conn *conn, struct str message)
{
	struct call *call = calloc(1, sizeof(*call));
	struct request request;

	if (!call || request_parse(message, &request) < 0) {
		free(call);
		conn->dead = true;
		return;
	}
	steps_follow(conn->control->daemon);
	call->daemon = conn->control->daemon;
	call->out = &conn->out;
	call->peer = conn->peer;
	call->request = request.message;
	call->parameters = request.parameters;
	call->more = request.more;
	call->cookie = COOKIES_OF_CALLS + conn->control->cookies++;
	call_wait(call, (duration){ .us = DAEMON_LONGEST_WAIT_US });
	call->step = methods_find(request.method);
	conn->call = call;
	conn_step(conn);
}

/* Starts the next call, if one was asked for. */
static bool conn_start_next(struct conn *conn)
{
	struct str message;
	int r = requests_next(&conn->in, &message);

	if (r > 0) {
		conn_start_call(conn, message);
	}
	conn->dead = conn->dead || r < 0;
	return r > 0;
}

static void conn_write(struct conn *conn)
{
	if (buf_ok(&conn->out) < 0) {
		log_error("no memory for an answer on the control socket");
		conn->dead = true;
	}
	while (conn->out.n && !conn->dead) {
		int64_t n = sockets_write(conn->fd, conn->out.p, conn->out.n);

		if (n == -EAGAIN) {
			return;
		}
		if (n <= 0) {
			conn->dead = true;
			return;
		}
		buf_consume(&conn->out, (size_t)n);
	}
}

static void conn_read(struct conn *conn)
{
	char *space;
	int64_t n;

	conn->used = ++conn->control->turns;
	space = requests_reserve(&conn->in, READ_BYTES);
	if (!space) {
		conn->dead = true;
		return;
	}
	n = sockets_read(conn->fd, space, READ_BYTES);
	if (n > 0) {
		requests_add(&conn->in, (size_t)n);
	} else if (n == 0) {
		conn->closing = true;
	} else if (n != -EAGAIN) {
		conn->dead = true;
	}
}

static int control_go_on(void *arg);

/* Wakes at the earliest deadline of all calls that wait. */
static int control_arm(struct control *c)
{
	instant now = clock_now(), at = INSTANT_NEVER;

	for (size_t i = 0; i < ARRAY_SIZE(c->conns); i++) {
		const struct conn *conn = c->conns[i];

		if (conn && !conn->dead && conn->call && conn->waits == CALL_WAIT) {
			at = instant_min(at, instant_add(now, call_left(conn->call)));
		}
	}
	return loop_timer_set(c->timer, at);
}

/* Could it go on at once? */
static bool conn_is_ready(struct conn *conn)
{
	if (conn->dead || conn->out.n) {
		return false;
	}
	return conn->call ? conn->waits == CALL_AGAIN || conn->waits == CALL_YIELD
			  : requests_has(&conn->in);
}

/* Makes the connection get on, as far as it can or until others should have their turn. */
static void conn_work(struct conn *conn)
{
	int64_t began = clock_monotonic();
	bool more = true;

	while (more && clock_monotonic() - began < SHARE_US) {
		conn_write(conn);
		if (conn->dead || conn->out.n) {
			return;
		}
		if (!conn->call) {
			more = conn_start_next(conn);
		} else {
			more = conn->waits == CALL_AGAIN;
			if (more) {
				conn_step(conn);
			}
		}
	}
	conn_write(conn);
}

/* A message may be long; further ones wait in the socket. */
static bool conn_wants_more(struct conn *conn)
{
	size_t have = requests_waiting(&conn->in);
	bool busy = conn->call || conn->out.n || conn_is_ready(conn);

	return !conn->closing && have <= (busy ? READ_BYTES : INTERFACE_REQUEST_MAX);
}

/* Lets the connection work, and says what it waits for. */
static int conn_advance(struct conn *conn)
{
	struct control *c = conn->control;
	int r = 0;

	conn_work(conn);
	if (conn_is_ready(conn)) {
		r = loop_defer(c->daemon->loop, control_go_on, c);
	} else if (conn->call && conn->waits == CALL_WAIT) {
		r = control_arm(c);
	} else if (conn->closing && !conn->call && !conn->out.n) {
		conn->dead = true;
	}
	if (r < 0 || conn->dead) {
		return r;
	}
	return loop_watch_events(conn->watch, (conn_wants_more(conn) ? EPOLLIN : 0U) |
						      (conn->out.n ? EPOLLOUT : 0U));
}

static void control_bury(struct control *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->conns); i++) {
		if (c->conns[i] && c->conns[i]->dead) {
			c->conns[i] = conn_free(c->conns[i]);
		}
	}
}

static int conn_ready(void *arg, int fd, uint32_t events)
{
	struct conn *conn = arg;
	struct control *c = conn->control;
	int r;

	(void)fd;
	if (events & EPOLLIN) {
		conn_read(conn);
	}
	if (events & (EPOLLHUP | EPOLLERR)) {
		conn->dead = true;
	}
	r = conn_advance(conn);
	control_bury(c);
	return r;
}

/* Steps all calls that wait in this way. */
static int control_step_all(struct control *c, enum call_next waits)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(c->conns) && r >= 0; i++) {
		struct conn *conn = c->conns[i];

		if (conn && !conn->dead && conn->call && conn->waits == waits) {
			conn_step(conn);
			r = conn_advance(conn);
		}
	}
	control_bury(c);
	return r;
}

/* Those that had their share, those that yielded, and those for whom something moved. */
static int control_go_on(void *arg)
{
	struct control *c = arg;
	int r = control_step_all(c, CALL_YIELD);

	for (size_t i = 0; i < ARRAY_SIZE(c->conns) && r >= 0; i++) {
		struct conn *conn = c->conns[i];

		if (conn && conn_is_ready(conn) && !(conn->call && conn->waits == CALL_YIELD)) {
			r = conn_advance(conn);
		}
	}
	if (r >= 0 && c->progress) {
		c->progress = false;
		r = control_step_all(c, CALL_WAIT);
	}
	control_bury(c);
	return r;
}

static int control_timer(void *arg)
{
	return control_step_all(arg, CALL_WAIT);
}

void control_progress(struct control *c)
{
	if (!c || c->progress) {
		return;
	}
	c->progress = true;
	if (loop_defer(c->daemon->loop, control_go_on, c) < 0) {
		log_error("no memory: answers on the control socket have to wait");
		c->progress = false;
	}
}

void control_answer(struct control *c, uint64_t cookie, const struct enforcer_answer *answer)
{
	for (size_t i = 0; c && i < ARRAY_SIZE(c->conns); i++) {
		struct call *call = c->conns[i] ? c->conns[i]->call : NULL;

		if (call && call->cookie == cookie && call->answer) {
			call->answer(call, answer);
		}
	}
}

void control_taken_out(struct control *c, const struct prefix *prefix, uint16_t scope)
{
	for (size_t i = 0; c && i < ARRAY_SIZE(c->conns); i++) {
		struct call *call = c->conns[i] ? c->conns[i]->call : NULL;

		if (call && call->taken_out) {
			call->taken_out(call, prefix, scope);
		}
	}
}

void control_decided(struct control *c, const struct decision *decision)
{
	for (size_t i = 0; c && i < ARRAY_SIZE(c->conns); i++) {
		struct call *call = c->conns[i] ? c->conns[i]->call : NULL;

		if (call && call->decided) {
			call->decided(call, decision);
		}
	}
}

/* A place for one more: an empty one, or that of the connection that has been idle for longest.
 * NULL: all have something to do. */
static struct conn **control_place(struct control *c)
{
	struct conn **idle = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(c->conns); i++) {
		struct conn **place = &c->conns[i];

		if (!*place) {
			return place;
		}
		if (!(*place)->call && !(*place)->out.n &&
		    (!idle || (*place)->used < (*idle)->used)) {
			idle = place;
		}
	}
	if (idle) {
		*idle = conn_free(*idle);
	}
	return idle;
}

static int control_take(struct control *c, int fd, const struct peer *peer)
{
	CLEANUP(conn_freep) struct conn *conn = calloc(1, sizeof(*conn));
	struct conn **place;
	int r;

	if (!conn) {
		fd_close(&fd);
		return -ENOMEM;
	}
	*conn = (struct conn){ .control = c, .fd = fd, .peer = *peer, .used = ++c->turns };
	place = control_place(c);
	if (!place) {
		log_warning(
			"more than %d connections on the control socket; one of user %s was turned away",
			(int)CONTROL_CONNECTIONS_MAX, peer->user);
		return 0;
	}
	r = loop_add_fd(c->daemon->loop, fd, EPOLLIN, conn_ready, conn, &conn->watch);
	if (r < 0) {
		return r;
	}
	*place = TAKE(conn);
	return 0;
}

static int control_accept(void *arg, int fd, uint32_t events)
{
	struct control *c = arg;
	struct peer peer;
	int conn, r;

	(void)events;
	r = sockets_accept(fd, &conn, &peer);
	if (r < 0) {
		if (r != -EAGAIN) {
			log_warning("a connection to the control socket failed: %s", strerror(-r));
		}
		return 0;
	}
	return control_take(c, conn, &peer);
}

int control_start(struct daemon *d, int listen_fd, struct control **ret)
{
	CLEANUP(control_freep) struct control *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		return -ENOMEM;
	}
	c->daemon = d;
	c->listen_fd = listen_fd;
	r = loop_add_timer(d->loop, control_timer, c, &c->timer);
	if (r < 0) {
		return r;
	}
	r = loop_add_fd(d->loop, listen_fd, EPOLLIN, control_accept, c, &c->watch);
	if (r < 0) {
		return r;
	}
	*ret = TAKE(c);
	return 0;
}

struct control *control_free(struct control *c)
{
	if (c) {
		loop_undefer(c->daemon->loop, control_go_on, c);
		for (size_t i = 0; i < ARRAY_SIZE(c->conns); i++) {
			c->conns[i] = conn_free(c->conns[i]);
		}
		loop_watch_free(c->watch);
		loop_timer_free(c->timer);
		free(c);
	}
	return NULL;
}
