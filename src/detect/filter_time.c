/* SPDX-License-Identifier: MIT */
#include "detect/filter_time.h"

#include "detect/filter_make.h"

static bool is_word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool read_at(const struct stamp_format *format, struct str text,
		    const struct stamp_context *when, instant *ret)
{
	return format && (stamp_format_has_day(format) || when->date != STAMP_NO_DATE) &&
	       stamp_length(format, text) > 0 && stamp_read(format, text, when, ret, NULL) == 0;
}

bool filter_time(const struct filter *f, struct str line, const struct stamp_context *when,
		 instant *ret)
{
	struct stamp_context ctx = *when;

	ctx.zone = f->zone;
	for (size_t i = 0; i < line.n && i < FILTER_TIME_REACH; i++) {
		struct str rest = str_slice(line, i, SIZE_MAX);

		if (i > 0 && is_word_byte(line.p[i - 1])) {
			continue;
		}
		if (read_at(f->stamp, rest, &ctx, ret) || read_at(f->stamp_head, rest, &ctx, ret)) {
			return true;
		}
	}
	return false;
}
