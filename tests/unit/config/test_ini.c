/* SPDX-License-Identifier: MIT */
#include "config/ini.h"

#include <string.h>

#include "unit/check.h"

/* What a file was read as: a line of text for each line, and how often something was wrong. */
struct reading {
	struct buf lines;
	struct diag *diag;
};

static bool note_line(void *arg, const struct inifile_line *l)
{
	static const char *const kinds[] = { "section", "key", "more" };
	struct reading *r = arg;

	buf_printf(&r->lines, "%u %s [%.*s] <%.*s> <%.*s>%s\n", l->line, kinds[l->kind],
		   STR_ARG(l->section), STR_ARG(l->key), STR_ARG(l->value), l->quoted ? " q" : "");
	return true;
}

static struct reading read_text(struct str text)
{
	struct reading r = { .diag = diag_new() };

	inifile_read(STR("f"), text, r.diag, note_line, &r);
	return r;
}

static void forget(struct reading *r)
{
	buf_done(&r->lines);
	diag_free(r->diag);
}

static void expect(struct str text, const char *lines, const char *problem)
{
	struct reading r = read_text(text);
	CLEANUP(buf_done) struct buf said = { 0 };

	for (size_t i = 0; diag_item(r.diag, i); i++) {
		diag_format(diag_item(r.diag, i), &said);
		buf_add_char(&said, '\n');
	}
	assert_string_equal(buf_text(&r.lines), lines);
	if (!problem) {
		assert_string_equal(buf_text(&said), "");
	} else if (!strstr(buf_text(&said), problem)) {
		assert_string_equal(buf_text(&said), problem);
	}
	forget(&r);
}

static void reads_sections_keys_and_lists(void **state)
{
	(void)state;
	expect(STR("[a]\nk = v\n\tw\n  x\n\n; c\n # c\n y\nl=\n[b]\n"),
	       "1 section [a] <> <>\n2 key [a] <k> <v>\n3 more [a] <k> <w>\n4 more [a] <k> <x>\n"
	       "8 more [a] <k> <y>\n9 key [a] <l> <>\n10 section [b] <> <>\n",
	       NULL);
}

static void keeps_what_inih_would_cut(void **state)
{
	char text[4096] = "[s]\nk = ";
	size_t start = strlen(text);

	(void)state;
	memset(text + start, 'x', 1000);
	memcpy(text + start + 1000, "=;\\[]", 5);
	expect((struct str){ text, start }, "1 section [s] <> <>\n2 key [s] <k> <>\n", NULL);
	for (size_t n = 1; n <= 1005; n += 67) {
		struct reading r = read_text((struct str){ text, start + n });

		assert_int_equal(r.lines.n, strlen("1 section [s] <> <>\n2 key [s] <k> <>\n") + n);
		assert_int_equal(diag_total(r.diag), 0);
		forget(&r);
	}
	expect(STR("[a name that is far longer than the fifty bytes that fit elsewhere]\nkey: = x\n"),
	       "1 section [a name that is far longer than the fifty bytes that fit elsewhere] <> <>\n"
	       "2 key [a name that is far longer than the fifty bytes that fit elsewhere] <key:> "
	       "<x>\n",
	       NULL);
	expect(STR("[s]\nk = a=b = c\n d = e\n"),
	       "1 section [s] <> <>\n2 key [s] <k> <a=b = c>\n3 more [s] <k> <d = e>\n", NULL);
}

static void quotes_keep_blanks_and_go(void **state)
{
	(void)state;
	expect(STR("[s]\na = \"  x \"\nb = \"\"\nc = \"x\" y\"\n \"; z\"\nd = \"\"x\"\"\n"),
	       "1 section [s] <> <>\n2 key [s] <a> <  x > q\n3 key [s] <b> <> q\n"
	       "4 key [s] <c> <x\" y> q\n5 more [s] <c> <; z> q\n6 key [s] <d> <\"x\"> q\n",
	       NULL);
	expect(STR("[s]\na = \"\n"), "1 section [s] <> <>\n2 key [s] <a> <\">\n",
	       "f:2: [s] a: the quote");
	expect(STR("[s]\na = x\"\n"), "1 section [s] <> <>\n2 key [s] <a> <x\">\n", NULL);
}

static void warns_of_what_looks_like_a_comment(void **state)
{
	static const char *const like[] = { "x ; y", "x ;y", "x\t; y", "x # y", "x #", "x ;" };
	static const char *const unlike[] = {
		"x;y", "x #y", "x# y", ";", "#", "\"x ; y\"", "x; y"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(like) + ARRAY_SIZE(unlike); i++) {
		bool warned = i < ARRAY_SIZE(like);
		const char *value = warned ? like[i] : unlike[i - ARRAY_SIZE(like)];
		CLEANUP(buf_done) struct buf text = { 0 };
		struct reading r;

		buf_printf(&text, "[s]\nk = %s\n", value);
		r = read_text(buf_str(&text));
		assert_int_equal(diag_count(r.diag, DIAG_WARNING), warned);
		assert_int_equal(diag_count(r.diag, DIAG_ERROR), 0);
		forget(&r);
	}
}

static void reads_files_of_windows(void **state)
{
	(void)state;
	expect(STR("\xef\xbb\xbf[s]\r\nk = v\r\n w\r\n"),
	       "1 section [s] <> <>\n2 key [s] <k> <v>\n3 more [s] <k> <w>\n", NULL);
	expect(STR("\xff\xfe[\0s\0]\0"), "", "f:1: the file is UTF-16");
	expect(STR("\xfe\xff"), "", "f:1: the file is UTF-16");
	expect(STR("[s]\nk = a\rb\n"), "1 section [s] <> <>\n",
	       "f:2: [s]: byte 6 of the line is a control");
}

static void refuses_what_is_no_text(void **state)
{
	static const char *const bad[] = { "\xff",
					   "\xc3",
					   "\xc0\xaf",
					   "\xe0\x9f\xbf",
					   "\xed\xa0\x80",
					   "\xf0\x8f\xbf\xbf",
					   "\xf4\x90\x80\x80",
					   "\xf5\x80\x80\x80",
					   "\x80",
					   "\xe2\x82",
					   "\x01",
					   "\x7f" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(buf_done) struct buf text = { 0 };
		struct reading r;

		buf_printf(&text, "[s]\nk = a%s\n lost\nl = \xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x98\n",
			   bad[i]);
		r = read_text(buf_str(&text));
		assert_string_equal(buf_text(&r.lines),
				    "1 section [s] <> <>\n"
				    "4 key [s] <l> <\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x98>\n");
		assert_int_equal(diag_count(r.diag, DIAG_ERROR), 1);
		forget(&r);
	}
	expect(STR("[s]\nk = a\0b\n"), "1 section [s] <> <>\n",
	       "f:2: [s]: byte 6 of the line is NUL");
	expect(STR("[s]\n; \0\xff\x01\nk = v\n"), "1 section [s] <> <>\n3 key [s] <k> <v>\n", NULL);
}

static void refuses_lines_that_are_too_long(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct reading r;

	(void)state;
	buf_add_str(&text, STR("[s]\nk = "));
	for (size_t i = 0; i < INIFILE_LINE_MAX - 4; i++) {
		buf_add_char(&text, 'x');
	}
	r = read_text(buf_str(&text));
	assert_int_equal(diag_total(r.diag), 0);
	assert_true(r.lines.n > INIFILE_LINE_MAX);
	forget(&r);
	buf_add_char(&text, 'x');
	expect(buf_str(&text), "1 section [s] <> <>\n",
	       "f:2: [s]: the line is longer than 65536 bytes");
}

static void a_broken_key_takes_its_list_along(void **state)
{
	(void)state;
	expect(STR("[s]\nno key\n a\n b\nk = v\n c\n"),
	       "1 section [s] <> <>\n5 key [s] <k> <v>\n6 more [s] <k> <c>\n",
	       "f:2: [s]: this is no");
	expect(STR("[s]\na = v\n= x\n b\n"), "1 section [s] <> <>\n2 key [s] <a> <v>\n",
	       "f:3: [s]: this is no");
	expect(STR("k = v\n w\n[s]\n"), "3 section [s] <> <>\n", "f:1: the key stands before");
	expect(STR(" x\n"), "",
	       "f:1: an indented line continues the list above it, but there is none");
	expect(STR("[s]\nk = v\n[t]\n x\n"),
	       "1 section [s] <> <>\n2 key [s] <k> <v>\n3 section [t] <> <>\n",
	       "f:4: [t]: an indented line continues");
}

static void a_broken_header_still_begins_a_section(void **state)
{
	(void)state;
	expect(STR("[s] ; x\nk = v\n"), "1 section [s] <> <>\n2 key [s] <k> <v>\n", "text behind");
	expect(STR("[s\nk = v\n"), "1 section [s] <> <>\n2 key [s] <k> <v>\n", "no ] behind it");
	expect(STR("[ s ]\nk = v\n"), "1 section [s] <> <>\n2 key [s] <k> <v>\n", NULL);
	expect(STR("[]\n"), "1 section [] <> <>\n", "has no name");
}

static void stops_when_nothing_makes_sense(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct reading r;

	(void)state;
	buf_add_str(&text, STR("[s]\n"));
	for (int i = 0; i < 10000; i++) {
		buf_add_str(&text, i % 2 ? STR("what\n") : STR("\xff\n"));
	}
	buf_add_str(&text, STR("k = v\n"));
	r = read_text(buf_str(&text));
	assert_int_equal(diag_count(r.diag, DIAG_ERROR), INIFILE_PROBLEMS_MAX + 1);
	assert_string_equal(buf_text(&r.lines), "1 section [s] <> <>\n");
	forget(&r);
}

static bool stop_at_once(void *arg, const struct inifile_line *line)
{
	(void)line;
	++*(int *)arg;
	return false;
}

static void stops_when_the_sink_says_so(void **state)
{
	struct diag *diag = diag_new();
	int calls = 0;

	(void)state;
	inifile_read(STR("f"), STR("[a]\n[b]\nk = v\nwhat\n"), diag, stop_at_once, &calls);
	assert_int_equal(calls, 1);
	assert_int_equal(diag_total(diag), 0);
	diag_free(diag);
}

/* ---- the same by a reader that knows nothing of inih ---- */

struct model {
	struct buf lines;
	size_t problems;
	struct str section, key;
	bool has_key, orphaned;
};

static void model_value(struct model *m, unsigned n, const char *kind, struct str v)
{
	bool quoted;

	v = str_trim(v);
	quoted = v.n > 1 && v.p[0] == '"' && v.p[v.n - 1] == '"';
	if (quoted) {
		v = str_slice(v, 1, v.n - 2);
	}
	buf_printf(&m->lines, "%u %s [%.*s] <%.*s> <%.*s>%s\n", n, kind, STR_ARG(m->section),
		   STR_ARG(m->key), STR_ARG(v), quoted ? " q" : "");
}

static void model_key(struct model *m, unsigned n, struct str line)
{
	size_t equals = str_find_char(line, '=');
	struct str key = str_trim(str_slice(line, 0, equals));

	m->has_key = equals != STR_NOT_FOUND && key.n > 0;
	m->orphaned = !m->has_key || m->section.n == 0;
	m->problems += m->orphaned;
	m->key = key;
	if (!m->orphaned) {
		model_value(m, n, "key", str_slice(line, equals + 1, SIZE_MAX));
	}
}

static void model_line(struct model *m, unsigned n, struct str line)
{
	struct str text = str_trim(line);
	size_t end = str_find_char(text, ']');

	if (text.n == 0 || text.p[0] == ';' || text.p[0] == '#') {
		return;
	}
	if (line.p[0] == ' ' || line.p[0] == '\t') {
		m->problems += !m->has_key && !m->orphaned;
		m->orphaned = m->orphaned || !m->has_key;
		if (!m->orphaned) {
			model_value(m, n, "more", line);
		}
	} else if (line.p[0] == '[') {
		m->section = str_trim(str_slice(text, 1, end == STR_NOT_FOUND ? end : end - 1));
		m->problems += end == STR_NOT_FOUND || end + 1 < text.n || m->section.n == 0;
		m->has_key = m->orphaned = false;
		buf_printf(&m->lines, "%u section [%.*s] <> <>\n", n, STR_ARG(m->section));
	} else {
		model_key(m, n, text);
	}
}

static void agrees_with_a_reader_without_inih(void **state)
{
	static const char alphabet[] = "aab  \t\n\n\n=;#\"[]\r:k";
	uint64_t dice = 88172645463325252u;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[120];
		struct str rest = { text, 0 }, line;
		struct model m = { .problems = 0 };
		struct reading r;

		for (rest.n = 0; rest.n < sizeof(text) && (dice % 97 != 0 || rest.n == 0);) {
			dice ^= dice << 13;
			dice ^= dice >> 7;
			dice ^= dice << 17;
			text[rest.n++] = alphabet[dice % (sizeof(alphabet) - 1)];
		}
		for (size_t i = 0; i < rest.n; i++) {
			/* A CR stands only where a line ends. */
			if (text[i] == '\r' && (i + 1 == rest.n || text[i + 1] != '\n')) {
				text[i] = 'r';
			}
		}
		r = read_text(rest);
		for (unsigned n = 1; str_split(&rest, '\n', &line); n++) {
			model_line(&m, n, line);
		}
		if (diag_count(r.diag, DIAG_ERROR) <= INIFILE_PROBLEMS_MAX) {
			assert_string_equal(buf_text(&r.lines), buf_text(&m.lines));
		}
		/* Keys before the first section are told once, a header's two faults as two. */
		assert_int_equal(diag_count(r.diag, DIAG_ERROR) > 0, m.problems > 0);
		forget(&r);
		buf_done(&m.lines);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sections_keys_and_lists),
		cmocka_unit_test(keeps_what_inih_would_cut),
		cmocka_unit_test(quotes_keep_blanks_and_go),
		cmocka_unit_test(warns_of_what_looks_like_a_comment),
		cmocka_unit_test(reads_files_of_windows),
		cmocka_unit_test(refuses_what_is_no_text),
		cmocka_unit_test(refuses_lines_that_are_too_long),
		cmocka_unit_test(a_broken_key_takes_its_list_along),
		cmocka_unit_test(a_broken_header_still_begins_a_section),
		cmocka_unit_test(stops_when_nothing_makes_sense),
		cmocka_unit_test(stops_when_the_sink_says_so),
		cmocka_unit_test(agrees_with_a_reader_without_inih),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
