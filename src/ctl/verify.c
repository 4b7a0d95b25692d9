/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/terminal.h"

struct answer {
	bool json;
	int code;
};

static bool take_verify(void *arg, const struct value *p)
{
	struct answer *a = arg;
	const struct value *differences = value_get(p, "differences");
	int64_t n = value_int(value_get(p, "differing"), 0),
		checked = value_int(value_get(p, "checked"), 0);

	a->code = n ? CTL_NO : CTL_DONE;
	if (a->json) {
		terminal_json(p);
		return false;
	}
	terminal_tone(n ? TONE_BAD : TONE_GOOD);
	if (n) {
		printf("the kernel differed in %lld of %lld blocks; they are sent to it again; next: ipsctl verify",
		       (long long)n, (long long)checked);
	} else {
		printf("the kernel holds all %lld blocks", (long long)checked);
	}
	terminal_tone(TONE_PLAIN);
	printf("\n");
	for (size_t i = 0; i < value_length(differences); i++) {
		const struct value *row = value_at(differences, i);

		printf("  ");
		terminal_text(member(row, "prefix", ""), 0);
		printf(" (ports ");
		terminal_text(member(row, "ports", ""), 0);
		printf(") ");
		terminal_text(member(row, "what", ""), 0);
		printf("\n");
	}
	return false;
}

int ctl_verify(const struct ctl *ctl)
{
	struct answer a = { .json = ctl->json };
	int code;

	if (ctl->n_arguments) {
		return ctl_usage(ctl, "verify takes no arguments");
	}
	code = client_call(ctl, "Verify", NULL, false, take_verify, &a);
	return code ? code : a.code;
}
