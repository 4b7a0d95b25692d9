/* SPDX-License-Identifier: MIT */
/* queue.c - the wishes under way.
 *
 * A ring whose size is a power of two. Its three marks, `first` (the oldest without an answer),
 * `sent` (the first not sent) and `end`, only count up. */
#include "output/queue.h"

#include <errno.h>
#include <stdlib.h>

enum { QUEUE_FIRST = 64 };

struct queue {
	struct record *ring;
	size_t size, max;
	uint64_t first, sent, end;
	uint64_t seq;
};

int queue_new(size_t max, struct queue **ret)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q) {
		return -ENOMEM;
	}
	q->max = max;
	*ret = q;
	return 0;
}

struct queue *queue_free(struct queue *q)
{
	if (q) {
		free(q->ring);
		free(q);
	}
	return NULL;
}

static struct record *at(const struct queue *q, uint64_t mark)
{
	return &q->ring[mark & (q->size - 1)];
}

static int grow(struct queue *q)
{
	struct queue bigger = *q;

	bigger.size = q->size > 0 ? q->size * 2 : QUEUE_FIRST;
	bigger.ring = calloc(bigger.size, sizeof(*bigger.ring));
	if (!bigger.ring) {
		return -ENOMEM;
	}
	for (uint64_t i = q->first; i < q->end; i++) {
		*at(&bigger, i) = *at(q, i);
	}
	free(q->ring);
	*q = bigger;
	return 0;
}

int queue_add(struct queue *q, const struct record *r)
{
	size_t n = queue_count(q);

	if (n >= q->max) {
		return -ENOBUFS;
	}
	if (n == q->size) {
		int e = grow(q);

		if (e < 0) {
			return e;
		}
	}
	*at(q, q->end) = *r;
	at(q, q->end++)->seq = ++q->seq;
	return 0;
}

const struct record *queue_unsent(const struct queue *q, size_t max, size_t *ret_n)
{
	size_t n = (size_t)(q->end - q->sent), piece;

	if (n == 0) {
		return NULL;
	}
	piece = q->size - (size_t)(q->sent & (q->size - 1));
	n = n < piece ? n : piece;
	*ret_n = n < max ? n : max;
	return at(q, q->sent);
}

void queue_mark_sent(struct queue *q, size_t n)
{
	q->sent += n;
}

void queue_rewind(struct queue *q)
{
	q->sent = q->first;
}

bool queue_answer(struct queue *q, uint64_t seq, struct record *ret)
{
	if (q->first == q->sent || at(q, q->first)->seq != seq) {
		return false;
	}
	*ret = *at(q, q->first++);
	return true;
}

size_t queue_count(const struct queue *q)
{
	return (size_t)(q->end - q->first);
}
