/* SPDX-License-Identifier: MIT */
#include "daemon/braking.h"

#include "base/span.h"
#include "sys/log.h"

bool braking_holds(const struct daemon *d, uint16_t jail, instant now, instant *ret_until)
{
	instant until = engine_jail_stats(d->engine, jail).braked_until;

	if (now.us >= until.us) {
		return false;
	}
	*ret_until = until;
	return true;
}

static void tell(struct str jail, bool holds, instant until)
{
	char text[INSTANT_TEXT_MAX];

	if (holds) {
		log_warning(
			"jail %.*s holds back until %s at least: too many addresses from which people log in failed at once;"
			" the server's own login is the likely cause. What the jail had just banned of them is free again",
			STR_ARG(jail), instant_format(until, text));
	} else {
		log_notice("jail %.*s bans again: no more known addresses fail than usual",
			   STR_ARG(jail));
	}
}

instant braking_tell(struct daemon *d, instant now)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	instant wake = INSTANT_NEVER;

	for (uint16_t i = 0; i < rules->n_jails; i++) {
		instant until = INSTANT_NEVER;
		bool holds = braking_holds(d, i, now, &until);

		if (holds != d->braked[i]) {
			d->braked[i] = holds;
			tell(rules->jails[i].name, holds, until);
		}
		wake = instant_min(wake, until);
	}
	return wake;
}
