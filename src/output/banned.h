/* SPDX-License-Identifier: MIT */
#pragma once
/* banned.h - is a connection with this peer, at this port, one of those just banned?
 *
 * A list of bans: filled, sealed, asked, cleared. At most BANNED_MAX, in as many lists of ports as
 * there are scopes; a ban takes 20 bytes. Pure. */
#include "base/addr.h"
#include "policy/scope.h"

enum { BANNED_MAX = 65536 };

struct banned;

/* -ENOMEM. */
NODISCARD int banned_new(struct banned **ret);
struct banned *banned_free(struct banned *b);
/* The scope's ranges are copied. -ENOBUFS: it is full; -ENOMEM. */
NODISCARD int banned_add(struct banned *b, const struct prefix *prefix, const struct scope *scope);
/* To be called after the last add and before any question. -ENOMEM. */
NODISCARD int banned_seal(struct banned *b);
/* `proto` as in a port_range. */
bool banned_has(const struct banned *b, const struct addr *peer, uint8_t proto, uint16_t port);
size_t banned_count(const struct banned *b);
void banned_clear(struct banned *b);
