/* SPDX-License-Identifier: MIT */
#pragma once
/* sender.h - what goes to the enforcer in which order, and what has it not answered yet?
 *
 * The queue of wishes, and the plan that they are made for. A plan of many thousand records is one
 * place in the queue: its end. Touches the world by the one socket that it is given. */
#include "output/plan.h"

struct sender;

/* At most `max` wishes under way; `first` is the plan that stands. -E2BIG, -EINVAL: no plan;
 * -ENOMEM. */
NODISCARD int sender_new(size_t max, const struct enforcer_plan *first, struct sender **ret);
struct sender *sender_free(struct sender *s);
DEFINE_FREEP(struct sender, sender_free)
/* Adds a copy. -ENOBUFS: the bound is reached; -ENOMEM. */
NODISCARD int sender_add(struct sender *s, const struct record *r);
/* Adds a plan, which is copied. -ENOBUFS: one is under way; -E2BIG, -EINVAL, -ENOMEM. */
NODISCARD int sender_add_plan(struct sender *s, const struct enforcer_plan *plan);
/* Sends what the socket takes. 0; -EPIPE: nobody is there. */
NODISCARD int sender_flush(struct sender *s, int fd);
/* Something waits to be sent. */
bool sender_waits(const struct sender *s);
/* Process number `process`, from 1, reads from here on: the plan that stands goes out first, then
 * all that has no answer. */
void sender_start_over(struct sender *s, uint64_t process);
/* Takes the oldest out if it is sent and has this number; a plan is RECORD_PLAN_END. False: an
 * answer to something that was answered already, or that will be asked again. */
bool sender_answer(struct sender *s, uint64_t seq, struct record *ret);
/* The fate of the plan that was answered: it stands, or the old one goes on doing so. True in
 * `ret_other` for each number of a scope that means another one from here on. */
void sender_planned(struct sender *s, bool stands, bool ret_other[static SCOPES_MAX]);
/* Wishes and questions without an answer. */
size_t sender_count(const struct sender *s);
