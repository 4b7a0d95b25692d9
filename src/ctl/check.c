/* SPDX-License-Identifier: MIT */
/* The first line says what ipsd would do with these files; to know that, they are read a second
 * time as ipsd reads them, without samples. Good files are not talked about, only counted; what
 * each pattern and jail costs is told when it is asked for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/check_costs.h"
#include "ctl/check_postfix.h"
#include "ctl/config_open.h"
#include "ctl/terminal.h"

enum { NAMES_SHOWN = 5 };

struct findings {
	const struct ctl *ctl;
	const struct diag *diag;
	const struct config *config; /* as ipsd would have it; NULL */
	bool starts;
	size_t errors, warnings;
};

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

static void print_json(const struct findings *f)
{
	const struct diag_item *item;

	for (size_t i = 0; (item = diag_item(f->diag, i)); i++) {
		struct value *row = diag_value(item);

		terminal_json(row);
		value_free(row);
	}
}

/* ---- the verdict ---- */

static bool is_told_before(const struct diag *diag, size_t i)
{
	const struct diag_item *item, *this = diag_item(diag, i);

	for (size_t k = 0; k < i && (item = diag_item(diag, k)); k++) {
		if (item->level >= DIAG_WARNING && str_eq(item->place.file, this->place.file)) {
			return true;
		}
	}
	return false;
}

/* Files with errors or warnings. */
static size_t count_files(const struct diag *diag)
{
	const struct diag_item *item;
	size_t n = 0;

	for (size_t i = 0; (item = diag_item(diag, i)); i++) {
		n += item->level >= DIAG_WARNING && !is_told_before(diag, i);
	}
	return n;
}

static size_t count_parts(const struct config_part *parts, size_t n, enum part_state state)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		found += parts[i].state == state;
	}
	return found;
}

/* "jail a", "jails a, b and 3 more". */
static void print_failed(const char *what, const struct config_part *parts, size_t n, bool more)
{
	size_t failed = count_parts(parts, n, PART_FAILED), shown = 0;

	if (!failed) {
		return;
	}
	printf("%s %s%s", more ? " and" : "", what, failed > 1 ? "s" : "");
	for (size_t i = 0; i < n && shown < NAMES_SHOWN; i++) {
		if (parts[i].state == PART_FAILED) {
			printf("%s ", shown++ ? "," : "");
			terminal_text(parts[i].name, 0);
		}
	}
	if (failed > shown) {
		printf(" and %zu more", failed - shown);
	}
}

static void print_consequence(const struct findings *f)
{
	const struct config *c = f->config;
	size_t filters, jails;

	if (!f->starts || !c) {
		printf("; ipsd would not start");
		return;
	}
	filters = count_parts(c->filters, c->n_filters, PART_FAILED);
	jails = count_parts(c->jails, c->n_jails, PART_FAILED);
	printf("; ipsd would start%s", c->settings.never_block_broken ? ", but only observe" : "");
	if (filters + jails) {
		printf("%s without", c->settings.never_block_broken ? "," : "");
		print_failed("jail", c->jails, c->n_jails, false);
		print_failed("filter", c->filters, c->n_filters, jails > 0);
	}
}

static void print_good(const struct findings *f)
{
	const struct config *c = f->config;
	size_t disabled = count_parts(c->jails, c->n_jails, PART_DISABLED);
	size_t filters = count_parts(c->filters, c->n_filters, PART_OK);
	size_t jails = count_parts(c->jails, c->n_jails, PART_OK);

	terminal_tone(TONE_GOOD);
	printf("all is well in %s: %zu filter%s, %zu jail%s", f->ctl->config_dir, filters,
	       str_plural(filters), jails, str_plural(jails));
	if (disabled) {
		printf(", %zu disabled", disabled);
	}
}

static void print_verdict(const struct findings *f)
{
	size_t files = count_files(f->diag);

	if (!f->errors && !f->warnings && f->config) {
		print_good(f);
	} else {
		terminal_tone(f->errors ? TONE_BAD : TONE_WARN);
		if (f->errors) {
			printf("%zu %s%s", f->errors, f->errors == 1 ? "error" : "errors",
			       f->warnings ? ", " : "");
		}
		if (f->warnings) {
			printf("%zu %s", f->warnings, f->warnings == 1 ? "warning" : "warnings");
		}
		printf(" in %zu %s", files, files == 1 ? "file" : "files");
		print_consequence(f);
	}
	terminal_tone(TONE_PLAIN);
	printf("\n");
}

/* ---- the rest ---- */

/* A note is told about the admin's own files; about shipped ones when asked for. */
static bool is_own(const struct findings *f, const struct diag_item *item)
{
	return str_has_prefix(item->place.file, str_of(f->ctl->config_dir)) ||
	       !str_has_prefix(item->place.file, str_of(f->ctl->share_dir));
}

static void print_notes(const struct findings *f)
{
	const struct diag_item *item;

	for (size_t i = 0; (item = diag_item(f->diag, i)); i++) {
		CLEANUP(buf_done) struct buf line = { 0 };

		if (item->level == DIAG_NOTE && (is_own(f, item) || ctl_has(f->ctl, "verbose"))) {
			diag_format(item, &line);
			printf("note: %s\n", buf_text(&line));
		}
	}
}

static int answer(const struct findings *f)
{
	bool strict = ctl_has(f->ctl, "strict");
	int code = CTL_DONE;

	if (f->ctl->json) {
		print_json(f);
	} else {
		print_verdict(f);
		config_print_diag(f->diag, DIAG_WARNING, false);
		print_notes(f);
	}
	if (ctl_has(f->ctl, "verbose") && f->config && f->config->ruleset) {
		code = check_costs(f->config->ruleset, f->ctl->json);
	} else if (!f->ctl->json && terminal_is_out() && !f->errors) {
		printf("ipsctl check --verbose tells what each pattern and jail costs\n");
	}
	return code || f->errors || (f->warnings && strict) ? CTL_NO : CTL_DONE;
}

int ctl_check(const struct ctl *ctl)
{
	struct config_paths paths = { .dir = ctl->config_dir, .shared = ctl->share_dir };
	CLEANUP(diag_freep) struct diag *diag = diag_new(), *aside = diag_new();
	CLEANUP(config_freep) struct config *tested = NULL, *config = NULL;
	struct findings f = { .ctl = ctl, .diag = diag };
	int r;

	if (ctl->n_arguments) {
		return ctl_usage(ctl, "check takes no arguments; `ipsctl try %s` tries one filter",
				 ctl->arguments[0]);
	}
	if (!diag || !aside) {
		return CTL_NO;
	}
	r = config_load(&config_real_access, &paths, CONFIG_SAMPLES, diag, &tested);
	if (r >= 0 || r == -EINVAL) {
		r = config_load(&config_real_access, &paths, 0, aside, &config);
	}
	if (r < 0 && r != -EINVAL) {
		fprintf(stderr, "ipsctl check: %s: %s\n", ctl->config_dir, strerror(-r));
		return CTL_NO;
	}
	if (config) {
		check_postfix(config, diag);
	}
	f.config = config;
	f.starts = r >= 0;
	f.errors = diag_count(diag, DIAG_ERROR);
	f.warnings = diag_count(diag, DIAG_WARNING);
	return answer(&f);
}
