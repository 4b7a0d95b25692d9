/* SPDX-License-Identifier: MIT */
#pragma once
/* commands.h - the verbs of ipsctl and their options: one table for the parser, --help, the man
 * page and shell completion. */
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* What a verb works on: decides whether it needs the daemon. */
enum command_needs {
	NEEDS_DAEMON, /* talks to the daemon */
	NEEDS_CONFIG, /* reads the config itself: no daemon, no root */
	NEEDS_KERNEL, /* touches nftables itself */
};

#define COMMANDS(X)                                                                                \
	/* NAME     word        arguments                needs          help */                    \
	X(STATUS, "status", "", NEEDS_DAEMON, "Say how ipsd is")                                   \
	X(LIST, "list", "", NEEDS_DAEMON, "List current blocks")                                   \
	X(SHOW, "show", "WHAT...", NEEDS_DAEMON,                                                   \
	  "Explain why an address, prefix, account or host name is blocked, or why not")           \
	X(BAN, "ban", "PREFIX...|--file=FILE", NEEDS_DAEMON, "Block addresses by hand")            \
	X(BLACKLIST, "blacklist", "PREFIX...", NEEDS_DAEMON,                                       \
	  "Block addresses until somebody lifts it")                                               \
	X(UNBAN, "unban", "PREFIX...", NEEDS_DAEMON, "Lift blocks")                                \
	X(NEVER_BLOCK, "never-block", "[list|add|remove] [PREFIX-or-HOST...]", NEEDS_DAEMON,       \
	  "Say who is never blocked, and change it")                                               \
	X(OBSERVE, "observe", "", NEEDS_DAEMON, "Let everybody in, go on watching")                \
	X(ENFORCE, "enforce", "", NEEDS_DAEMON, "Block again")                                     \
	X(EVENTS, "events", "", NEEDS_DAEMON, "Show the event log")                                \
	X(REPLAY, "replay", "FILE...", NEEDS_CONFIG,                                               \
	  "Say what the jails would have decided on old logs")                                     \
	X(TRY, "try", "FILTER [FILE|-]", NEEDS_CONFIG, "Show what a filter makes of lines")        \
	X(CHECK, "check", "", NEEDS_CONFIG, "Check all config files and samples")                  \
	X(CAT, "cat", "[filter|jail] [NAME]", NEEDS_CONFIG,                                        \
	  "Print effective settings and where each comes from")                                    \
	X(RELOAD, "reload", "", NEEDS_DAEMON, "Read the config files anew; scores and bans go on") \
	X(VERIFY, "verify", "", NEEDS_DAEMON, "Compare the kernel with what ipsd wants")           \
	X(DOCTOR, "doctor", "", NEEDS_DAEMON, "Look for what makes blocks do nothing")             \
	X(METRICS, "metrics", "", NEEDS_DAEMON, "Print figures as Prometheus text")                \
	X(TEARDOWN, "teardown", "", NEEDS_KERNEL, "Remove ipsd's table from the kernel")

#define COMMAND_ENUM(name, word, args, needs, help) COMMAND_##name,

enum command { COMMANDS(COMMAND_ENUM) COMMAND_COUNT };

#undef COMMAND_ENUM

struct command_info {
	const char *word, *arguments, *help;
	enum command_needs needs;
};

struct command_option {
	enum command command; /* COMMAND_COUNT: all verbs (command_takes()) */
	const char *name;     /* "for", without dashes */
	char letter;          /* 'o', or 0 */
	const char *argument; /* "TIME"; NULL: none */
	const char *help;
};

const struct command_info *command_info(enum command c);
/* COMMAND_COUNT: no such verb. Unambiguous beginnings are no verbs: scripts would break when one is
 * added. */
enum command command_find(struct str word);
/* What its exit codes say, in words: "0 done, 2 wrong usage". */
const char *command_exits(enum command c);
/* Does the verb (COMMAND_COUNT: none) take this option? */
bool command_takes(enum command c, const struct command_option *option);
/* Option i of the table; NULL past the end. */
const struct command_option *command_option(size_t i);
