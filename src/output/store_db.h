/* SPDX-License-Identifier: MIT */
#pragma once
/* store_db.h - what the halves of the store share: the database, its schema, and names as numbers.
 * Private to store*.c. */
#include "engine/batch.h"
#include "engine/ruleset.h"
#include "output/sql.h"
#include "output/unwritten.h"
#include "policy/decision.h"

/* Names with a higher number are read, but mean nothing to the windows. */
enum { STORE_REMEMBERED = 256, STORE_NAMES_MAX = 1 << 20 };

/* A name and its number. */
struct remembered {
	int64_t id;
	size_t n; /* 0: none */
	char name[64];
};

struct store {
	char *path;
	struct sql *sql;
	bool ordering, broken;  /* inside an order's transaction; something in it has failed */
	uint64_t inode;         /* of the file that was opened */
	int64_t passed;         /* events up to this id are dated ahead, in the walk that goes on */
	int64_t retained;       /* bans up to this id were looked at for their age */
	uint64_t ignored[2][3]; /* lengths of IPv4 and IPv6 prefixes that were unbanned, as bits */
	int64_t marked, mark_newest; /* the last event of the last mark; the newest time since */
	unsigned known_puts;         /* logins kept since the start */
	bool stale, damaged;         /* store_is_stale(), store_is_damaged() */
	bool fresh;                  /* it had no tables when it was opened */
	bool unmade;                 /* the fresh one after a damaged one could not be made */
	bool memories_anew;          /* all that filters remember is to be written */
	const struct ruleset *rules; /* of the order */
	struct unwritten unwritten;
	struct remembered remembered[STORE_REMEMBERED];
	char error[256];
};

/* Makes the tables, or adds what they lack since `version`, 0: nothing; all of it or nothing. */
NODISCARD int store_upgrade(struct store *s, int64_t version);
/* Notes which file is there under the path, for store_is_unlinked(). */
void store_note_file(struct store *s);
/* Keeps SQLite's words of the last error; passes r on. */
int store_fail(struct store *s, int r);
/* The number of a name in the table of names, made when it is new; 0 for an empty name. */
NODISCARD int store_name(struct store *s, struct str name, int64_t *ret);
/* What was remembered of them may be undone. */
void store_forget_names(struct store *s);
/* The bytes of an address as they are stored: 4 or 16. */
struct str store_addr_bytes(const struct addr *a);
bool store_addr(struct str bytes, struct addr *ret);
/* First and last address of a prefix, as stored bytes in the buffers. */
void store_range(const struct prefix *p, uint8_t low[static 16], uint8_t high[static 16],
		 struct str *ret_low, struct str *ret_high);
/* Reads which lengths are ignored. */
NODISCARD int store_ignored_load(struct store *s);
/* The row of a ban, in the place of an earlier one, and its evidence. */
NODISCARD int store_put_ban(struct store *s, const struct ruleset *rules, const struct decision *d);
/* Other rows. An event's makes its login known. */
NODISCARD int store_put_event(struct store *s, const struct ruleset *rules,
			      const struct counted *c);
NODISCARD int store_put_decision(struct store *s, const struct ruleset *rules,
				 const struct decision *d);
NODISCARD int store_put_setting(struct store *s, struct str key, struct str value);
NODISCARD int store_put_position(struct store *s, struct str path, const struct position *p);
NODISCARD int store_put_ignored(struct store *s, const struct ignored *ignored);
/* store_marks.c: reads how far events are marked; notes an event that was put; finds the id behind
 * which all events are that are not older. */
NODISCARD int store_marks_load(struct store *s);
NODISCARD int store_marks_note(struct store *s, uint64_t id, instant time);
NODISCARD int store_marks_find(struct store *s, instant oldest, int64_t *ret_after);
/* Ends a transaction that has failed; passes r on. */
int store_rollback(struct store *s, int r);
