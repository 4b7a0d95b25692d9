/* SPDX-License-Identifier: MIT */
/* Any bytes, twice. As JSON: what is taken is written as printable ASCII, and parsing that and
 * writing it again changes nothing. As text: it becomes JSON that is taken, on one line without NUL
 * (which ends a Varlink message), and valid UTF-8 comes back as it was. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_checked(const struct value *v, struct buf *out)
{
	int r = value_write(v, out);

	assert(r == 0);
	for (size_t i = 0; i < out->n; i++) {
		assert(out->p[i] >= ' ' && out->p[i] < '\x7f');
	}
}

static void check_json(struct str text)
{
	CLEANUP(value_freep) struct value *v = NULL, *again = NULL;
	CLEANUP(buf_done) struct buf first = { 0 }, second = { 0 };
	char error[256] = "";
	int r = value_parse(text, error, &v);

	if (r < 0) {
		assert(!v && *error);
		return;
	}
	write_checked(v, &first);
	r = value_parse(buf_str(&first), NULL, &again);
	assert(r == 0);
	write_checked(again, &second);
	assert(str_eq(buf_str(&first), buf_str(&second)));
}

static void check_text(struct str text)
{
	CLEANUP(value_freep) struct value *v = value_object(), *again = NULL, *plain = NULL;
	CLEANUP(buf_done) struct buf out = { 0 }, quoted = { 0 };
	struct str back;
	int r;

	value_set_text(v, "text", text);
	write_checked(v, &out);
	r = value_parse(buf_str(&out), NULL, &again);
	assert(r == 0);
	back = value_text(value_get(again, "text"), STR_NONE);
	assert(back.p && back.n >= text.n);
	if (back.n == text.n) {
		assert(text.n == 0 || memcmp(back.p, text.p, text.n) == 0);
		return;
	}
	/* It was changed, so as it is it can be no JSON. */
	buf_add_char(&quoted, '"');
	buf_add_str(&quoted, text);
	buf_add_char(&quoted, '"');
	assert(value_parse(buf_str(&quoted), NULL, &plain) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { .p = (const char *)data, .n = size };

	check_json(text);
	check_text(text);
	return 0;
}
