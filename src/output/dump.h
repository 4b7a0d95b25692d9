/* SPDX-License-Identifier: MIT */
#pragma once
/* dump.h - what stands in our nft table, as the kernel tells it?
 *
 * Asks for one kind of thing and calls back with each of it. A socket of its own; what a question
 * costs depends on our table alone, but for sets and rules, whose lists the kernel walks past.
 * Needs CAP_NET_ADMIN. */
#include <stdint.h>

#include "base/attr.h"

struct dump;
struct nlmsghdr;

/* One message; what it returns below 0 ends the questions with that. */
typedef int (*dump_fn)(void *arg, const struct nlmsghdr *h);

/* The name is borrowed. -ENOMEM and those of netlink_open(). */
NODISCARD int dump_open(const char *table, struct dump **ret);
struct dump *dump_close(struct dump *d);
DEFINE_FREEP(struct dump, dump_close)
/* The ruleset's generation: whether anything changed in between. */
NODISCARD int dump_generation(struct dump *d, uint32_t *ret);
/* The following: -ENOENT: it is not there; -EINTR: it changed meanwhile. */
NODISCARD int dump_table(struct dump *d, dump_fn fn, void *arg);
NODISCARD int dump_chain(struct dump *d, const char *chain, dump_fn fn, void *arg);
NODISCARD int dump_rules(struct dump *d, const char *chain, dump_fn fn, void *arg);
NODISCARD int dump_sets(struct dump *d, dump_fn fn, void *arg);
NODISCARD int dump_elements(struct dump *d, const char *set, dump_fn fn, void *arg);
