/* SPDX-License-Identifier: MIT */
#pragma once
/* journal_text.h - which program said what, and when, by the fields of a journal's entry?
 *
 * Takes fields in any order, one by one ("FIELD=value"; those that are of no use are left alone).
 * Pure; allocates room for one message. */
#include "base/buf.h"

enum { JOURNAL_PROGRAM_MAX = 128 };

struct journal_text {
	struct buf message; /* one line with its LF, or empty; LFs inside are blanks */
	char program[JOURNAL_PROGRAM_MAX], comm[JOURNAL_PROGRAM_MAX];
	size_t program_n, comm_n;
	uint64_t sent_us; /* microseconds since 1970; 0: not told */
	bool cut;         /* the message was longer than a line may be */
};

/* For the next entry; keeps the memory. */
void journal_text_clear(struct journal_text *t);
void journal_text_done(struct journal_text *t);
void journal_text_take(struct journal_text *t, struct str field);
/* SYSLOG_IDENTIFIER, or else _COMM. */
struct str journal_text_program(const struct journal_text *t);
