/* SPDX-License-Identifier: MIT */
/* sender.c - what goes to the enforcer in which order.
 *
 * The records of a plan are kept beside the queue and sent when the turn of its end comes; they all
 * carry the end's number. They are kept on as long as the plan stands: a process that starts knows
 * nothing, and gets this one. It is marked with the number of the process, which leaves everything
 * by that stands before it: what one that died had not read is sent again behind the plan.
 *
 * The very first plan is not in the queue, so its number is one that no record of the queue ever
 * has. */
#include "output/sender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/queue.h"
#include "sys/sockets.h"

/* A plan as it is sent; the last record is its end. */
struct told_plan {
	struct record *records;
	size_t n;
};

struct sender {
	struct queue *queue;
	struct told_plan plan, next; /* the one that stands, and one that is in the queue */
	bool renew;                  /* `plan` goes out before the queue */
	size_t told;                 /* records of the plan going out that are sent */
};

static void number_plan(struct told_plan *plan, uint64_t seq)
{
	for (size_t i = 0; i < plan->n; i++) {
		plan->records[i].seq = seq;
	}
}

int sender_new(size_t max, const struct enforcer_plan *first, struct sender **ret)
{
	CLEANUP(sender_freep) struct sender *s = calloc(1, sizeof(*s));
	int r = s ? queue_new(max, &s->queue) : -ENOMEM;

	r = r < 0 ? r : plan_tell(first, &s->plan.records, &s->plan.n);
	if (r < 0) {
		return r;
	}
	number_plan(&s->plan, UINT64_MAX);
	*ret = TAKE(s);
	return 0;
}

struct sender *sender_free(struct sender *s)
{
	if (s) {
		queue_free(s->queue);
		free(s->plan.records);
		free(s->next.records);
		free(s);
	}
	return NULL;
}

int sender_add(struct sender *s, const struct record *r)
{
	return queue_add(s->queue, r);
}

int sender_add_plan(struct sender *s, const struct enforcer_plan *plan)
{
	struct told_plan next = { 0 };
	int r = s->next.records ? -ENOBUFS : plan_tell(plan, &next.records, &next.n);

	r = r < 0 ? r : queue_add(s->queue, &next.records[next.n - 1]);
	if (r < 0) {
		free(next.records);
		return r;
	}
	s->next = next;
	return 0;
}

/* 0: sent; 1: the socket takes no more just now. */
static int send_records(int fd, const struct record *records, size_t n)
{
	int64_t r = sockets_write(fd, records, n * sizeof(*records));

	if (r == -EAGAIN || r == -ENOBUFS) {
		return 1;
	}
	return r == -ECONNRESET ? -EPIPE : r < 0 ? (int)r : 0;
}

/* The whole plan, from where it was left off. 1: the socket takes no more just now. */
static int send_plan(struct sender *s, int fd, const struct told_plan *plan)
{
	int r = 0;

	while (r == 0 && s->told < plan->n) {
		size_t left = plan->n - s->told,
		       n = left < RECORDS_PER_MESSAGE ? left : RECORDS_PER_MESSAGE;

		r = send_records(fd, plan->records + s->told, n);
		s->told += r == 0 ? n : 0;
	}
	if (r == 0) {
		s->told = 0;
	}
	return r;
}

/* Of these, how many stand before the end of a plan? */
static size_t before_plan(const struct record *records, size_t n)
{
	size_t i = 0;

	while (i < n && records[i].kind != RECORD_PLAN_END) {
		i++;
	}
	return i;
}

int sender_flush(struct sender *s, int fd)
{
	const struct record *records;
	size_t n;
	int r = 0;

	if (s->renew) {
		r = send_plan(s, fd, &s->plan);
		s->renew = r != 0;
	}
	while (r == 0 && (records = queue_unsent(s->queue, RECORDS_PER_MESSAGE, &n)) != NULL) {
		n = before_plan(records, n);
		if (n > 0) {
			r = send_records(fd, records, n);
		} else {
			n = 1;
			number_plan(&s->next, records->seq);
			r = send_plan(s, fd, &s->next);
		}
		if (r == 0) {
			queue_mark_sent(s->queue, n);
		}
	}
	return r < 0 ? r : 0;
}

bool sender_waits(const struct sender *s)
{
	size_t n;

	return s->renew || queue_unsent(s->queue, 1, &n) != NULL;
}

void sender_start_over(struct sender *s, uint64_t process)
{
	s->plan.records[0].deadline = (int64_t)process;
	queue_rewind(s->queue);
	s->renew = true;
	s->told = 0;
}

bool sender_answer(struct sender *s, uint64_t seq, struct record *ret)
{
	return queue_answer(s->queue, seq, ret);
}

static bool is_same_scope(const struct record *a, const struct record *b)
{
	return a->kind == RECORD_SCOPE && b->kind == RECORD_SCOPE && a->family == b->family &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* The record that tells of this scope; the beginning of the plan when it has none. */
static const struct record *scope_of(const struct told_plan *plan, size_t scope)
{
	size_t i = 1;

	while (i < plan->n &&
	       (plan->records[i].kind != RECORD_SCOPE || plan->records[i].scope != scope)) {
		i++;
	}
	return &plan->records[i < plan->n ? i : 0];
}

void sender_planned(struct sender *s, bool stands, bool ret_other[static SCOPES_MAX])
{
	struct told_plan gone = stands ? s->plan : s->next;

	for (size_t i = 0; i < SCOPES_MAX; i++) {
		ret_other[i] = stands &&
			       !is_same_scope(scope_of(&s->plan, i), scope_of(&s->next, i));
	}
	if (stands) {
		s->plan = s->next;
	}
	s->next = (struct told_plan){ 0 };
	free(gone.records);
}

size_t sender_count(const struct sender *s)
{
	return queue_count(s->queue);
}
