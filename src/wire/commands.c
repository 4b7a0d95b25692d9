/* SPDX-License-Identifier: MIT */
#include "wire/commands.h"

#include <string.h>

#include "base/attr.h"

#define COMMAND_ROW(name, word, arguments, needs, help) { word, arguments, help, needs },
static const struct command_info commands[] = { COMMANDS(COMMAND_ROW) };
#undef COMMAND_ROW

/* Verbs that are not here only do what they are told, or fail. */
static const char *const exits[COMMAND_COUNT] = {
	[COMMAND_STATUS] = "0 all is well, 1 something needs a person",
	[COMMAND_SHOW] = "0 it is blocked, 1 it is not",
	[COMMAND_UNBAN] = "0 it is free, 1 something still covers it",
	[COMMAND_NEVER_BLOCK] = "0 done, 1 something else keeps it on the list, or a warning",
	[COMMAND_BAN] = "0 it is blocked, 1 there is a warning, 2 it was refused",
	[COMMAND_BLACKLIST] = "0 it is blocked, 1 there is a warning, 2 it was refused",
	[COMMAND_VERIFY] = "0 the kernel agrees, 1 there was a difference",
	[COMMAND_DOCTOR] = "0 nothing was found, 1 something was",
	[COMMAND_REPLAY] =
		"0 all was read (--diff: and decided alike), 1 not, or there are differences",
	[COMMAND_TRY] = "0 a line is an event, 1 none is",
	[COMMAND_CHECK] = "0 all is well, 1 there are errors (with --strict: or warnings)",
	[COMMAND_CAT] = "0 printed",
	[COMMAND_TEARDOWN] = "0 it is gone, 1 it cannot be removed, as long as ipsd runs",
};

/* COMMAND_COUNT stands for every verb. */
static const struct command_option options[] = {
	{ COMMAND_COUNT, "config-dir", 0, "DIR", "configuration (/etc/ipsd)" },
	{ COMMAND_COUNT, "state-dir", 0, "DIR", "database (/var/lib/ipsd)" },
	{ COMMAND_COUNT, "runtime-dir", 0, "DIR", "control socket (/run/ipsd)" },
	{ COMMAND_COUNT, "json", 0, NULL, "print JSON" },
	{ COMMAND_COUNT, "help", 'h', NULL, "say how it is used" },
	{ COMMAND_STATUS, "all", 0, NULL,
	  "also the jails and sources that are disabled or whose log is not there" },
	{ COMMAND_LIST, "jail", 0, "JAIL", "only this jail's blocks" },
	{ COMMAND_LIST, "service", 0, "SERVICE", "only blocks for what was done to this service" },
	{ COMMAND_LIST, "type", 0, "TYPE", "only blocks of this type" },
	{ COMMAND_LIST, "action", 0, "ACTION", "only `block` or only `blacklist`" },
	{ COMMAND_LIST, "observed", 0, NULL,
	  "those that would have been blocked, but a jail or ipsd only observes" },
	{ COMMAND_LIST, "spared", 0, NULL,
	  "those that would have been blocked, but are on never-block" },
	{ COMMAND_LIST, "all", 0, NULL, "current, observed, spared and ended ones" },
	{ COMMAND_LIST, "watch", 'w', NULL, "again every second, on a terminal; q ends" },
	{ COMMAND_LIST, "output", 'o', "COLUMNS",
	  "columns, separated by commas; +COLUMNS adds to the usual ones" },
	{ COMMAND_LIST, "sort", 0, "COLUMN", "order by this column" },
	{ COMMAND_LIST, "raw", 0, NULL,
	  "no headings, no alignment, no column left out, full times: for scripts" },
	{ COMMAND_BAN, "for", 0, "TIME", "how long: 30m, 2h, 1d (default 1h)" },
	{ COMMAND_BAN, "permanent", 0, NULL, "until it is lifted by hand" },
	{ COMMAND_BAN, "ports", 0, "PORTS",
	  "only these: smtp,465,udp/53,8000-8010, a group of [ports], or `all`" },
	{ COMMAND_BAN, "class-c", 0, NULL,
	  "the whole Class C around each address: /24, IPv6 /48 (network-prefix-v4, -v6)" },
	{ COMMAND_BAN, "reason", 0, "TEXT", "why; shown by list and show" },
	{ COMMAND_BAN, "force", 0, NULL, "also what is refused for safety" },
	{ COMMAND_BAN, "file", 0, "FILE",
	  "all of a file, or of `-`, as one order: PREFIX [TIME|permanent] [# reason] a line" },
	{ COMMAND_BLACKLIST, "ports", 0, "PORTS", "only these ports, as for ban" },
	{ COMMAND_BLACKLIST, "class-c", 0, NULL,
	  "the whole Class C around each address: /24, IPv6 /48 (network-prefix-v4, -v6)" },
	{ COMMAND_BLACKLIST, "reason", 0, "TEXT", "why; shown by list and show" },
	{ COMMAND_BLACKLIST, "force", 0, NULL, "also what is refused for safety" },
	{ COMMAND_BLACKLIST, "file", 0, "FILE", "all of a file, as for ban" },
	{ COMMAND_UNBAN, "all", 0, NULL, "every block" },
	{ COMMAND_UNBAN, "jail", 0, "JAIL", "only this jail's blocks" },
	{ COMMAND_UNBAN, "yes", 'y', NULL, "do not ask" },
	{ COMMAND_NEVER_BLOCK, "for", 0, "TIME", "add: only that long: 30m, 2h, 1d" },
	{ COMMAND_NEVER_BLOCK, "jail", 0, "JAIL", "add, remove: only for this jail" },
	{ COMMAND_NEVER_BLOCK, "service", 0, "SERVICE",
	  "add, remove: only for what is done to this service" },
	{ COMMAND_NEVER_BLOCK, "reason", 0, "TEXT", "add: why; shown by list and show" },
	{ COMMAND_NEVER_BLOCK, "file", 0, "FILE",
	  "add: all entries of a file (- for standard input): ENTRY [TIME|permanent] [# reason]" },
	{ COMMAND_NEVER_BLOCK, "force", 0, NULL, "add: also what is refused for safety" },
	{ COMMAND_OBSERVE, "for", 0, "TIME", "only that long, then block again" },
	{ COMMAND_ENFORCE, "for", 0, "TIME",
	  "only that long, unless `ipsctl enforce` confirms it" },
	{ COMMAND_EVENTS, "follow", 'f', NULL, "go on with new ones as they come" },
	{ COMMAND_EVENTS, "address", 0, "PREFIX", "only events of this address or prefix" },
	{ COMMAND_EVENTS, "account", 0, "NAME", "only events of this account" },
	{ COMMAND_EVENTS, "jail", 0, "JAIL", "only events that this jail counts" },
	{ COMMAND_EVENTS, "type", 0, "TYPE", "only this type" },
	{ COMMAND_EVENTS, "service", 0, "SERVICE", "only this service" },
	{ COMMAND_EVENTS, "decisions", 0, NULL, "what was decided instead of what happened" },
	{ COMMAND_EVENTS, "since", 0, "TIME",
	  "a time, UTC if it names no zone (2026-11-22T03:00+01:00), or how long ago (2h)" },
	{ COMMAND_EVENTS, "limit", 0, "N", "at most the newest N (default 100, at most 10000)" },
	{ COMMAND_REPLAY, "jail", 0, "JAIL", "only this jail; may be given again" },
	{ COMMAND_REPLAY, "filter", 0, "FILTER", "read the files by this filter" },
	{ COMMAND_REPLAY, "from", 0, "TIME",
	  "leave out what happened before (a time, UTC if it names no zone)" },
	{ COMMAND_REPLAY, "to", 0, "TIME", "leave out what happened from then on" },
	{ COMMAND_REPLAY, "diff", 0, "DIR",
	  "the bans that only one of this configuration and the one in DIR makes" },
	{ COMMAND_TRY, "line", 0, "TEXT",
	  "try this line, and say how far each pattern gets in it" },
	{ COMMAND_TRY, "missed", 0, NULL, "the lines that are no event, grouped by shape" },
	{ COMMAND_TRY, "all", 0, NULL, "which of all filters knows this log: try --all FILE" },
	{ COMMAND_CHECK, "strict", 0, NULL, "warnings are failures, too" },
	{ COMMAND_CHECK, "verbose", 'v', NULL,
	  "also what each pattern and jail costs, and all notes" },
};

const struct command_info *command_info(enum command c)
{
	return c < COMMAND_COUNT ? &commands[c] : NULL;
}

enum command command_find(struct str word)
{
	for (enum command c = 0; c < COMMAND_COUNT; c++) {
		if (str_eq(word, str_of(commands[c].word))) {
			return c;
		}
	}
	return COMMAND_COUNT;
}

const char *command_exits(enum command c)
{
	return c < COMMAND_COUNT && exits[c] ? exits[c] : "0 done, 1 it could not be done";
}

bool command_takes(enum command c, const struct command_option *option)
{
	bool prints_json = c != COMMAND_CAT && c != COMMAND_METRICS && c != COMMAND_TEARDOWN;

	if (option->command != COMMAND_COUNT) {
		return option->command == c;
	}
	return prints_json || strcmp(option->name, "json") != 0;
}

const struct command_option *command_option(size_t i)
{
	return i < ARRAY_SIZE(options) ? &options[i] : NULL;
}
