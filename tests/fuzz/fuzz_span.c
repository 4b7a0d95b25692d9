/* SPDX-License-Identifier: MIT */
/* Any text as a length and as a point in time, any eight bytes as either: what is printed fits and
 * reads back to the same (points in time to the millisecond that is printed). */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t LONGEST = INT64_C(999999999) * 60 * 1000000;

static void check_length(duration d)
{
	char out[SPAN_TEXT_MAX], brief[SPAN_TEXT_MAX];
	duration back;
	int r = span_parse(str_of(span_format(d, out)), &back);

	assert(strlen(out) > 0 && strlen(span_format_short(d, brief)) > 0);
	assert((r == 0) == (d.us >= 0 && d.us <= LONGEST));
	assert(r != 0 || back.us == d.us);
}

static void check_point(instant t)
{
	static const int64_t year_0 = INT64_C(-62167219200000000),
			     year_10000 = INT64_C(253402300800000000);
	char out[INSTANT_TEXT_MAX];
	instant back;
	int r = instant_parse(str_of(instant_format(t, out)), &back);

	assert(strlen(out) > 0 || instant_is_never(t));
	assert((r == 0) == (t.us >= year_0 && t.us < year_10000));
	assert(r != 0 || (back.us <= t.us && t.us - back.us < 1000 && back.us % 1000 == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { .p = (const char *)data, .n = size };
	int64_t number;
	duration d;
	instant t;
	int r;

	r = span_parse(text, &d);
	assert(r == 0 || r == -EINVAL || r == -ENODATA || r == -ERANGE);
	if (r == 0) {
		assert(d.us >= 0 && d.us <= LONGEST);
		check_length(d);
	}
	r = instant_parse(text, &t);
	assert(r == 0 || r == -EINVAL);
	if (r == 0) {
		check_point(t);
	}
	if (size >= sizeof(number)) {
		memcpy(&number, data, sizeof(number));
		check_length((duration){ .us = number });
		check_point((instant){ .us = number });
	}
	return 0;
}
