/* SPDX-License-Identifier: MIT */
#pragma once
/* resolver.h - look up a host name without waiting for it.
 *
 *   ipsd ──questions──► ipsd: resolver ──► name servers
 *    └──(fork)─► ipsd: starter ─(fork)──┘
 *
 * The process holds no right and no file of ours; it is started again when it dies. One question is
 * under way at a time. A process that dies over it is asked once more, then that is the answer. */
#include "lookup/question.h"
#include "sys/sandbox.h"

struct resolver;

/* Forks starter and process, which become the user (NULL: stay) without any capability. In the
 * children it never returns. -ENOMEM, and what fork and socketpair say. */
NODISCARD int resolver_start(const struct sandbox_user *user, struct resolver **ret);
/* Ends the processes. */
struct resolver *resolver_free(struct resolver *r);
DEFINE_FREEP(struct resolver, resolver_free)
/* The socket, to be waited on for reading. */
int resolver_fd(const struct resolver *r);
/* Is a question under way? */
bool resolver_is_busy(const struct resolver *r);
/* Times that the process was started again. */
uint64_t resolver_restarts(const struct resolver *r);
/* The name must be one by hostname_is_entry(), and none under way. -EPIPE: starter and process are
 * gone, for good. */
NODISCARD int resolver_ask(struct resolver *r, struct str name);
/* 1: *ret answers the question under way. 0: nothing yet. -EPIPE: gone, for good. */
NODISCARD int resolver_dispatch(struct resolver *r, struct answer *ret);
