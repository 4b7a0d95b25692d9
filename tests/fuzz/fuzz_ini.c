/* SPDX-License-Identifier: MIT */
/* Any file: lines come in order and are text, every value lies in the file, and what was
 * understood, written down plainly, is understood as the same. */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "config/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
	struct str file;
	struct buf plain;  /* the same as an INI file */
	struct buf listed; /* what came, without line numbers */
	unsigned line;
	bool nameless; /* a section without a name cannot be written down */
};

static bool is_inside(struct str part, struct str whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_text(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		assert((unsigned char)text.p[i] >= ' ' || text.p[i] == '\t');
	}
}

static void write_value(struct buf *out, const struct inifile_line *l)
{
	buf_add_str(out, l->quoted ? STR("\"") : STR_NONE);
	buf_add_str(out, l->value);
	buf_add_str(out, l->quoted ? STR("\"\n") : STR("\n"));
}

static bool take(void *arg, const struct inifile_line *l)
{
	struct reading *r = arg;

	assert(l->line > r->line);
	assert(is_inside(l->section, r->file) && is_inside(l->key, r->file));
	assert(is_inside(l->value, r->file));
	check_text(l->section);
	check_text(l->key);
	check_text(l->value);
	assert((l->kind == INIFILE_SECTION) == (l->key.n == 0));
	r->line = l->line;
	r->nameless = r->nameless || l->section.n == 0;
	buf_printf(&r->listed, "%d[%.*s]<%.*s>", (int)l->kind, STR_ARG(l->section),
		   STR_ARG(l->key));
	write_value(&r->listed, l);
	if (l->kind == INIFILE_SECTION) {
		buf_printf(&r->plain, "[%.*s]\n", STR_ARG(l->section));
	} else {
		buf_add_str(&r->plain, l->kind == INIFILE_KEY ? l->key : STR_NONE);
		buf_add_str(&r->plain, l->kind == INIFILE_KEY ? STR(" = ") : STR("\t"));
		write_value(&r->plain, l);
	}
	return true;
}

static void read_text(struct reading *r, struct str text, struct diag *diag)
{
	r->file = text;
	inifile_read(STR("f"), text, diag, take, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(diag_freep) struct diag *none = diag_new();
	struct reading once = { .line = 0 }, twice = { .line = 0 };

	read_text(&once, (struct str){ .p = (const char *)data, .n = size }, diag);
	if (!once.nameless) {
		read_text(&twice, buf_str(&once.plain), none);
		assert(diag_count(none, DIAG_ERROR) == 0);
		assert(str_eq(buf_str(&once.listed), buf_str(&twice.listed)));
	}
	buf_done(&once.plain);
	buf_done(&once.listed);
	buf_done(&twice.plain);
	buf_done(&twice.listed);
	return 0;
}
