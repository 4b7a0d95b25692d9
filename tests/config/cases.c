/* SPDX-License-Identifier: MIT */
/* Golden tests of the config: one file a case, a bundle of config files and what must come of it.
 *
 * usage: cases [--update] good|bad FILE...
 *
 * bad: the expected text is what is wrong, line by line, then what became of the parts.
 * good: it is what config_cat() prints of every part; that must also be read again as the same, and
 * there must be no error. --update writes the expected texts anew. Prints TAP. */
#include <stdio.h>

#include "config/bundle.h"

struct result {
	struct buf text;
	size_t errors;
};

static const char *const LEVELS[] = {
	[DIAG_NOTE] = "note",
	[DIAG_WARNING] = "warning",
	[DIAG_ERROR] = "error",
};

static const char *const STATES[] = {
	[PART_OK] = "ok",
	[PART_FAILED] = "failed",
	[PART_DISABLED] = "disabled",
};

static void put_diag(const struct diag *diag, bool notes, struct buf *out)
{
	const struct diag_item *item;

	for (size_t i = 0; (item = diag_item(diag, i)); i++) {
		if (notes || item->level != DIAG_NOTE) {
			buf_printf(out, "%s: ", LEVELS[item->level]);
			diag_format(item, out);
			buf_add_char(out, '\n');
		}
	}
}

static void put_parts(const char *kind, const struct config_part *parts, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s %.*s: %s\n", kind, STR_ARG(parts[i].name),
			   STATES[parts[i].state]);
	}
}

static int load(const struct bundle *b, struct diag *diag, struct config **ret)
{
	bundle_open = b;
	return config_load(&BUNDLE_ACCESS, &BUNDLE_PATHS, CONFIG_SAMPLES, diag, ret);
}

static void run_bad(const struct bundle *b, struct result *ret)
{
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(config_freep) struct config *c = NULL;
	int r = load(b, diag, &c);

	put_diag(diag, true, &ret->text);
	ret->errors = diag_count(diag, DIAG_ERROR) + diag_count(diag, DIAG_WARNING);
	if (c) {
		put_parts("filter", c->filters, c->n_filters, &ret->text);
		put_parts("jail", c->jails, c->n_jails, &ret->text);
	}
	if (c && c->settings.never_block_broken) {
		buf_add_str(&ret->text, STR("never-block is broken\n"));
	}
	if (r < 0) {
		buf_printf(&ret->text, "refused: %s\n", strerrordesc_np(-r));
	}
}

static void cat(const struct config *c, enum config_kind kind, struct str name, const char *path,
		bool where, struct buf *out)
{
	buf_printf(out, "--- %s%.*s%s\n", path, STR_ARG(name), kind == CONFIG_MAIN ? "" : ".conf");
	if (config_cat(c, kind, name, where, out) < 0) {
		buf_add_str(out, STR("(nothing)\n"));
	}
}

static void cat_all(const struct config *c, bool where, struct buf *out)
{
	cat(c, CONFIG_MAIN, STR("ipsd.conf"), "etc/", where, out);
	for (size_t i = 0; i < c->n_filters; i++) {
		cat(c, CONFIG_FILTER, c->filters[i].name, "etc/filters/", where, out);
	}
	for (size_t i = 0; i < c->n_jails; i++) {
		cat(c, CONFIG_JAIL, c->jails[i].name, "etc/jails/", where, out);
	}
}

/* What is printed must be read again, and then be printed as the same. */
static void read_again(const struct config *first, struct result *ret)
{
	CLEANUP(buf_done) struct buf once = { 0 };
	CLEANUP(buf_done) struct buf twice = { 0 };
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(config_freep) struct config *c = NULL;
	static struct bundle again;
	int r;

	cat_all(first, false, &once);
	bundle_parse(buf_str(&once), &again);
	r = load(&again, diag, &c);
	if (r == 0) {
		cat_all(c, false, &twice);
	}
	if (r < 0 || diag_count(diag, DIAG_ERROR) > 0 || !str_eq(buf_str(&once), buf_str(&twice))) {
		buf_add_str(&ret->text, STR("NOT THE SAME WHEN READ AGAIN:\n"));
		put_diag(diag, false, &ret->text);
		buf_add_str(&ret->text, buf_str(&twice));
		ret->errors++;
	}
}

static void run_good(const struct bundle *b, struct result *ret)
{
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(config_freep) struct config *c = NULL;
	int r = load(b, diag, &c);

	put_diag(diag, false, &ret->text);
	ret->errors = diag_count(diag, DIAG_ERROR);
	if (r == 0) {
		cat_all(c, true, &ret->text);
		read_again(c, ret);
	}
}

static bool read_file(const char *path, struct buf *ret)
{
	FILE *f = fopen(path, "rbe");
	char part[4096];
	size_t n;

	if (!f) {
		return false;
	}
	while ((n = fread(part, 1, sizeof(part), f)) > 0) {
		buf_add(ret, part, n);
	}
	return fclose(f) == 0;
}

static bool write_file(const char *path, struct str head, struct str tail)
{
	FILE *f = fopen(path, "wbe");

	if (!f) {
		return false;
	}
	(void)fwrite(head.p, 1, head.n, f);
	(void)fwrite("===\n", 1, 4, f);
	(void)fwrite(tail.p, 1, tail.n, f);
	return fclose(f) == 0;
}

static void show(const char *title, struct str text)
{
	struct str line;

	printf("# %s\n", title);
	while (str_split(&text, '\n', &line)) {
		printf("#   %.*s\n", STR_ARG(line));
	}
}

static bool run_case(const char *path, bool good, bool update)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct result result = { .errors = 0 };
	static struct bundle bundle;
	bool ok;

	if (!read_file(path, &text)) {
		return false;
	}
	bundle_parse(buf_str(&text), &bundle);
	(good ? run_good : run_bad)(&bundle, &result);
	ok = good == (result.errors == 0);
	if (update) {
		ok = write_file(path, bundle.head, buf_str(&result.text)) && ok;
	} else if (!str_eq(buf_str(&result.text), bundle.rest)) {
		show("expected", bundle.rest);
		show("got", buf_str(&result.text));
		ok = false;
	}
	buf_done(&result.text);
	return ok;
}

int main(int argc, char **argv)
{
	bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
	int first = update ? 2 : 1, failed = 0;
	bool good = argc > first && strcmp(argv[first], "good") == 0;

	printf("1..%d\n", argc - first - 1);
	for (int i = first + 1; i < argc; i++) {
		bool ok = run_case(argv[i], good, update);

		printf("%s %d - %s\n", ok ? "ok" : "not ok", i - first, argv[i]);
		failed += !ok;
	}
	return failed > 0 || argc <= first + 1;
}
