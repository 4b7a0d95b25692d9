/* SPDX-License-Identifier: MIT */
#pragma once
/* record.h - what do the daemon and its enforcer say to each other?
 *
 * Messages on a SOCK_SEQPACKET pair of the same program: arrays of fixed-size records one way, of
 * fixed-size replies (or one report) the other, in the machine's own byte order. Each side checks
 * everything it reads. Pure. */
#include "base/addr.h"
#include "policy/scope.h"

enum record_kind {
	RECORD_HOLD = 1,
	RECORD_RELEASE,
	RECORD_RELEASE_ALL, /* no prefix, no scope */
	RECORD_ASK,
	/* A plan (plan.h). All of its records carry its number; only the end has a reply. */
	RECORD_PLAN,  /* begins. scope: how many scopes; cookie: how many prefixes of never-block;
			 deadline: 0, or whose first plan it is: the process's number, from 1 */
	RECORD_SCOPE, /* scope: its number; family: verdict; len: ranges of ports; bytes: name */
	RECORD_PORTS, /* scope: its number; family: protocol; bytes: first and last, uint16_t */
	RECORD_NEVER, /* a prefix */
	RECORD_PLAN_END, /* the plan is whole: take it */
	RECORD_LIST,     /* cookie: how many elements at most; 0: it is but a mark in the queue */
};

enum { RECORD_NEVER_MAX = 65536, RECORD_LIST_MAX = 250000 };

#define RECORD_NO_END INT64_MAX

struct record {
	uint64_t seq;     /* ascending from 1 */
	uint64_t cookie;  /* ask: comes back with the answer; hold: 1 when it should stand there
			     already; plan, list: see below; else 0 */
	int64_t deadline; /* hold: microseconds of clock_monotonic(), RECORD_NO_END; plan:
			     see below; else 0 */
	uint8_t kind;
	uint8_t family, len;
	uint8_t zero;
	uint16_t scope;
	uint16_t zeros;
	uint8_t bytes[16];
};

enum { RECORDS_PER_MESSAGE = 128 };

enum reply_kind {
	REPLY_FATE = 1, /* of a hold, release, release-all or list; held: it stood there before */
	REPLY_ANSWER,   /* to an ask */
	REPLY_REPORT,   /* begins a struct report */
	REPLY_FOUND,    /* begins each struct found, of a list */
};

struct reply {
	uint8_t kind;
	uint8_t held;
	uint8_t has_end;
	uint8_t zero;
	int32_t error; /* 0 or a positive errno */
	uint64_t seq;  /* of the record */
	int64_t left;  /* microseconds, when it has an end */
	uint64_t packets, bytes;
	uint64_t transactions; /* so far, of this process */
};

enum { REPLIES_PER_MESSAGE = 128 };

/* An element that stands in one of our sets. */
struct found {
	uint8_t kind;
	uint8_t family, len;
	uint8_t zero;
	uint16_t scope;
	uint16_t zeros;
	int64_t left; /* microseconds; RECORD_NO_END */
	uint8_t bytes[16];
};

enum { FOUND_PER_MESSAGE = 128 };

enum report_state {
	REPORT_STARTED = 1, /* a process has started and waits for its plan */
	REPORT_READY,       /* its table stands */
	REPORT_MENDED,  /* the table had been taken away and was made again, without its elements */
	REPORT_FAILED,  /* the table could not be made; the process ends */
	REPORT_TROUBLE, /* some wish was refused; the text says which */
	REPORT_ENDED,   /* from the keeper: the process ended and is started again */
	REPORT_FOREIGN, /* somebody has changed nftables; the table stands */
	REPORT_BROKEN,  /* the table does not stand and cannot be made; it is tried again */
	REPORT_UNCUT,   /* cut-connections closes nothing, for this error; 0: it does again */
};

enum { REPORT_TEXT = 200 };

struct report {
	uint8_t kind;
	uint8_t state;
	uint8_t zeros[2];
	int32_t error;          /* 0 or a positive errno */
	uint64_t starts;        /* processes before this one */
	uint64_t foreign;       /* changes by somebody else since the last report */
	char text[REPORT_TEXT]; /* NUL-terminated */
};

/* Reads one record out of `n` bytes, which must be all of it. -EMSGSIZE: not its size. -EBADMSG: a
 * field that no daemon sends: kind, family, length, host bits, ports, a name, a number where none
 * belongs, of a wish or question a scope not below n_scopes. */
NODISCARD int record_parse(const uint8_t *bytes, size_t n, size_t n_scopes, struct record *ret);
struct prefix record_prefix(const struct record *r);
/* A wish or question about this prefix, without number, end and cookie. */
struct record record_about(enum record_kind kind, const struct prefix *p, uint16_t scope);
/* Reads the reply or report of a message. -EMSGSIZE, -EBADMSG. */
NODISCARD int reply_parse(const uint8_t *bytes, size_t n, struct reply *ret);
NODISCARD int report_parse(const uint8_t *bytes, size_t n, struct report *ret);
/* Reads one element. -EMSGSIZE, -EBADMSG; whether there is such a scope is for the reader to say.
 */
NODISCARD int found_parse(const uint8_t *bytes, size_t n, struct found *ret);
struct prefix found_prefix(const struct found *f);
