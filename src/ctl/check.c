/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/config_open.h"
#include "ctl/terminal.h"

static void print_parts(const char *what, const struct config_part *parts, size_t n)
{
	static const char *const words[] = {
		[PART_OK] = "ok", [PART_FAILED] = "FAILED", [PART_DISABLED] = "disabled"
	};

	for (size_t i = 0; i < n; i++) {
		printf("%s %.*s: %s\n", what, STR_ARG(parts[i].name), words[parts[i].state]);
	}
}

static struct value *diag_value(const struct diag_item *item)
{
	static const char *const words[] = {
		[DIAG_NOTE] = "note", [DIAG_WARNING] = "warning", [DIAG_ERROR] = "error"
	};
	struct value *row = value_object();

	value_set_word(row, "level", words[item->level]);
	value_set_text(row, "file", item->place.file);
	value_set_int(row, "line", item->place.line);
	value_set_text(row, "section", item->place.section);
	value_set_text(row, "key", item->place.key);
	value_set_word(row, "text", item->text);
	return row;
}

static void print_json(const struct diag *diag)
{
	const struct diag_item *item;

	for (size_t i = 0; (item = diag_item(diag, i)); i++) {
		struct value *row = diag_value(item);

		terminal_json(row);
		value_free(row);
	}
}

static void print_total(const struct ctl *ctl, size_t errors, size_t warnings)
{
	if (!errors && !warnings) {
		terminal_tone(TONE_GOOD);
		printf("all is well in %s", ctl->config_dir);
	} else {
		terminal_tone(errors ? TONE_BAD : TONE_WARN);
		printf("%zu %s, %zu %s in %s", errors, errors == 1 ? "error" : "errors", warnings,
		       warnings == 1 ? "warning" : "warnings", ctl->config_dir);
	}
	terminal_tone(TONE_PLAIN);
	printf("\n");
}

int ctl_check(const struct ctl *ctl)
{
	struct config_paths paths = { .dir = ctl->config_dir, .shared = ctl->share_dir };
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(config_freep) struct config *config = NULL;
	size_t errors, warnings;
	int r;

	if (ctl->n_arguments) {
		return ctl_usage(ctl, "check takes no arguments; `ipsctl try %s` tries one filter",
				 ctl->arguments[0]);
	}
	if (!diag) {
		return CTL_NO;
	}
	r = config_load(&config_real_access, &paths, CONFIG_SAMPLES, diag, &config);
	if (r < 0 && r != -EINVAL) {
		fprintf(stderr, "ipsctl check: %s: %s\n", ctl->config_dir, strerror(-r));
		return CTL_NO;
	}
	errors = diag_count(diag, DIAG_ERROR);
	warnings = diag_count(diag, DIAG_WARNING);
	if (ctl->json) {
		print_json(diag);
	} else {
		config_print_diag(diag, DIAG_NOTE, false);
		if (config) {
			print_parts("filter", config->filters, config->n_filters);
			print_parts("jail", config->jails, config->n_jails);
		}
		print_total(ctl, errors, warnings);
	}
	return errors || (warnings && ctl_has(ctl, "strict")) ? CTL_NO : CTL_DONE;
}
