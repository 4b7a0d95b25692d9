/* SPDX-License-Identifier: MIT */
/* No line is judged before all bans are known: it would be banned twice, and a late one would bring
 * back what a person has lifted. So the start waits, some 2 s for 1,000,000 bans; who asks
 * meanwhile waits, too, for the socket is there, and logs lose nothing. The kernel holds the bans
 * of before all the time, but for a reboot.
 *
 * The service manager is told, so that a slow disk does not look like a start that hangs. */
#include "daemon/recall.h"

#include <stdio.h>

#include "sys/clock.h"

enum { PATIENCE_SECONDS = 120 };

struct recalled {
	struct daemon *d;
	size_t gone, n_scopes; /* bans; scopes that the enforcer knows */
};

/* The sets of before are taken over, so what is not wished any more is taken out by name. Sets of
 * ports that nobody has any more go with the plan. */
static void recall_gone(void *arg, const struct stored_ban *ban, bool moved)
{
	struct recalled *recalled = arg;
	const struct ruleset *rules = engine_ruleset(recalled->d->engine);

	recalled->gone += !moved;
	for (size_t i = 0; i < recalled->n_scopes; i++) {
		if (str_eq(rules->scopes[i].label, ban->scope)) {
			enforcement_release(recalled->d, &ban->decision.prefix, (uint16_t)i);
		}
	}
}

static int recall_scope(void *arg, struct str words, uint16_t *ret)
{
	const struct recalled *recalled = arg;
	struct config_scope wanted;
	struct str word;
	int r = config_scope(recalled->d->config, words, &wanted, &word);

	return r < 0 ? r : engine_scope(recalled->d->engine, &wanted.scope, ret);
}

static void recall_progress(void *arg, size_t bans, bool events)
{
	char text[160];

	(void)arg;
	snprintf(text, sizeof(text),
		 "STATUS=Starting: %zu bans of before were read%s\nEXTEND_TIMEOUT_USEC=%d000000",
		 bans, events ? ", reading events" : "", (int)PATIENCE_SECONDS);
	loop_notify(text);
}

int recall_never(struct daemon *d)
{
	size_t gone;
	int r = store_recall_never(d->store, d->engine, clock_now(), &gone);

	if (r >= 0 && gone > 0) {
		log_notice(
			"never-block has entries for jails or services that are gone, which were "
			"left out (%zu); `ipsctl never-block list` shows the others",
			gone);
	}
	return r;
}

int recall_state(struct daemon *d)
{
	struct recalled recalled = { .d = d, .n_scopes = engine_ruleset(d->engine)->n_scopes };
	const struct store_recall_calls calls = { .gone = recall_gone,
						  .scope = recall_scope,
						  .progress = recall_progress,
						  .arg = &recalled };
	int r = recall_never(d); /* the log of before is judged by it */

	if (r >= 0) {
		r = store_recall(d->store, d->engine, clock_now(), &calls);
	}
	if (recalled.gone > 0) {
		log_notice("bans of jails or ports that are gone were lifted: %zu", recalled.gone);
	}
	return r;
}
