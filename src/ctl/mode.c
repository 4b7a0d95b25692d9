/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "base/span.h"
#include "ctl/client.h"
#include "ctl/terminal.h"

static bool take_mode(void *arg, const struct value *p)
{
	const struct ctl *ctl = arg;
	bool observes = str_eq(member(p, "mode", ""), STR("observe"));
	char local[32];
	instant until;

	if (ctl->json) {
		terminal_json(p);
		return false;
	}
	terminal_tone(observes ? TONE_WARN : TONE_GOOD);
	printf(observes ? "ipsd observes: nobody is blocked" : "ipsd enforces");
	terminal_tone(TONE_PLAIN);
	if (member_instant(p, "until", &until)) {
		terminal_local_time(until, local);
		printf(observes ? " until %s, then it enforces again"
				: " until %s, then it observes again; `ipsctl enforce` confirms it",
		       local);
	} else if (observes) {
		printf("; `ipsctl enforce` blocks again");
	}
	printf("\n");
	if (!value_bool(value_get(p, "settled"), true)) {
		printf("the kernel is still being brought in line: ipsctl status\n");
	}
	return false;
}

static int change(const struct ctl *ctl, const char *mode)
{
	const char *length = ctl_option(ctl, "for");
	struct value *p;
	duration d;

	if (ctl->n_arguments) {
		return ctl_usage(ctl, "takes no arguments; --for=TIME says how long");
	}
	p = value_object();
	value_set_word(p, "mode", mode);
	if (length) {
		int r = span_parse(str_of(length), &d);

		if (r < 0 || d.us < 1000000) {
			value_free(p);
			return ctl_usage(ctl,
					 r == -ENODATA
						 ? "--for=%s: what unit? For example 30m"
						 : "--for=%s: not a length of time like 30m, 2h",
					 length);
		}
		value_set_int(p, "seconds", d.us / 1000000);
	}
	return client_call(ctl, "Mode", p, false, take_mode, (void *)(uintptr_t)ctl);
}

int ctl_observe(const struct ctl *ctl)
{
	return change(ctl, "observe");
}

int ctl_enforce(const struct ctl *ctl)
{
	return change(ctl, "enforce");
}
