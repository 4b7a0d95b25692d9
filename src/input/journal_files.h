/* SPDX-License-Identifier: MIT */
#pragma once
/* journal_files.h - is there a journal, and may we read it?
 *
 * libsystemd tells neither. Looks at the directories only. */
#include "input/tail_chunk.h"

enum { JOURNAL_ROOTS_MAX = 2 };

struct journal_files {
	enum tail_state state;
	int error;      /* errno of TAIL_UNREADABLE */
	unsigned roots; /* a bit for each directory that there is */
	bool all_roots; /* none is missing */
};

/* `dir`: NULL for the host's journal. */
struct journal_files journal_files_look(const char *dir);
