/* SPDX-License-Identifier: MIT */
#include "ctl/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/attr.h"
#include "sys/clock.h"

enum { BAR_WIDTH = 40, AFTER_US = 1000000, EVERY_US = 100000 };

static int64_t drawn_at;
static bool drawn;

static bool is_due(int64_t now, int64_t started)
{
	return now - started >= AFTER_US && now - drawn_at >= EVERY_US && isatty(STDERR_FILENO);
}

void progress_show(const char *what, uint64_t done, uint64_t size, int64_t started)
{
	int64_t now = clock_monotonic();
	unsigned filled = size ? (unsigned)(done >= size ? BAR_WIDTH : done * BAR_WIDTH / size) : 0;
	char bar[BAR_WIDTH + 1];

	if (!is_due(now, started)) {
		return;
	}
	for (unsigned i = 0; i < BAR_WIDTH; i++) {
		bar[i] = i < filled ? '#' : '.';
	}
	bar[BAR_WIDTH] = '\0';
	if (size) {
		fprintf(stderr, "\r[%s] %3u%% %.30s\033[K", bar, filled * 100 / BAR_WIDTH, what);
	} else {
		fprintf(stderr, "\r%llu MiB of %.30s\033[K", (unsigned long long)(done >> 20),
			what);
	}
	drawn_at = now;
	drawn = true;
}

void progress_wait(const char *whom, int64_t started)
{
	int64_t now = clock_monotonic();

	if (is_due(now, started)) {
		fprintf(stderr, "\r%s is at work: %lld s\033[K", whom,
			(long long)(now - started) / 1000000);
		drawn_at = now;
		drawn = true;
	}
}

void progress_clear(void)
{
	if (drawn) {
		fprintf(stderr, "\r\033[K");
		drawn = false;
	}
}
