/* SPDX-License-Identifier: MIT */
#pragma once
/* enforcer.h - bring the kernel's sets to what the engine wishes.
 *
 * Two sides in one header. The daemon's side (struct enforcer) sends wishes and hears each one's
 * fate; it never blocks. The other side runs in a process of its own with CAP_NET_ADMIN and nothing
 * else (enforcer_process.c): it reads arrays of fixed-size records from one SOCK_SEQPACKET pair and
 * runs nft transactions.
 *
 *   ipsd ──records──► ipsd: enforcer ──netlink──► kernel
 *    └──(fork)─► ipsd: keeper ──(fork)──┘
 *
 * The keeper reads nothing; it starts the enforcer again when it dies.
 *
 * What the table shall look like is a plan: scopes and never-block. It is sent like a wish, at the
 * start, and again whenever it changes.
 *
 * A wish is the whole truth about one (prefix, scope): held until a time, or not held. Sending it
 * twice does no harm. */
#include "base/addr.h"
#include "base/time.h"
#include "output/plan.h"
#include "sys/sandbox.h"

struct enforcer;

struct enforcer_config {
	struct enforcer_plan plan; /* the first; copied */
	uint8_t host_v6;           /* length of an IPv6 subject */
	const char *table;         /* nft table name, "ipsd" */
	bool both;                 /* direction = both */
	bool counters;
	bool cuts;                       /* cut-connections = yes */
	const struct sandbox_user *user; /* whom keeper and enforcer become; NULL: stay */
};

struct enforcer_state {
	bool running; /* the process answers */
	bool ready;   /* table, chains, rules and sets stand */
	/* Wishes and plans taken since the start; sent - done - failed are under way. */
	uint64_t sent, done, failed;
	size_t pending;    /* wishes and questions without an answer yet */
	uint64_t restarts; /* of the process */
	uint64_t foreign;  /* changes in nftables by somebody else */
	uint64_t mends;    /* the table had been taken away by somebody, and was made again */
	uint64_t put_back; /* of enforcer_confirm(): elements that were not there */
	uint64_t transactions;
	size_t elements;      /* wishes that stand in the kernel by what was answered */
	char last_error[200]; /* "" when the last transaction went well */
	instant last_error_at;
	int uncut; /* why cut-connections closes nothing: 0, or a positive errno as in closer.h */
};

/* What the kernel holds for one (prefix, scope). */
struct enforcer_answer {
	struct prefix prefix;
	uint16_t scope;
	bool held;
	int error;               /* 0, or the errno with which the kernel refused to tell */
	duration left;           /* held: DURATION_FOREVER without a timeout */
	uint64_t packets, bytes; /* dropped so far; 0 without counters */
};

struct enforcer_events {
	/* The table stands: the process started (false; from the first dispatch), or it started
	 * again or the table was made again after somebody had taken it away (true): send all
	 * wishes again. A negative errno comes back from enforcer_dispatch(). */
	int (*ready)(void *arg, bool restarted);
	/* Somebody else has changed something in nftables. NULL: the table stands, its elements may
	 * not; else why it cannot be made again, which is tried once a second and told each time.
	 */
	void (*foreign)(void *arg, const char *broken);
	/* A wish's fate: error 0 done, else a positive errno; EACCES: it is on never-block. Not
	 * called for enforcer_release_all(). */
	void (*fate)(void *arg, const struct prefix *prefix, uint16_t scope, bool held, int error);
	/* What became of enforcer_plan(): error 0, or a positive errno: the old one stands. */
	void (*planned)(void *arg, int error);
	/* The answer to enforcer_ask(). */
	void (*answer)(void *arg, uint64_t cookie, const struct enforcer_answer *answer);
	/* enforcer_list(): each element (any number may come as a scope), then that these were all:
	 * error 0, or a positive errno (E2BIG: there are more). */
	void (*found)(void *arg, const struct prefix *prefix, uint16_t scope, duration left);
	void (*listed)(void *arg, int error);
	void *arg;
};

/* Forks keeper and enforcer and waits until the table stands or could not be made. To be called
 * while the rights are still there. In the children it never returns. -EPERM: nftables is not
 * permitted (no CAP_NET_ADMIN); -ENOTSUP: the kernel has no nf_tables; others: see last_error,
 * which is filled on failure, too (ret is set then, and is to be freed). */
NODISCARD int enforcer_start(const struct enforcer_config *config,
			     const struct enforcer_events *events, struct enforcer **ret);
/* Waits a moment for wishes under way, without further calls back, leaves the kernel's sets as they
 * are, and ends the processes. */
struct enforcer *enforcer_free(struct enforcer *e);
DEFINE_FREEP(struct enforcer, enforcer_free)
/* The socket, and whether it should be waited on for writing. */
int enforcer_fd(const struct enforcer *e);
bool enforcer_wants_write(const struct enforcer *e);
/* The keeper's pid: its end cannot be mended, the daemon should end, loudly. */
int enforcer_keeper_pid(const struct enforcer *e);
/* Reads answers, sends what waits. 0, or -EPIPE: the keeper is gone. */
NODISCARD int enforcer_dispatch(struct enforcer *e);
/* Scopes and never-block are these from here on: wishes and questions that follow mean its scopes.
 * Copied. What a scope that stays holds, it keeps, if its number changes, too; but then all wishes
 * are to be sent again, for the numbers of the old ones are forgotten. A process that starts again
 * gets the last plan before anything else. -ENOBUFS: one is under way, call again when its fate is
 * known; -E2BIG, -EINVAL: no plan (plan.h); -ENOMEM. */
NODISCARD int enforcer_plan(struct enforcer *e, const struct enforcer_plan *plan);
/* Wish: hold the prefix until `until` (INSTANT_NEVER and ends more than ten years away: no kernel
 * timeout). `now` turns it into a timeout; an end that is not after `now` means not held. -ENOBUFS:
 * too much waits; call again when `pending` fell. */
NODISCARD int enforcer_hold(struct enforcer *e, const struct prefix *prefix, uint16_t scope,
			    instant until, instant now);
/* The same about a wish that should stand in the kernel already. */
NODISCARD int enforcer_confirm(struct enforcer *e, const struct prefix *prefix, uint16_t scope,
			       instant until, instant now);
NODISCARD int enforcer_release(struct enforcer *e, const struct prefix *prefix, uint16_t scope);
/* Empties all sets (observe). Packets of all banned pass from then on. */
NODISCARD int enforcer_release_all(struct enforcer *e);
NODISCARD int enforcer_ask(struct enforcer *e, const struct prefix *prefix, uint16_t scope,
			   uint64_t cookie);
/* Tells all elements in our sets when all that was said before is done, if there are at most `max`
 * (up to 20,000); with 0 only that it is done. */
NODISCARD int enforcer_list(struct enforcer *e, size_t max);
/* Sends what was collected since the last call, as far as the socket takes it. */
NODISCARD int enforcer_flush(struct enforcer *e);
const struct enforcer_state *enforcer_state(const struct enforcer *e);
