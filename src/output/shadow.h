/* SPDX-License-Identifier: MIT */
#pragma once
/* shadow.h - what becomes of checked records in the kernel?
 *
 * Our table with its sets, and the socket that elements go through. Refuses to hold what is on
 * never-block. Makes the table again when somebody has taken it away. Needs CAP_NET_ADMIN. */
#include "base/buf.h"
#include "output/kernel_plan.h"
#include "output/record.h"
#include "output/standing.h"

enum { SHADOW_BATCH = 1024 };

struct shadow;

/* Takes over the sets that stand there, makes what is missing, and the sets for an IPv4 address and
 * an IPv6 prefix of `host_v6` bits in all ports. The plan's lists are borrowed. -EPERM, -ENOTSUP,
 * -ENOMEM, others; `words` gets nft's own. 1: the table stood there in a shape that could not be
 * kept and was made anew, without its elements. */
NODISCARD int shadow_open(const struct kernel_plan *plan, uint8_t host_v6, struct buf *words,
			  struct shadow **ret);
/* Does what the records say, in their order, at most SHADOW_BATCH. Fills in the replies' error and
 * answer: 0, or a positive errno. EACCES: on never-block. `words` gets nft's when it refused. 1:
 * the table had been taken away and was made again, without its elements. */
NODISCARD int shadow_apply(struct shadow *s, const struct record *records, size_t n,
			   struct reply *replies, struct buf *words);
/* Another plan takes the place of the first; what both know keeps its elements. Its lists are
 * borrowed, those of the old one no longer. 1: as above. On failure the old plan stands. */
NODISCARD int shadow_plan(struct shadow *s, const struct kernel_plan *plan, struct buf *words);
uint64_t shadow_transactions(const struct shadow *s);
/* To be waited on for reading: somebody, maybe we ourselves, has changed nftables. */
int shadow_fd(const struct shadow *s);
/* How many changes of somebody else were heard of and not told yet. */
uint64_t shadow_heard(struct shadow *s);
/* Sees to it that the table stands as it was made. 0: it did; 1: it was made again, maybe without
 * elements; negative: it could not be, `words` tell. */
NODISCARD int shadow_look(struct shadow *s, struct buf *words);
/* What stands in our sets: standing_elements(). */
NODISCARD int shadow_elements(struct shadow *s, size_t max, struct standing_list *ret);
