/* SPDX-License-Identifier: MIT */
/* ini.c - what does each line of this INI file say? The door to inih.
 *
 * inih decides what is a section, a key, a continuation and what is none of them; but as it is
 * packaged it cuts lines at 200 bytes and section names at 49, takes ` ;` for a comment and has no
 * line numbers. So it gets to see a skeleton only: for each line of the file one that is a few
 * bytes long and has the same shape (`[s]`, `k=x`, ` x`), while the line itself waits in the scan.
 * The handler runs inside of inih's call between two lines, so what waits is what the callback is
 * about. A line handed over that brings no callback is one that inih refused.
 *
 * Once a line that looks like a key is broken, the indented lines below it belong to nothing; they
 * are skipped without a complaint of their own. */
#include "config/ini.h"

#include <string.h>

#include <ini.h>

/* What a line looks like, before inih has its say. */
enum shape { SHAPE_SECTION, SHAPE_KEY, SHAPE_MORE, SHAPE_ODD };

static const char *const SKELETONS[] = {
	[SHAPE_SECTION] = "[s]\n",
	[SHAPE_KEY] = "k=x\n",
	[SHAPE_MORE] = " x\n",
	[SHAPE_ODD] = "x\n",
};

struct scan {
	struct str file, rest;
	struct diag *diag;
	inifile_sink sink;
	void *arg;
	struct inifile_line now; /* the line that inih was given a skeleton of */
	enum shape shape;
	bool waiting;  /* it has brought no callback yet */
	bool orphaned; /* the key above is broken */
	bool homeless; /* keys before the first section were complained about */
	bool stopped;
	unsigned problems;
};

static struct diag_place place(const struct scan *s)
{
	return (struct diag_place){
		.file = s->file,
		.line = s->now.line,
		.section = s->now.section,
	};
}

/* One more broken line. */
static void count_problem(struct scan *s)
{
	struct diag_place at = place(s);

	if (++s->problems == INIFILE_PROBLEMS_MAX) {
		diag_add(s->diag, DIAG_ERROR, &at, "too many broken lines; the rest is not read");
		s->stopped = true;
	}
}

static void complain(struct scan *s, const char *what)
{
	struct diag_place at = place(s);

	diag_add(s->diag, DIAG_ERROR, &at, "%s", what);
	count_problem(s);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* How many bytes the UTF-8 character at the start has; 0 when there is none. Overlong forms,
 * surrogates and what lies above U+10FFFF are none. */
static size_t utf8_length(struct str s)
{
	unsigned char first = (unsigned char)s.p[0];
	unsigned char second = s.n > 1 ? (unsigned char)s.p[1] : 0;
	size_t n = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (n == 0 || n > s.n || first > 0xf4) {
		return 0;
	}
	if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	    (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) {
		return 0;
	}
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s.p[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	return n;
}

/* Whether the line holds text only; what is no text is complained about, once. */
static bool is_text(struct scan *s, struct str line)
{
	struct diag_place at = place(s);

	for (size_t i = 0, n; i < line.n; i += n) {
		unsigned char c = (unsigned char)line.p[i];

		n = utf8_length(str_slice(line, i, SIZE_MAX));
		if (n == 0) {
			diag_add(s->diag, DIAG_ERROR, &at,
				 "byte %zu of the line (0x%02x) is not UTF-8; in a pattern write "
				 "\\x%02x",
				 i + 1, c, c);
		} else if (c == 0) {
			diag_add(s->diag, DIAG_ERROR, &at, "byte %zu of the line is NUL", i + 1);
		} else if ((c < ' ' && c != '\t') || c == 0x7f) {
			diag_add(s->diag, DIAG_ERROR, &at,
				 "byte %zu of the line is a control character; in a pattern write "
				 "\\x%02x",
				 i + 1, c);
		} else {
			continue;
		}
		count_problem(s);
		return false;
	}
	return true;
}

/* Takes the name out of `[name]`; a header that is not closed still names its section. */
static void read_header(struct scan *s, struct str line)
{
	size_t end = str_find_char(line, ']');

	s->now = (struct inifile_line){ .line = s->now.line };
	if (end == STR_NOT_FOUND) {
		complain(s, "the section's name has no ] behind it");
	} else if (end + 1 < line.n) {
		complain(s,
			 "there is text behind the section's ]; a comment has a line of its own");
	}
	s->now.section = str_trim(str_slice(line, 1, end == STR_NOT_FOUND ? end : end - 1));
	if (end == 1 || (end != STR_NOT_FOUND && s->now.section.n == 0)) {
		complain(s, "the section has no name");
	}
}

/* Whether a value ends in what people take for a comment: ` ; words` or ` # words`. */
static bool has_comment_tail(struct str v)
{
	for (size_t i = 1; i < v.n; i++) {
		bool mark = is_blank(v.p[i - 1]) && (v.p[i] == ';' || v.p[i] == '#');

		if (mark && (v.p[i] == ';' || i + 1 == v.n || is_blank(v.p[i + 1]))) {
			return true;
		}
	}
	return false;
}

static void read_value(struct scan *s, struct str value)
{
	struct diag_place at = place(s);
	bool opens;

	value = str_trim(value);
	opens = value.n > 0 && value.p[0] == '"';
	at.key = s->now.key;
	s->now.quoted = opens && value.n > 1 && value.p[value.n - 1] == '"';
	s->now.value = s->now.quoted ? str_slice(value, 1, value.n - 2) : value;
	if (opens && !s->now.quoted) {
		diag_add(s->diag, DIAG_WARNING, &at,
			 "the quote at the start has no other at the end, so it is part of the "
			 "value; if that is meant, put the whole in quotes");
	} else if (!s->now.quoted && has_comment_tail(value)) {
		diag_add(s->diag, DIAG_WARNING, &at,
			 "the end looks like a comment, but is part of the value; if that is "
			 "meant, put the value in quotes");
	}
}

static enum shape read_key(struct scan *s, struct str line)
{
	size_t equals = str_find_char(line, '=');

	s->now.key = str_trim(str_slice(line, 0, equals));
	if (equals == STR_NOT_FOUND || s->now.key.n == 0) {
		s->now.key = STR_NONE;
		return SHAPE_ODD;
	}
	read_value(s, str_slice(line, equals + 1, SIZE_MAX));
	return SHAPE_KEY;
}

/* What the line looks like; its parts go to s->now. The key above stays for an indented line. */
static enum shape read_shape(struct scan *s, struct str line)
{
	struct str trimmed = str_trim(line);

	if (is_blank(line.p[0])) {
		read_value(s, line);
		return SHAPE_MORE;
	}
	if (line.p[0] == '[') {
		read_header(s, trimmed);
		return SHAPE_SECTION;
	}
	return read_key(s, trimmed);
}

static bool is_comment_or_empty(struct str line)
{
	struct str trimmed = str_trim(line);

	return trimmed.n == 0 || trimmed.p[0] == ';' || trimmed.p[0] == '#';
}

/* Takes the next line off the rest, without its end. */
static bool next_line(struct scan *s, struct str *ret)
{
	if (s->stopped || !str_split(&s->rest, '\n', ret)) {
		return false;
	}
	s->now.line++;
	if (ret->n > 0 && ret->p[ret->n - 1] == '\r') {
		ret->n--;
	}
	return true;
}

static void deliver(struct scan *s, enum inifile_kind kind)
{
	s->now.kind = kind;
	if (!s->stopped && !s->sink(s->arg, &s->now)) {
		s->stopped = true;
	}
}

/* inih had the line before and was silent about it. */
static void settle(struct scan *s)
{
	if (!s->waiting) {
		return;
	}
	s->waiting = false;
	if (s->shape == SHAPE_MORE && s->orphaned) {
		return;
	}
	if (s->shape == SHAPE_MORE) {
		complain(s, "an indented line continues the list above it, but there is none");
	} else {
		complain(s,
			 "this is no [section], no `key = value` and no indented line of a list");
	}
	s->orphaned = true;
}

/* Whether the line may be looked at; a broken key takes the list below it along. */
static bool is_readable(struct scan *s, struct str line)
{
	bool good = line.n <= INIFILE_LINE_MAX;

	if (!good) {
		complain(s, "the line is longer than 65536 bytes");
	} else {
		good = is_text(s, line);
	}
	if (!good && !is_blank(line.p[0])) {
		s->orphaned = true;
		s->now.key = STR_NONE;
	}
	return good;
}

/* inih's way to ask for a line: `to` gets the skeleton of the next one. */
static char *read_skeleton(char *to, int size, void *stream)
{
	struct scan *s = stream;
	struct str line;

	settle(s);
	while (next_line(s, &line)) {
		size_t n;

		if (is_comment_or_empty(line) || !is_readable(s, line)) {
			continue;
		}
		s->shape = read_shape(s, line);
		n = strlen(SKELETONS[s->shape]);
		if (size <= 0 || n >= (size_t)size) {
			return NULL;
		}
		memcpy(to, SKELETONS[s->shape], n + 1);
		s->waiting = s->shape != SHAPE_SECTION;
		if (s->shape == SHAPE_SECTION) {
			s->orphaned = false;
			deliver(s, INIFILE_SECTION);
		}
		return to;
	}
	return NULL;
}

/* inih's way to say that it understood a key or a continuation. */
static int take_line(void *user, const char *section, const char *name, const char *value)
{
	struct scan *s = user;

	(void)section;
	(void)value;
	if (!name || !s->waiting) {
		return 1;
	}
	s->waiting = false;
	if (s->shape == SHAPE_KEY) {
		s->orphaned = s->now.section.n == 0;
	}
	if (!s->orphaned) {
		deliver(s, s->shape == SHAPE_KEY ? INIFILE_KEY : INIFILE_MORE);
	} else if (s->shape == SHAPE_KEY && !s->homeless) {
		s->homeless = true;
		complain(s, "the key stands before the first [section]");
	}
	return 1;
}

void inifile_read(struct str file, struct str text, struct diag *diag, inifile_sink sink, void *arg)
{
	struct scan s = {
		.file = file,
		.rest = text,
		.diag = diag,
		.sink = sink,
		.arg = arg,
	};

	if (str_has_prefix(text, STR("\xef\xbb\xbf"))) {
		s.rest = str_slice(text, 3, SIZE_MAX);
	} else if (str_has_prefix(text, STR("\xff\xfe")) || str_has_prefix(text, STR("\xfe\xff"))) {
		s.now.line = 1;
		complain(&s, "the file is UTF-16; save it as UTF-8");
		return;
	}
	(void)ini_parse_stream(read_skeleton, &s, take_line, &s);
	settle(&s);
}
