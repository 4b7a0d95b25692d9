/* SPDX-License-Identifier: MIT */
/* Any bytes as a line of syslog: what is read lies inside the line and in its order, and the head
 * does not depend on what the message says. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "detect/syslog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct str part, struct str line)
{
	assert(part.n == 0 || (part.p >= line.p && part.p + part.n <= line.p + line.n));
}

/* Where the head ends, were the message any other. */
static void check_head(const struct stamp_format *format, struct str line,
		       const struct syslog_line *l)
{
	static const char others[] = "x :]\"\\[";
	size_t at = (size_t)(l->message.p - line.p);
	char *copy = malloc(line.n);
	struct syslog_line other;

	assert(copy);
	memcpy(copy, line.p, line.n);
	for (size_t i = 0; i < sizeof(others) - 1; i++) {
		bool found;

		memset(copy + at, others[i], l->message.n);
		found = syslog_read((struct str){ copy, line.n }, format, &other);
		assert(found && str_eq(other.program, l->program) && str_eq(other.stamp, l->stamp));
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str line = { .p = (const char *)data, .n = size };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct stamp_format *format;
	struct syslog_line l;
	int r;

	assert(arena);
	r = stamp_format_parse(STR("auto"), arena, &format, NULL);
	assert(r == 0);
	if (!syslog_read(line, format, &l)) {
		return 0;
	}
	check_inside(l.stamp, line);
	check_inside(l.program, line);
	check_inside(l.message, line);
	assert(l.count >= 1 && l.count <= SYSLOG_COUNT_MAX);
	assert(l.count > 1 || l.message.n == 0 || l.message.p + l.message.n == line.p + size ||
	       line.p[size - 1] == ']');
	if (l.message.n > 0) {
		check_head(format, line, &l);
	}
	return 0;
}
