/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/terminal.h"

struct answer {
	const struct ctl *ctl;
	bool done;
};

static void print_lines(const struct value *list, const char *indent)
{
	for (size_t i = 0; i < value_length(list); i++) {
		printf("%s", indent);
		terminal_text(value_text(value_at(list, i), STR_NONE), 0);
		printf("\n");
	}
}

static bool take_answer(void *arg, const struct value *p)
{
	struct answer *a = arg;
	const struct value *changes = value_get(p, "changes"), *problems = value_get(p, "problems");

	a->done = value_bool(value_get(p, "done"), false);
	if (a->ctl->json) {
		terminal_json(p);
		return false;
	}
	terminal_tone(a->done ? TONE_GOOD : TONE_BAD);
	if (!a->done) {
		printf("not reloaded, the rules of before go on; mend this, then `ipsctl check` and "
		       "`ipsctl reload`:");
	} else if (value_length(changes)) {
		printf("reloaded; scores and bans go on. What is different:");
	} else {
		printf("reloaded; nothing is different");
	}
	terminal_tone(TONE_PLAIN);
	printf("\n");
	print_lines(changes, "  ");
	print_lines(problems, a->done ? "" : "  ");
	if (a->done && !value_bool(value_get(p, "settled"), true)) {
		printf("the kernel is still being brought in line: ipsctl status\n");
	}
	return false;
}

int ctl_reload(const struct ctl *ctl)
{
	struct answer a = { .ctl = ctl };
	int r;

	if (ctl->n_arguments) {
		return ctl_usage(ctl, "takes no arguments; it reads all config files anew");
	}
	r = client_call(ctl, "Reload", value_object(), false, take_answer, &a);
	return r == CTL_DONE && !a.done ? CTL_NO : r;
}
