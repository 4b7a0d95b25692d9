/* SPDX-License-Identifier: MIT */
/* Options may stand before or behind the verb and between its arguments; what they mean depends on
 * the verb, so the verb is looked for first: it is the first word that is neither an option nor the
 * argument of one that every verb takes. */
#include "ctl/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/escape.h"

static const struct command_option *find_option(enum command command, struct str name, char letter)
{
	const struct command_option *option;

	for (size_t i = 0; (option = command_option(i)); i++) {
		if (command_takes(command, option) &&
		    (letter ? option->letter == letter : str_eq(name, str_of(option->name)))) {
			return option;
		}
	}
	return NULL;
}

static void print_options(enum command command, bool shared)
{
	const struct command_option *option;

	for (size_t i = 0; (option = command_option(i)); i++) {
		char left[64], letter[5] = "    ";

		if ((option->command == COMMAND_COUNT) != shared ||
		    !command_takes(command, option)) {
			continue;
		}
		if (option->letter) {
			snprintf(letter, sizeof(letter), "-%c, ", option->letter);
		}
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name,
			 option->argument ? "=" : "", option->argument ? option->argument : "");
		printf("  %-27s %s\n", left, option->help);
	}
}

static void print_help(enum command command)
{
	if (command < COMMAND_COUNT) {
		const struct command_info *info = command_info(command);

		printf("Usage: ipsctl %s [OPTION]... %s\n%s.\n\n", info->word, info->arguments,
		       info->help);
		print_options(command, false);
		print_options(command, true);
		printf("\nExit: %s, 2 wrong usage or input%s.\nDetails: ipsctl(1).\n",
		       command_exits(command),
		       info->needs == NEEDS_DAEMON ? ", 3 ipsd cannot be reached" : "");
		return;
	}
	printf("Usage: ipsctl [OPTION]... [VERB] ...\nShow and steer ipsd. Without a verb: status; an address alone: show.\n\n");
	for (enum command c = 0; c < COMMAND_COUNT; c++) {
		const struct command_info *info = command_info(c);
		char left[64];

		snprintf(left, sizeof(left), "%s %s", info->word, info->arguments);
		printf("  %-27s %s\n", left, info->help);
	}
	printf("\n");
	print_options(command, true);
	printf("      --version               say which version this is\n\n`ipsctl VERB --help` tells a verb's options. Details: ipsctl(1).\n");
}

/* What was typed may come from a log, by way of a script. */
static void say(struct str text)
{
	CLEANUP(buf_done) struct buf clean = { 0 };

	escape_utf8(&clean, text);
	fputs(buf_text(&clean), stderr);
}

int ctl_usage(const struct ctl *ctl, const char *fmt, ...)
{
	const struct command_info *info = command_info(ctl->command);
	CLEANUP(buf_done) struct buf text = { 0 };
	va_list args;

	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	fprintf(stderr, "ipsctl%s%s: ", info ? " " : "", info ? info->word : "");
	say(buf_str(&text));
	fprintf(stderr, "\nTry 'ipsctl %s%s--help'.\n", info ? info->word : "", info ? " " : "");
	return CTL_USAGE;
}

const char *ctl_option(const struct ctl *ctl, const char *name)
{
	for (size_t i = ctl->n_options; i-- > 0;) {
		if (strcmp(ctl->options[i].name, name) == 0) {
			return ctl->options[i].value ? ctl->options[i].value : "";
		}
	}
	return NULL;
}

static bool is_address(const char *word)
{
	struct prefix prefix;

	return prefix_parse(str_of(word), &prefix) != -EINVAL;
}

/* The verb that looks most like the word, or NULL. */
static const char *similar_verb(const char *word)
{
	unsigned best = 3;
	const char *found = NULL;

	for (enum command c = 0; c < COMMAND_COUNT; c++) {
		unsigned d = str_distance(str_of(command_info(c)->word), str_of(word), best);

		if (d < best) {
			best = d;
			found = command_info(c)->word;
		}
	}
	return found;
}

/* Finds the verb and takes it out of argv. 0, or -EINVAL with words. */
static int take_verb(int *argc, char **argv, struct ctl *ctl)
{
	for (int i = 1; i < *argc; i++) {
		const struct command_option *option;

		if (argv[i][0] == '-' && argv[i][1]) {
			option = strncmp(argv[i], "--", 2) == 0
					 ? find_option(COMMAND_COUNT, str_of(argv[i] + 2), 0)
					 : NULL;
			i += option && option->argument;
			continue;
		}
		ctl->command = command_find(str_of(argv[i]));
		if (ctl->command < COMMAND_COUNT) {
			memmove(argv + i, argv + i + 1, (size_t)(*argc - i) * sizeof(*argv));
			(*argc)--;
			return 0;
		}
		if (is_address(argv[i])) {
			ctl->command = COMMAND_SHOW;
			return 0;
		}
		const char *similar = similar_verb(argv[i]);

		(void)ctl_usage(ctl, "there is no verb \"%s\"%s%s%s", argv[i],
				similar ? "; did you mean \"" : "", similar ? similar : "",
				similar ? "\"?" : "");
		return -EINVAL;
	}
	ctl->command = COMMAND_STATUS;
	return 0;
}

static int keep_option(struct ctl *ctl, const struct command_option *option, const char *value)
{
	if (ctl->n_options == CTL_OPTIONS_MAX) {
		(void)ctl_usage(ctl, "too many options");
		return -EINVAL;
	}
	ctl->options[ctl->n_options++] =
		(struct ctl_option){ .name = option->name, .value = value };
	return 0;
}

/* The option of this verb whose name looks most like the word, or NULL. */
static const char *similar_option(enum command command, struct str name)
{
	unsigned best = 3;
	const char *found = NULL;
	const struct command_option *option;

	for (size_t i = 0; (option = command_option(i)); i++) {
		unsigned d = str_distance(str_of(option->name), name, best);

		if (command_takes(command, option) && d < best) {
			best = d;
			found = option->name;
		}
	}
	return found;
}

static int no_option(const struct ctl *ctl, const char *word, struct str name)
{
	const char *similar = name.n > 1 ? similar_option(ctl->command, name) : NULL;

	(void)ctl_usage(ctl, "there is no option %s here%s%s%s", word,
			similar ? "; did you mean --" : "", similar ? similar : "",
			similar ? "?" : "");
	return -EINVAL;
}

/* A word that begins with a dash, taken apart: `--name`, `--name=value`, `-n`, `-nvalue`. */
static void split_option(const char *word, struct str *ret_name, const char **ret_value)
{
	const char *equals = strchr(word, '=');

	*ret_value = NULL;
	if (word[1] != '-') {
		*ret_name = (struct str){ .p = word + 1, .n = 1 };
		*ret_value = word[2] ? word + 2 : NULL;
	} else if (equals) {
		*ret_name = (struct str){ .p = word + 2, .n = (size_t)(equals - word) - 2 };
		*ret_value = equals + 1;
	} else {
		*ret_name = str_of(word + 2);
	}
}

/* Takes one option. *i moves on when its argument is the next word. */
static int take_option(struct ctl *ctl, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *value;
	const struct command_option *option;
	struct str name;

	split_option(word, &name, &value);
	option = find_option(ctl->command, name, word[1] == '-' ? 0 : word[1]);
	if (!option) {
		return no_option(ctl, word, name);
	}
	if (!option->argument && value) {
		(void)ctl_usage(ctl, "--%s takes no value", option->name);
		return -EINVAL;
	}
	if (option->argument && !value) {
		if (*i + 1 >= argc) {
			(void)ctl_usage(ctl, "--%s needs a value: --%s=%s", option->name,
					option->name, option->argument);
			return -EINVAL;
		}
		value = argv[++*i];
	}
	return keep_option(ctl, option, value);
}

static void take_shared(struct ctl *ctl)
{
	const char *share = getenv("IPSD_SHARE_DIR");
	const char *config = ctl_option(ctl, "config-dir"), *state = ctl_option(ctl, "state-dir");
	const char *runtime = ctl_option(ctl, "runtime-dir");

	ctl->config_dir = config ? config : "/etc/ipsd";
	ctl->share_dir = share && *share ? share : IPSD_SHARE_DIR;
	ctl->state_dir = state ? state : "/var/lib/ipsd";
	ctl->runtime_dir = runtime ? runtime : "/run/ipsd";
	ctl->json = ctl_has(ctl, "json");
}

int options_parse(int argc, char **argv, struct ctl *ret)
{
	bool only_words = false, verb_given;
	int before = argc, r;

	*ret = (struct ctl){ .command = COMMAND_COUNT };
	r = take_verb(&argc, argv, ret);
	if (r < 0) {
		return r;
	}
	verb_given = argc < before;
	ret->arguments = argv;
	for (int i = 1; i < argc; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else if (!only_words && strcmp(argv[i], "--version") == 0) {
			puts("ipsctl " IPSD_VERSION);
			return 1;
		} else if (!only_words && argv[i][0] == '-' && argv[i][1]) {
			r = take_option(ret, argc, argv, &i);
			if (r < 0) {
				return r;
			}
		} else {
			ret->arguments[ret->n_arguments++] = argv[i];
		}
	}
	if (ctl_has(ret, "help")) {
		print_help(verb_given ? ret->command : COMMAND_COUNT);
		return 1;
	}
	take_shared(ret);
	return 0;
}
