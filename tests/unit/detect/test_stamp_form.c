/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/buf.h"
#include "detect/pattern.h"
#include "detect/stamp.h"
#include "detect/stamp_form.h"
#include "unit/check.h"

static uint32_t random_below(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % n;
}

/* Something like a stamp, mostly: pieces that formats are made of, and what stands between them. */
static size_t make_text(uint32_t *seed, char *out, size_t max)
{
	static const char *const PIECES[] = {
		"2024", "12",   "1",   "7",   "03",   "-",  "-",  ":",    ":",
		".",    ",",    " ",   " ",   "T",    "Z",  "z",  "+",    "Jan",
		"jUne", "Sept", "May", "UTC", "GMTx", "am", "PM", "Mon",  "Thursday",
		"%",    "(",    "\\",  "\t",  "x",    "5",  "59", "0100",
	};
	size_t n = 0, pieces = random_below(seed, 18);

	for (size_t i = 0; i < pieces; i++) {
		const char *piece = PIECES[random_below(seed, ARRAY_SIZE(PIECES))];

		for (size_t k = 0; piece[k] && n < max; k++) {
			out[n++] = piece[k];
		}
	}
	return n;
}

/* A stamp that the format writes, and sometimes one byte of it changed or more behind it. */
static size_t make_stamp(uint32_t *seed, const char *format, char *out, size_t max)
{
	static const struct {
		char letter;
		const char *as[4];
	} PARTS[] = {
		{ 'Y', { "2024", "1999", "2000", "2023" } },
		{ 'y', { "24", "00", "69", "99" } },
		{ 'm', { "1", "02", "12", "11" } },
		{ 'd', { "1", "02", " 3", "28" } },
		{ 'e', { "1", "02", " 3", "28" } },
		{ 'j', { "1", "02", "065", "365" } },
		{ 'b', { "Jan", "june", "MAR", "September" } },
		{ 'a', { "Mon", "sunday", "TUE", "Fridays" } },
		{ 'H', { "0", "01", "23", "9" } },
		{ 'I', { "1", "01", "12", "9" } },
		{ 'p', { "am", "PM", "Am", "pM" } },
		{ 'M', { "0", "01", "59", "9" } },
		{ 'S', { "0", "01.5", "59,123456789", "9" } },
		{ 'f', { "5", ".1", "123456789", "0" } },
		{ 'z', { "Z", "+01", "-0330", "+14:00" } },
		{ 'Z', { "UTC", "GMT", "utc", "gmt" } },
		{ 's', { "0", "1709636537", "1.5", "9,1" } },
		{ 'F', { "2024-03-05", "1999-1-1", "2000-02-29", "2023-12-31" } },
		{ 'T', { "11:02:17", "1:2:3.4", "23:59:60", "0:0:0" } },
		{ '%', { "%", "%", "%", "%" } },
	};
	struct buf b = { 0 };
	size_t n;

	for (const char *p = format; *p; p++) {
		if (*p != '%') {
			buf_add_char(&b, *p);
			continue;
		}
		p++;
		for (size_t i = 0; i < ARRAY_SIZE(PARTS); i++) {
			if (PARTS[i].letter == *p) {
				buf_add_str(&b, str_of(PARTS[i].as[random_below(seed, 4)]));
			}
		}
	}
	if (random_below(seed, 2) == 0) {
		char more[400];

		buf_add(&b, more, make_text(seed, more, sizeof(more)));
	}
	n = b.n < max ? b.n : max;
	if (n > 0) {
		memcpy(out, b.p, n);
	}
	buf_done(&b);
	if (n > 0 && random_below(seed, 3) == 0) {
		out[random_below(seed, (uint32_t)n)] = "0129: .-TZx"[random_below(seed, 11)];
	}
	return n;
}

/* A format, seen from all sides. */
struct sides {
	struct stamp_format *format;
	struct stamp_form forms[2];
	struct pattern *pattern;
	struct matcher *matcher;
};

static void sides_make(struct sides *s, const char *format, struct arena *arena)
{
	CLEANUP(buf_done) struct buf regex = { 0 };
	size_t bad;

	assert_int_equal(stamp_format_parse(str_of(format), arena, &s->format, NULL), 0);
	if (strcmp(format, "auto") == 0) {
		s->forms[0] = stamp_form_iso();
		s->forms[1] = stamp_form_rfc3164();
	} else {
		assert_int_equal(stamp_form_parse(str_of(format), arena, &s->forms[0], &bad), 0);
		s->forms[1] = s->forms[0];
	}
	buf_add_str(&regex, STR("^"));
	buf_add_str(&regex, stamp_format_regex(s->format));
	assert_int_equal(pattern_new(buf_str(&regex), false, NULL, &s->pattern), 0);
	assert_int_equal(matcher_new(&s->matcher), 0);
}

/* Whatever the regex matches is read, byte for byte, and nothing else; it may still be no time. */
static void check_one(const struct sides *s, struct str text, unsigned counts[static 2])
{
	struct stamp_context ctx = { .file_time = instant_at(1709596800), .date = STAMP_NO_DATE };
	struct stamp_fields fields;
	size_t shape = stamp_form_read(&s->forms[0], text, &fields), n = 0;
	instant t;

	if (shape == 0) {
		shape = stamp_form_read(&s->forms[1], text, &fields);
	}
	if (pattern_match(s->pattern, s->matcher, text) == PATTERN_HIT) {
		assert_int_equal(shape, matcher_group(s->matcher, 0).n);
		counts[0]++;
	} else {
		assert_int_equal(shape, 0);
	}
	if (stamp_read(s->format, text, &ctx, &t, &n) == 0) {
		assert_int_equal(n, shape);
		counts[1]++;
	}
}

static void regex_and_reader_take_the_same(void **state)
{
	static const char *const FORMATS[][2] = {
		{ "auto", "%F %T" },
		{ "auto", "%FT%T%z" },
		{ "auto", "%F %T %z" },
		{ "auto", "%F %T %Z" },
		{ "auto", "%b %e %T" },
		{ "%Y-%m-%d %H:%M:%S", NULL },
		{ "%Y%m%d%H%M%S", NULL },
		{ "%T%f", NULL },
		{ "%d/%b/%Y:%T %z", NULL },
		{ "%a %b %e %T %Y", NULL },
		{ "%m/%d/%Y %I:%M:%S %p", NULL },
		{ "%s", NULL },
		{ "%s.%f", NULL },
		{ "%Y.%j %H:%M", NULL },
		{ "%y%m%d %H%M%S", NULL },
		{ "(%b|%d] %T,%f %Z", NULL },
		{ "%H%M", NULL },
		{ "100%%x\t%H-%z", NULL },
	};
	uint32_t seed = 20261122;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(FORMATS); i++) {
		const char *format = FORMATS[i][0], *model = FORMATS[i][1] ? FORMATS[i][1] : format;
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		struct sides sides = { 0 };
		unsigned counts[2] = { 0 };

		sides_make(&sides, format, arena);
		for (int k = 0; k < 20000; k++) {
			char text[512];
			size_t n = k % 2 ? make_text(&seed, text, sizeof(text))
					 : make_stamp(&seed, model, text, sizeof(text));

			check_one(&sides, (struct str){ text, n }, counts);
		}
		assert_true(counts[0] > 1000 && counts[1] > 1000);
		pattern_free(sides.pattern);
		matcher_free(sides.matcher);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regex_and_reader_take_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
