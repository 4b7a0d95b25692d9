/* SPDX-License-Identifier: MIT */
#pragma once
/* queue.h - which wishes has the enforcer not answered yet?
 *
 * First in, first out: some are sent and wait for their reply, the rest wait to be sent. A record
 * leaves by its answer alone, so an enforcer that died with some of them in its hands costs
 * nothing: all are sent again. Bounded; its memory grows to the bound and stays. */
#include "output/record.h"

struct queue;

/* At most `max` records. -ENOMEM. */
NODISCARD int queue_new(size_t max, struct queue **ret);
struct queue *queue_free(struct queue *q);
DEFINE_FREEP(struct queue, queue_free)
/* Adds a copy and numbers it. -ENOBUFS: the bound is reached; -ENOMEM. */
NODISCARD int queue_add(struct queue *q, const struct record *r);
/* Those to be sent next: at most `max`, as many as lie in one piece. NULL: none waits. */
const struct record *queue_unsent(const struct queue *q, size_t max, size_t *ret_n);
void queue_mark_sent(struct queue *q, size_t n);
/* Nothing is sent any more: all will be again. */
void queue_rewind(struct queue *q);
/* Takes the oldest out if it is sent and has this number. False: an answer to something that was
 * answered already, or that will be asked again. */
bool queue_answer(struct queue *q, uint64_t seq, struct record *ret);
size_t queue_count(const struct queue *q);
