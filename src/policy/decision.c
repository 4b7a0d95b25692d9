/* SPDX-License-Identifier: MIT */
/* decision.c - the words for what the engine says. */
#include "policy/decision.h"

const char *decision_word(enum decision_kind kind)
{
	switch (kind) {
	case DECISION_BAN: return "ban";
	case DECISION_LIFT: return "lift";
	case DECISION_SPARED: return "spared";
	case DECISION_OBSERVED: return "observed";
	}
	return "";
}

const char *action_word(enum ban_action action)
{
	switch (action) {
	case ACTION_BLOCK: return "block";
	case ACTION_BLACKLIST: return "blacklist";
	}
	return "";
}

const char *because_words(enum because because)
{
	switch (because) {
	case BECAUSE_NONE: return "";
	case BECAUSE_NEVER_BLOCK: return "it is on never-block";
	case BECAUSE_JAIL_NEVER_BLOCK: return "it is on the jail's own never-block";
	case BECAUSE_SERVICE_NEVER_BLOCK: return "it is on never-block for this service";
	case BECAUSE_JAIL_OBSERVES: return "the jail only observes";
	case BECAUSE_DAEMON_OBSERVES: return "ipsd only observes";
	case BECAUSE_EXPIRED: return "its time was over";
	case BECAUSE_UNBAN: return "a person lifted it";
	case BECAUSE_REPLACED: return "another ban took its place";
	case BECAUSE_JAIL_GONE: return "its jail is gone";
	case BECAUSE_PORTS_GONE: return "its ports are gone from the config";
	case BECAUSE_KNOWN_GOOD: return "this account logged in from there lately";
	case BECAUSE_BRAKE: return "too many known addresses failed at once";
	}
	return "";
}

const char *because_word(enum because because)
{
	switch (because) {
	case BECAUSE_NONE: return NULL;
	case BECAUSE_NEVER_BLOCK: return "never-block";
	case BECAUSE_JAIL_NEVER_BLOCK: return "jail-never-block";
	case BECAUSE_SERVICE_NEVER_BLOCK: return "service-never-block";
	case BECAUSE_JAIL_OBSERVES: return "jail-observes";
	case BECAUSE_DAEMON_OBSERVES: return "daemon-observes";
	case BECAUSE_EXPIRED: return "expired";
	case BECAUSE_UNBAN: return "unban";
	case BECAUSE_REPLACED: return "replaced";
	case BECAUSE_JAIL_GONE: return "jail-gone";
	case BECAUSE_PORTS_GONE: return "ports-gone";
	case BECAUSE_KNOWN_GOOD: return "known-good";
	case BECAUSE_BRAKE: return "brake";
	}
	return NULL;
}
