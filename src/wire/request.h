/* SPDX-License-Identifier: MIT */
#pragma once
/* request.h - what does a client ask?
 *
 * Bytes of a connection become messages (what ends in NUL), messages become requests. Whoever reads
 * bounds what waits: a message may have INTERFACE_REQUEST_MAX bytes. */
#include "base/buf.h"
#include "wire/json.h"

struct requests {
	struct buf in;
	size_t at;     /* bytes of `in` that were messages already */
	size_t looked; /* bytes behind that without a NUL */
};

void requests_done(struct requests *r);
/* Where the next n bytes go; NULL: no memory. What requests_next() gave is gone then. */
char *requests_reserve(struct requests *r, size_t n);
/* So many bytes were put there. */
void requests_add(struct requests *r, size_t n);
/* Bytes that are no request yet. */
size_t requests_waiting(const struct requests *r);
/* Is there a whole message? */
bool requests_has(struct requests *r);
/* 1: the next message, without its NUL; 0: none is whole; -EMSGSIZE: it is too long. */
NODISCARD int requests_next(struct requests *r, struct str *ret);

struct request {
	struct value *message;
	const char *method;             /* inside it; NULL: none */
	const struct value *parameters; /* inside it; may be NULL */
	bool more;
};

/* The caller owns the message. -EINVAL: not an object of JSON; -ENOMEM. */
NODISCARD int request_parse(struct str message, struct request *ret);
