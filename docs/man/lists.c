/* SPDX-License-Identifier: MIT */
/* Prints what the manual and the completions say of verbs, options, keys and event types, from the
 * tables that the programs use. Run while building, by make.py.
 *
 * usage: lists verbs | keys main|filter|jail | types | words */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "config/schema_table.h"
#include "detect/event.h"
#include "wire/commands.h"

/* scdoc takes _ and * for itself. */
static void put(const char *text)
{
	for (; text && *text; text++) {
		if (strchr("_*\\~", *text)) {
			putchar('\\');
		}
		putchar(*text);
	}
}

static void put_options(enum command command)
{
	const struct command_option *option;

	for (size_t i = 0; (option = command_option(i)); i++) {
		if (option->command != command) {
			continue;
		}
		printf("*--");
		put(option->name);
		printf("*");
		if (option->argument) {
			printf("=_");
			put(option->argument);
			printf("_");
		}
		if (option->letter) {
			printf(", *-%c*", option->letter);
		}
		printf("\n\t");
		put(option->help);
		printf("\n\n");
	}
}

static void print_verbs(void)
{
	for (enum command c = 0; c < COMMAND_COUNT; c++) {
		const struct command_info *info = command_info(c);

		printf("## ");
		put(info->word);
		printf(" ");
		put(info->arguments);
		printf("\n\n");
		put(info->help);
		printf(".\n\n");
		put_options(c);
		printf("Exit: %s.\n\n", command_exits(c));
	}
	printf("# OPTIONS OF ALL VERBS\n\n");
	put_options(COMMAND_COUNT);
}

static void print_key(const struct key *key)
{
	printf("*");
	put(strcmp(key->name, "*") == 0 ? "NAME" : key->name);
	printf("*");
	if (key->flags & KEY_REQUIRED) {
		printf(" (required)");
	} else if (key->value) {
		printf(" (default: ");
		put(key->value);
		printf(")");
	}
	printf("\n\t");
	put(key->about);
	if (key->theirs) {
		printf(" (");
		put(key->theirs);
		printf(")");
	}
	if (key->flags & KEY_LATER) {
		printf(" Not supported yet.");
	}
	printf("\n\n");
}

static int print_keys(const char *file)
{
	static const char *const files[] = {
		[CONFIG_MAIN] = "main", [CONFIG_FILTER] = "filter", [CONFIG_JAIL] = "jail"
	};
	const char *section = "";
	const struct key *key;
	int n = 0;

	for (size_t i = 0; (key = schema_row(i)); i++) {
		if (strcmp(files[key->kind], file) != 0) {
			continue;
		}
		if (strcmp(section, key->section) != 0) {
			section = key->section;
			printf("## [");
			put(strcmp(section, "event") == 0 ? "event TYPE" : section);
			printf("]\n\n");
		}
		print_key(key);
		n++;
	}
	return n ? 0 : 1;
}

static void print_types(void)
{
	for (uint16_t type = 0; type < EVENT_KNOWN_TYPES; type++) {
		const struct event_kind *kind = event_kind(type);

		printf("*%s*", kind->name);
		if (type <= EVENT_SPF_FAILURE) {
			printf(" (VPOP3's number %u)", type);
		}
		printf("\n\t");
		put(kind->about);
		if (*kind->innocent) {
			printf("; often innocent: ");
			put(kind->innocent);
		}
		printf("\n\n");
	}
}

/* For completions: VERB, then its options, one verb a line; the options of all verbs under `*`. */
static void print_words(void)
{
	for (enum command c = 0; c <= COMMAND_COUNT; c++) {
		const struct command_option *option;

		printf("%s\t%s\t", c < COMMAND_COUNT ? command_info(c)->word : "*",
		       c < COMMAND_COUNT ? command_info(c)->help : "");
		for (size_t i = 0; (option = command_option(i)); i++) {
			if (option->command == c) {
				printf("--%s%s ", option->name, option->argument ? "=" : "");
			}
		}
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "verbs") == 0) {
		print_verbs();
	} else if (strcmp(what, "keys") == 0 && argc > 2) {
		return print_keys(argv[2]);
	} else if (strcmp(what, "types") == 0) {
		print_types();
	} else if (strcmp(what, "words") == 0) {
		print_words();
	} else {
		return 2;
	}
	return 0;
}
