/* SPDX-License-Identifier: MIT */
#pragma once
/* never_block.h - who is never banned, by which jail, until when, and who says so?
 *
 * One living list of entries: what the config says, what people ordered, and what was learnt (the
 * addresses of host names, this host's own, ...). Two entries are the same when from, prefix, jail,
 * service and text are. Bounded by `capacity`; allocates in never_block_new() and for texts, which
 * are copied. A question costs one look-up per prefix length in use. Pure. */
#include "base/netset.h"
#include "base/table.h"
#include "base/time.h"
#include "detect/event.h"

enum never_from {
	NEVER_CONFIG,   /* ipsd.conf or a jail's file: `file`, `line` */
	NEVER_PRIVATE,  /* built in: private networks */
	NEVER_BY_HAND,  /* an order: `by`, `reason`; perhaps a host name */
	NEVER_HOST,     /* learnt: an address of the host name `text` */
	NEVER_OWN,      /* learnt: an address of this host, on the interface `text` */
	NEVER_RESOLVER, /* learnt: a name server of this host */
	NEVER_GATEWAY,  /* learnt: a gateway of this host, behind the interface `text` */
	NEVER_SSH_PEER, /* learnt: `text` is logged in from there */
};

enum {
	NEVER_FROM_COUNT = NEVER_SSH_PEER + 1,
	NEVER_ENTRIES_MAX = 65536,
	NEVER_ANY_JAIL = 0xfffe,
	NEVER_ANY_SERVICE = EVENT_SERVICE_NONE,
};

struct never_entry {
	enum never_from from;
	struct prefix prefix; /* family 0: the host name `text`, whose addresses are learnt */
	instant until;        /* INSTANT_NEVER */
	uint16_t jail;        /* or NEVER_ANY_JAIL */
	uint16_t service;     /* or NEVER_ANY_SERVICE */
	struct str file;      /* with `line`; empty: not from a file */
	unsigned line;
	struct str text;       /* a host name, an interface, a user, ... */
	struct str reason, by; /* by hand */
};

/* What never_block_put() answers besides failures. */
enum { NEVER_MADE = 0, NEVER_RENEWED = 1 };

struct never_block;

/* An entry for everybody, without end and texts. */
struct never_entry never_entry_of(enum never_from from, const struct prefix *prefix);
/* Does it hold for every jail and service? Only such entries are holes in the kernel. */
bool never_entry_is_global(const struct never_entry *entry);
bool never_entry_is_host(const struct never_entry *entry);
/* "config", "private", "by-hand", "host", "own-address", "resolver", "gateway", "ssh-peer". */
const char *never_from_word(enum never_from from);

/* `host_v6` is the length of an IPv6 subject: inside of one nothing is counted, so an entry for a
 * jail or a service that is longer is kept as that subject. Those for everybody stay exact, for the
 * kernel knows single addresses. -ENOMEM. */
NODISCARD int never_block_new(uint32_t capacity, uint8_t host_v6,
			      const uint8_t seed[static TABLE_SEED_SIZE], struct never_block **ret);
struct never_block *never_block_free(struct never_block *nb);
DEFINE_FREEP(struct never_block, never_block_free)

/* Puts the entry in, or in the place of the same one, whose count of spared bans it keeps:
 * NEVER_MADE, NEVER_RENEWED. -ENOSPC: full. -ENOMEM. */
NODISCARD int never_block_put(struct never_block *nb, const struct never_entry *entry);
/* The entries are all that there is from this origin: others go. -ENOSPC, -ENOMEM: none went. */
NODISCARD int never_block_replace(struct never_block *nb, enum never_from from,
				  const struct never_entry *entries, size_t n);
/* The entry that is the same; NULL. */
const struct never_entry *never_block_same(const struct never_block *nb,
					   const struct never_entry *entry);
/* Takes it out: the pointer is dead. */
void never_block_remove(struct never_block *nb, const struct never_entry *entry);
/* What spares the prefix in this jail, for what was done to this service: the longest entry for
 * everybody, else the longest of those for the jail or the service; NULL: nothing. */
const struct never_entry *never_block_find(const struct never_block *nb, const struct prefix *p,
					   uint16_t jail, uint16_t service);
/* Walks all entries: *cursor starts at 0; NULL at the end. Entries put or removed meanwhile may or
 * may not be seen. */
const struct never_entry *never_block_each(const struct never_block *nb, uint32_t *cursor);
uint32_t never_block_count(const struct never_block *nb);
/* When the next entry ends; INSTANT_NEVER. */
instant never_block_next_end(const struct never_block *nb);
/* Takes out what ends at `now` or before; true: there was something. */
bool never_block_expire(struct never_block *nb, instant now);
/* Grows with every change of the entries for everybody. */
uint64_t never_block_changes(const struct never_block *nb);
/* The list takes the place of the other: its changes go on behind the other's. */
void never_block_follow(struct never_block *nb, const struct never_block *other);

/* The entries for everybody, sealed; the caller frees them: they are holes in the kernel's bans.
 * -ENOMEM. */
NODISCARD int never_block_holes(const struct never_block *nb, struct netset **ret);

/* The entry goes on counting from what the other list's entry has counted. */
void never_block_inherit(struct never_block *nb, const struct never_entry *entry,
			 const struct never_block *other, const struct never_entry *its);
/* The entry has spared a ban at that time. */
void never_block_count_spared(struct never_block *nb, const struct never_entry *entry, instant at);
/* How often in the 24 hours before `now`, to the hour. */
uint32_t never_block_spared(const struct never_block *nb, const struct never_entry *entry,
			    instant now);
