/* SPDX-License-Identifier: MIT */
/* One struct conn per client. Bytes are collected until a NUL; the message becomes a call; the
 * call's step runs until it says what it waits for. Output is a buffer that the socket drains; a
 * stream's next reply is made only when the last one has left, so a slow reader holds nothing up
 * but itself. */
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

enum { READ_BYTES = 64 * 1024 };

struct conn {
	struct control *control;
	int fd;
	struct peer peer;
	struct loop_watch *watch;
	struct buf in, out;
	struct call *call;
	enum call_next waits;
	bool closing; /* close when the output has left */
	bool dead;
};

struct control {
	struct daemon *daemon;
	int listen_fd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct conn *conns[CONTROL_CONNECTIONS_MAX];
	uint64_t cookies;
	bool yielding;
	unsigned depth; /* a step may make others get on: the dead are buried by the outermost */
};

static struct conn *conn_free(struct conn *conn)
{
	if (conn) {
		call_free(conn->call);
		loop_watch_free(conn->watch);
		fd_close(&conn->fd);
		buf_done(&conn->in);
		buf_done(&conn->out);
		free(conn);
	}
	return NULL;
}

DEFINE_FREEP(struct conn, conn_free)

/* Runs the call's step once; frees the call when it is done. */
static void conn_step(struct conn *conn)
{
	conn->waits = CALL_DONE;
	conn->waits = conn->call->step(conn->call);
	if (conn->waits == CALL_DONE) {
		conn->call = call_free(conn->call);
	}
}

static void conn_start_call(struct conn *conn, struct str message)
{
	CLEANUP(value_freep) struct value *request = NULL;
	struct call *call = calloc(1, sizeof(*call));
	const char *method;
	char error[256];

	if (!call || value_parse(message, error, &request) < 0 ||
	    value_type(request) != VALUE_OBJECT) {
		free(call);
		conn->dead = true;
		return;
	}
	method = value_cstring(value_get(request, "method"));
	call->daemon = conn->control->daemon;
	call->out = &conn->out;
	call->peer = conn->peer;
	call->parameters = value_get(request, "parameters");
	call->more = value_bool(value_get(request, "more"), false);
	call->cookie = ++conn->control->cookies;
	call->deadline = instant_add(clock_now(), (duration){ .us = DAEMON_LONGEST_WAIT_US });
	call->request = TAKE(request);
	call->step = methods_find(method);
	conn->call = call;
	conn_step(conn);
}

/* Starts calls as long as whole messages wait and none is under way. */
static void conn_work(struct conn *conn)
{
	while (!conn->dead && !conn->call && !conn->closing) {
		size_t end = str_find_char(buf_str(&conn->in), '\0');

		if (end == STR_NOT_FOUND) {
			conn->dead = conn->in.n > CONTROL_REQUEST_MAX;
			return;
		}
		conn_start_call(conn, str_slice(buf_str(&conn->in), 0, end));
		buf_consume(&conn->in, end + 1);
	}
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
	conn->dead = conn->dead || (conn->closing && !conn->call);
}

static void conn_read(struct conn *conn)
{
	char *space = buf_reserve(&conn->in, READ_BYTES);
	int64_t n;

	if (!space) {
		conn->dead = true;
		return;
	}
	n = sockets_read(conn->fd, space, READ_BYTES);
	if (n > 0) {
		conn->in.n += (size_t)n;
	} else if (n == 0) {
		conn->closing = true;
	} else if (n != -EAGAIN) {
		conn->dead = true;
	}
}

static int control_yielded(void *arg);

/* Wakes at the earliest deadline of all calls that wait. */
static int control_arm(struct control *c)
{
	instant at = INSTANT_NEVER;

	for (size_t i = 0; i < ARRAY_SIZE(c->conns); i++) {
		const struct conn *conn = c->conns[i];

		if (conn && !conn->dead && conn->call && conn->waits == CALL_WAIT) {
			at = instant_min(at, conn->call->deadline);
		}
	}
	return loop_timer_set(c->timer, at);
}

/* Lets the connection get on as far as it can, and says what it waits for. */
static int conn_advance(struct conn *conn)
{
	struct control *c = conn->control;
	uint32_t events;
	int r;

	conn_work(conn);
	conn_write(conn);
	while (!conn->dead && conn->call && conn->waits == CALL_AGAIN && !conn->out.n) {
		conn_step(conn);
		conn_write(conn);
		conn_work(conn);
	}
	conn_write(conn);
	if (conn->call && conn->waits == CALL_YIELD && !c->yielding) {
		c->yielding = true;
		r = loop_defer(c->daemon->loop, control_yielded, c);
		if (r < 0) {
			return r;
		}
	}
	if (conn->call && conn->waits == CALL_WAIT) {
		r = control_arm(c);
		if (r < 0) {
			return r;
		}
	}
	events = (conn->closing ? 0U : EPOLLIN) | (conn->out.n ? EPOLLOUT : 0U);
	return conn->dead ? 0 : loop_watch_events(conn->watch, events);
}

static void control_bury(struct control *c)
{
	for (size_t i = 0; !c->depth && i < ARRAY_SIZE(c->conns); i++) {
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
	c->depth++;
	r = conn_advance(conn);
	c->depth--;
	control_bury(c);
	return r;
}

/* Steps all calls that wait in this way. */
static int control_step_all(struct control *c, enum call_next waits)
{
	int r = 0;

	c->depth++;
	for (size_t i = 0; i < ARRAY_SIZE(c->conns) && r >= 0; i++) {
		struct conn *conn = c->conns[i];

		if (conn && !conn->dead && conn->call && conn->waits == waits) {
			conn_step(conn);
			r = conn_advance(conn);
		}
	}
	c->depth--;
	control_bury(c);
	return r;
}

static int control_yielded(void *arg)
{
	struct control *c = arg;

	c->yielding = false;
	return control_step_all(c, CALL_YIELD);
}

static int control_timer(void *arg)
{
	return control_step_all(arg, CALL_WAIT);
}

void control_progress(struct control *c)
{
	if (c && control_step_all(c, CALL_WAIT) < 0) {
		log_error("the control socket failed");
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

static int control_take(struct control *c, int fd, const struct peer *peer)
{
	CLEANUP(conn_freep) struct conn *conn = calloc(1, sizeof(*conn));
	size_t i = 0;
	int r;

	if (!conn) {
		fd_close(&fd);
		return -ENOMEM;
	}
	*conn = (struct conn){ .control = c, .fd = fd, .peer = *peer };
	while (i < ARRAY_SIZE(c->conns) && c->conns[i]) {
		i++;
	}
	if (i == ARRAY_SIZE(c->conns)) {
		log_warning(
			"more than %d connections on the control socket; one of user %s was turned away",
			(int)CONTROL_CONNECTIONS_MAX, peer->user);
		return 0;
	}
	r = loop_add_fd(c->daemon->loop, fd, EPOLLIN, conn_ready, conn, &conn->watch);
	if (r < 0) {
		return r;
	}
	c->conns[i] = TAKE(conn);
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
		for (size_t i = 0; i < ARRAY_SIZE(c->conns); i++) {
			c->conns[i] = conn_free(c->conns[i]);
		}
		loop_watch_free(c->watch);
		loop_timer_free(c->timer);
		free(c);
	}
	return NULL;
}
