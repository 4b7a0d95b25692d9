/* SPDX-License-Identifier: MIT */
/* A LF inside a message becomes a blank: what stands behind it was not the beginning of what a
 * program said, and must not be taken for it. */
#include "input/journal_text.h"

#include <string.h>

#include "detect/framer.h"

void journal_text_clear(struct journal_text *t)
{
	buf_clear(&t->message);
	t->program_n = t->comm_n = 0;
	t->sent_us = 0;
	t->cut = false;
}

void journal_text_done(struct journal_text *t)
{
	buf_done(&t->message);
}

static bool take_value(struct str field, struct str name, struct str *ret)
{
	if (!str_has_prefix(field, name)) {
		return false;
	}
	*ret = str_slice(field, name.n, SIZE_MAX);
	return true;
}

static size_t keep_name(char *to, struct str name)
{
	struct str kept = str_slice(name, 0, JOURNAL_PROGRAM_MAX);

	if (kept.n) {
		memcpy(to, kept.p, kept.n);
	}
	return kept.n;
}

static void keep_message(struct journal_text *t, struct str text)
{
	while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) {
		text.n--;
	}
	t->cut = text.n > LINE_MAX_BYTES;
	buf_clear(&t->message);
	if (!text.n) {
		return;
	}
	buf_add_str(&t->message, str_slice(text, 0, LINE_MAX_BYTES));
	for (size_t i = 0; i < t->message.n; i++) {
		if (t->message.p[i] == '\n') {
			t->message.p[i] = ' ';
		}
	}
	buf_add_char(&t->message, '\n');
}

void journal_text_take(struct journal_text *t, struct str field)
{
	struct str value;

	if (take_value(field, STR("MESSAGE="), &value)) {
		keep_message(t, value);
	} else if (take_value(field, STR("SYSLOG_IDENTIFIER="), &value)) {
		t->program_n = keep_name(t->program, value);
	} else if (take_value(field, STR("_COMM="), &value)) {
		t->comm_n = keep_name(t->comm, value);
	} else if (take_value(field, STR("_SOURCE_REALTIME_TIMESTAMP="), &value) &&
		   str_to_uint(value, INT64_MAX, &t->sent_us) < 0) {
		t->sent_us = 0;
	}
}

struct str journal_text_program(const struct journal_text *t)
{
	return t->program_n ? (struct str){ .p = t->program, .n = t->program_n }
			    : (struct str){ .p = t->comm, .n = t->comm_n };
}
