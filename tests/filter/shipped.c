/* SPDX-License-Identifier: MIT */
/* The shipped filters and jails with the shipped ipsd.conf: do they load without an error or a
 * warning, and does every sample do what it says?
 *
 * usage: shipped ROOT
 *
 * Prints TAP, a line for ipsd.conf and for each filter and jail. */
#include <errno.h>
#include <stdio.h>

#include "config/config.h"
#include "sys/files.h"

static bool is_about(const struct diag_item *item, struct str file)
{
	return item->level != DIAG_NOTE && str_eq(item->place.file, file);
}

static bool report(const struct diag *diag, struct str file, bool good, unsigned number)
{
	const struct diag_item *item;

	for (size_t i = 0; (item = diag_item(diag, i)); i++) {
		CLEANUP(buf_done) struct buf line = { 0 };

		if (is_about(item, file)) {
			diag_format(item, &line);
			printf("# %s\n", buf_text(&line));
			good = false;
		}
	}
	printf("%s %u - %.*s\n", good ? "ok" : "not ok", number, STR_ARG(file));
	return good;
}

static bool report_parts(const struct diag *diag, const struct config_part *parts, size_t n,
			 unsigned *number)
{
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		bool ok = parts[i].state != PART_FAILED && parts[i].about.n > 0;

		good = report(diag, parts[i].file, ok, ++*number) && good;
	}
	return good;
}

int main(int argc, char **argv)
{
	static const struct config_access access = { .read = files_read, .list = files_list };
	CLEANUP(buf_done) struct buf dist = { 0 };
	CLEANUP(buf_done) struct buf file = { 0 };
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(config_freep) struct config *c = NULL;
	struct config_paths paths = { .shared = argc == 2 ? argv[1] : "." };
	unsigned number = 1;
	bool good;

	buf_printf(&dist, "%s/dist", paths.shared);
	buf_printf(&file, "%s/ipsd.conf", buf_text(&dist));
	paths.dir = buf_text(&dist);
	if (config_load(&access, &paths, CONFIG_SAMPLES, diag, &c) == -ENOMEM || !c) {
		printf("Bail out! no memory\n");
		return 1;
	}
	printf("1..%zu\n", 1 + c->n_filters + c->n_jails);
	good = report(diag, buf_str(&file), c->ruleset && c->settings.observe, 1);
	good = report_parts(diag, c->filters, c->n_filters, &number) && good;
	good = report_parts(diag, c->jails, c->n_jails, &number) && good;
	return !good || c->n_filters == 0 || c->n_jails == 0;
}
