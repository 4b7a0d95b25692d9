/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/terminal.h"

struct answer {
	bool json;
	int code;
};

static void print_difference(const struct value *row)
{
	struct str prefix = member(row, "prefix", "");

	printf("  ");
	if (prefix.n) {
		terminal_text(prefix, 0);
		printf(" (ports ");
		terminal_text(member(row, "ports", ""), 0);
		printf(") ");
	}
	terminal_text(member(row, "what", ""), 0);
	printf("; ");
	terminal_text(member(row, "done", ""), 0);
	printf("\n");
}

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
		printf("the kernel differed in %lld thing%s from what it should hold (%lld block%s); next: ipsctl verify",
		       (long long)n, str_plural((uint64_t)n), (long long)checked,
		       str_plural((uint64_t)checked));
	} else {
		printf("the kernel holds %s %lld block%s%s", checked == 1 ? "the" : "all",
		       (long long)checked, str_plural((uint64_t)checked),
		       value_bool(value_get(p, "listed"), false) ? ", and nothing else" : "");
	}
	terminal_tone(TONE_PLAIN);
	printf("\n");
	for (size_t i = 0; i < value_length(differences); i++) {
		print_difference(value_at(differences, i));
	}
	if (n > (int64_t)value_length(differences)) {
		printf("  and %lld more\n", (long long)n - (long long)value_length(differences));
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
