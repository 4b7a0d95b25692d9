/* SPDX-License-Identifier: MIT */
#pragma once
/* call.h - one question on the control socket, and how it is answered.
 *
 * A method is a step function. It replies and is done, or says what it waits for and is stepped
 * again; nothing in it may block. What a call holds meanwhile is its state, freed with it, also
 * when the client goes away. */
#include "daemon/daemon.h"
#include "sys/sockets.h"
#include "wire/json.h"

enum { CALL_ROWS = 256 }; /* in one reply of a stream */

struct call;

enum call_next {
	CALL_DONE,  /* replied, or failed by call_error() */
	CALL_AGAIN, /* a reply with `continues` was made: step again when it has been read */
	CALL_WAIT,  /* step again when something moved, or at the deadline */
	CALL_YIELD, /* step again after other work had its turn */
};

typedef enum call_next (*call_step)(struct call *call);

struct call {
	struct daemon *daemon;
	struct buf *out; /* where the connection's answers go */
	struct peer peer;
	struct value *request;          /* whole message */
	const struct value *parameters; /* inside it; may be NULL */
	bool more;
	uint64_t cookie;  /* of this call, for enforcer_ask() */
	int64_t deadline; /* of CALL_WAIT: call_wait() */
	call_step step;
	void *state; /* the method's own, freed by free_state */
	void (*free_state)(void *state);
	void (*answer)(struct call *call, const struct enforcer_answer *answer);
	/* Every element that was taken out of the kernel because nobody had wished it; NULL. */
	void (*taken_out)(struct call *call, const struct prefix *prefix, uint16_t scope);
	/* Every decision, as it comes about; NULL: not wanted. Nothing may be stepped from here. */
	void (*decided)(struct call *call, const struct decision *decision);
};

struct call *call_free(struct call *call);
/* Takes the parameters over. `continues` only for calls with `more`. */
void call_reply(struct call *call, struct value *parameters, bool continues);
/* A Varlink error; parameters may be NULL. Takes them over. */
enum call_next call_error(struct call *call, const char *error, struct value *parameters);
enum call_next call_refused(struct call *call, const char *command, const char *fmt, ...)
	PRINTF(3, 4);
enum call_next call_invalid(struct call *call, const char *parameter);
/* The deadline is so far off, by a clock that nobody sets: forever, none. */
void call_wait(struct call *call, duration patience);
/* How long until then; forever: there is none. */
duration call_left(const struct call *call);
/* Has its deadline passed? */
bool call_is_late(const struct call *call);

/* Methods: each is the first step of its call. */
enum call_next answer_status(struct call *call);
enum call_next answer_list(struct call *call);
enum call_next answer_show(struct call *call);
enum call_next answer_ban(struct call *call);
enum call_next answer_unban(struct call *call);
enum call_next answer_never_list(struct call *call);
enum call_next answer_never_add(struct call *call);
enum call_next answer_never_remove(struct call *call);
enum call_next answer_events(struct call *call);
enum call_next answer_mode(struct call *call);
enum call_next answer_reload(struct call *call);
enum call_next answer_metrics(struct call *call);
enum call_next answer_doctor(struct call *call);
enum call_next answer_verify(struct call *call);
