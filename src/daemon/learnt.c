/* SPDX-License-Identifier: MIT */
#include "daemon/learnt.h"

#include <string.h>

int learnt_tell(struct daemon *d, enum never_from from, const struct never_entry *entries, size_t n)
{
	int r = wheel_apply(d, false);

	if (r < 0) {
		return r;
	}
	r = engine_learn(d->engine, from, entries, n);
	if (r < 0) {
		log_error("never-block: what this host knows by itself (%s) cannot be taken in: %s",
			  never_from_word(from), strerror(-r));
		return 0;
	}
	return wheel_apply(d, false);
}
