/* SPDX-License-Identifier: MIT */
/* resolver.c - the daemon's side: a question goes out, its answer comes back some time.
 *
 * Each process says that it is ready when it begins. What its predecessor had read died with it, so
 * the question under way is sent again then, once: a name that kills whoever looks it up must not
 * keep the others waiting. */
#include "lookup/resolver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lookup/resolver_process.h"
#include "sys/files.h"
#include "sys/sockets.h"

struct resolver {
	int fd;
	pid_t starter;
	bool busy, repeated;
	uint64_t starts;
	struct question question; /* the last one */
};

int resolver_start(const struct sandbox_user *user, struct resolver **ret)
{
	CLEANUP(resolver_freep) struct resolver *r = calloc(1, sizeof(*r));
	int fds[2];
	int e;

	if (!r) {
		return -ENOMEM;
	}
	r->fd = -1;
	e = sockets_pair(fds);
	if (e < 0) {
		return e;
	}
	r->fd = fds[0];
	r->starter = fork();
	if (r->starter == 0) {
		resolver_process_keep(user, fds[1]);
	}
	e = -errno;
	(void)close(fds[1]);
	if (r->starter < 0) {
		return e;
	}
	*ret = TAKE(r);
	return 0;
}

struct resolver *resolver_free(struct resolver *r)
{
	if (r) {
		fd_close(&r->fd);
		while (r->starter > 0 && waitpid(r->starter, NULL, 0) < 0 && errno == EINTR) {
		}
		free(r);
	}
	return NULL;
}

int resolver_fd(const struct resolver *r)
{
	return r->fd;
}

bool resolver_is_busy(const struct resolver *r)
{
	return r->busy;
}

uint64_t resolver_restarts(const struct resolver *r)
{
	return r->starts > 1 ? r->starts - 1 : 0;
}

/* One message fits into an empty socket; a process that is not there yet finds it. */
static int send_question(const struct resolver *r)
{
	int64_t n = sockets_write(r->fd, &r->question, sizeof(r->question));

	return n < 0 && n != -EAGAIN ? -EPIPE : 0;
}

int resolver_ask(struct resolver *r, struct str name)
{
	uint64_t id = r->question.id + 1;

	r->question = (struct question){ .id = id };
	if (name.n >= sizeof(r->question.name)) {
		return -EINVAL;
	}
	memcpy(r->question.name, name.p, name.n);
	r->busy = true;
	r->repeated = false;
	return send_question(r);
}

/* The first process finds what was asked before it began. 1: *a is the answer. */
static int take_start(struct resolver *r, struct answer *a)
{
	r->starts++;
	if (!r->busy || r->starts == 1) {
		return 0;
	}
	if (!r->repeated) {
		r->repeated = true;
		return send_question(r);
	}
	*a = (struct answer){ .id = r->question.id,
			      .state = ANSWER_FAILED,
			      .why = "it took too long, or the resolver died of it" };
	r->busy = false;
	return 1;
}

/* 1: it answers the question under way. */
static int take_answer(struct resolver *r, struct answer *a)
{
	if (a->state == ANSWER_READY) {
		return take_start(r, a);
	}
	if (!r->busy || a->id != r->question.id) {
		return 0;
	}
	r->busy = false;
	return 1;
}

int resolver_dispatch(struct resolver *r, struct answer *ret)
{
	uint8_t bytes[sizeof(struct answer) + 1]; /* one more tells a message that is too long */
	int64_t n;
	int e = 0;

	while (e == 0 && (n = sockets_read(r->fd, bytes, sizeof(bytes))) != -EAGAIN) {
		if (n <= 0) {
			return -EPIPE;
		}
		if (answer_parse(bytes, (size_t)n, ret) == 0) {
			e = take_answer(r, ret);
		}
	}
	return e;
}
