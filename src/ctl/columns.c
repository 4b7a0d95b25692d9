/* SPDX-License-Identifier: MIT */
#include "ctl/columns.h"

#include <errno.h>
#include <string.h>

#include "base/addr.h"
#include "base/span.h"
#include "ctl/terminal.h"

enum cell { CELL_TEXT, CELL_PREFIX, CELL_LEFT, CELL_TIME, CELL_INT };

static const struct {
	const char *name, *key;
	enum cell cell;
} columns[COLUMN_COUNT] = {
	[COLUMN_SOURCE] = { "SOURCE", "prefix", CELL_PREFIX },
	[COLUMN_TIME_LEFT] = { "TIME-LEFT", "seconds_left", CELL_LEFT },
	[COLUMN_COUNTRY] = { "COUNTRY", "country", CELL_TEXT },
	[COLUMN_TYPE] = { "TYPE", "type", CELL_TEXT },
	[COLUMN_ACTION] = { "ACTION", "action", CELL_TEXT },
	[COLUMN_PORTS] = { "PORTS", "ports", CELL_TEXT },
	[COLUMN_DESCRIPTION] = { "DESCRIPTION", "description", CELL_TEXT },
	[COLUMN_BLOCKS_30D] = { "BLOCKS-30D", "blocks_30d", CELL_INT },
	[COLUMN_BY] = { "BY", "by", CELL_TEXT },
	[COLUMN_JAIL] = { "JAIL", "jail", CELL_TEXT },
	[COLUMN_SERVICE] = { "SERVICE", "service", CELL_TEXT },
	[COLUMN_SINCE] = { "SINCE", "since", CELL_TIME },
	[COLUMN_UNTIL] = { "UNTIL", "until", CELL_TIME },
	[COLUMN_SCORE] = { "SCORE", "score", CELL_INT },
	[COLUMN_DROPPED] = { "DROPPED", "dropped_packets", CELL_INT },
	[COLUMN_REASON] = { "REASON", "reason", CELL_TEXT },
};

const char *column_name(enum column c)
{
	return columns[c].name;
}

bool column_is_number(enum column c)
{
	return columns[c].cell == CELL_INT || columns[c].cell == CELL_LEFT;
}

enum column column_find(struct str name)
{
	for (enum column c = 0; c < COLUMN_COUNT; c++) {
		if (str_eq_nocase(name, str_of(columns[c].name))) {
			return c;
		}
	}
	return COLUMN_COUNT;
}

bool columns_have(const struct columns *list, enum column c)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->at[i] == c) {
			return true;
		}
	}
	return false;
}

int columns_parse(const char *text, struct columns *ret, struct str *ret_bad)
{
	struct str rest = str_of(text), name;
	struct columns list = { .n = 0 };

	if (!text || text[0] == '+') {
		for (enum column c = 0; c < COLUMN_USUAL; c++) {
			list.at[list.n++] = c;
		}
		rest = str_slice(rest, 1, rest.n);
	}
	while (str_split(&rest, ',', &name)) {
		enum column c = column_find(str_trim(name));

		if (c == COLUMN_COUNT) {
			*ret_bad = name;
			return -EINVAL;
		}
		if (!columns_have(&list, c)) {
			list.at[list.n++] = c;
		}
	}
	if (!list.n) {
		*ret_bad = STR_NONE;
		return -EINVAL;
	}
	*ret = list;
	return 0;
}

/* Does any row have something to say in this column? */
static bool says_something(enum column c, const struct value *rows)
{
	for (size_t i = 0; i < value_length(rows); i++) {
		struct str text = member(value_at(rows, i), columns[c].key, "");

		if (text.n && !(c == COLUMN_PORTS && str_eq(text, STR("all")))) {
			return true;
		}
	}
	return false;
}

void columns_hide_empty(struct columns *list, const struct value *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		enum column c = list->at[i];

		if ((c != COLUMN_COUNTRY && c != COLUMN_PORTS) || says_something(c, rows)) {
			list->at[kept++] = c;
		}
	}
	list->n = kept;
}

static void add_left(const struct value *left, bool exact, struct buf *out)
{
	char text[SPAN_TEXT_MAX];
	bool forever = value_type(left) != VALUE_INT;

	if (exact) {
		if (!forever) {
			buf_printf(out, "%lld", (long long)value_int(left, 0));
		}
		return;
	}
	buf_printf(out, "%s",
		   span_format_short(forever ? DURATION_FOREVER : seconds(value_int(left, 0)),
				     text));
}

static void add_time(const struct value *row, const char *key, bool exact, struct buf *out)
{
	struct str text = member(row, key, "");
	char local[32];
	instant t;

	if (exact || instant_parse(text, &t) < 0) {
		buf_add_str(out, text);
		return;
	}
	terminal_local_time(t, local);
	buf_printf(out, "%s", local);
}

static void add_prefix(struct str text, bool exact, struct buf *out)
{
	char shorter[PREFIX_TEXT_MAX];
	struct prefix prefix;

	if (exact || prefix_parse(text, &prefix) < 0) {
		buf_add_str(out, text);
	} else {
		buf_printf(out, "%s", prefix_format_short(&prefix, shorter));
	}
}

void column_text(enum column c, const struct value *row, bool exact, struct buf *out)
{
	const struct value *v = value_get(row, columns[c].key);

	switch (columns[c].cell) {
	case CELL_TEXT: buf_add_str(out, value_text(v, STR_NONE)); break;
	case CELL_PREFIX: add_prefix(value_text(v, STR_NONE), exact, out); return;
	case CELL_LEFT: add_left(v, exact, out); return;
	case CELL_TIME: add_time(row, columns[c].key, exact, out); return;
	case CELL_INT:
		if (value_type(v) == VALUE_INT) {
			buf_printf(out, "%lld", (long long)value_int(v, 0));
		}
		return;
	}
	/* What is listed beside the blocks says what it is instead. */
	if (c == COLUMN_ACTION && !exact && !str_eq(member(row, "kind", "ban"), STR("ban"))) {
		buf_printf(out, " (%.*s)", STR_ARG(member(row, "kind", "")));
	}
}

static int compare_prefixes(struct str a, struct str b)
{
	struct prefix pa, pb;

	if (prefix_parse(a, &pa) < 0 || prefix_parse(b, &pb) < 0) {
		return str_cmp(a, b);
	}
	return prefix_cmp(&pa, &pb);
}

int column_compare(enum column c, const struct value *a, const struct value *b)
{
	const struct value *va = value_get(a, columns[c].key), *vb = value_get(b, columns[c].key);
	int64_t na, nb;

	switch (columns[c].cell) {
	case CELL_PREFIX:
		return compare_prefixes(value_text(va, STR_NONE), value_text(vb, STR_NONE));
	case CELL_LEFT:
	case CELL_INT:
		/* null is a permanent block's time left: the longest */
		na = value_int(va, columns[c].cell == CELL_LEFT ? INT64_MAX : INT64_MIN);
		nb = value_int(vb, columns[c].cell == CELL_LEFT ? INT64_MAX : INT64_MIN);
		return (na > nb) - (na < nb);
	case CELL_TEXT:
	case CELL_TIME: return str_cmp(value_text(va, STR_NONE), value_text(vb, STR_NONE));
	}
	return 0;
}
