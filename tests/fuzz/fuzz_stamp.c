/* SPDX-License-Identifier: MIT */
/* The first line is a format, the rest a text. What is read is what the format's regex matches. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "detect/pattern.h"
#include "detect/stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_read(const struct stamp_format *f, struct str text)
{
	struct stamp_context ctx = { .file_time = instant_at(1795316645), .date = STAMP_NO_DATE };
	CLEANUP(pattern_freep) struct pattern *p = NULL;
	CLEANUP(matcher_freep) struct matcher *m = NULL;
	CLEANUP(buf_done) struct buf regex = { 0 };
	instant t = { 0 };
	size_t n = 0;

	(void)stamp_find_date(f, text);
	if (stamp_read(f, text, &ctx, &t, &n) < 0) {
		return;
	}
	assert(n > 0 && n <= text.n);
	buf_add_str(&regex, STR("^"));
	buf_add_str(&regex, stamp_format_regex(f));
	assert(buf_ok(&regex) == 0);
	if (regex.n <= PATTERN_TEXT_MAX) {
		assert(pattern_new(buf_str(&regex), false, NULL, &p) == 0);
		assert(matcher_new(&m) == 0);
		assert(pattern_match(p, m, text) == PATTERN_HIT);
		assert(matcher_group(m, 0).n == n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct str text = { .p = (const char *)data, .n = size }, format;
	struct stamp_format *f = NULL;
	size_t bad = 0;

	assert(arena);
	if (!str_split(&text, '\n', &format)) {
		return 0;
	}
	if (stamp_format_parse(format, arena, &f, &bad) < 0) {
		assert(bad <= format.n);
		return 0;
	}
	check_read(f, text);
	return 0;
}
