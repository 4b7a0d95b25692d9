/* SPDX-License-Identifier: MIT */
#include "ctl/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/span.h"

enum { WIDTH_MIN = 80 };

bool terminal_is_out(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

size_t terminal_width(void)
{
	struct winsize size;

	if (!terminal_is_out()) {
		return 0;
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < WIDTH_MIN) {
		return WIDTH_MIN;
	}
	return size.ws_col;
}

static bool has_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return terminal_is_out() && (!no_color || !*no_color) && term &&
	       !str_eq(str_of(term), STR("dumb"));
}

void terminal_tone(enum tone tone)
{
	static const char *const codes[] = {
		[TONE_PLAIN] = "\033[0m", [TONE_GOOD] = "\033[32m", [TONE_BAD] = "\033[1;31m",
		[TONE_WARN] = "\033[33m", [TONE_DIM] = "\033[2m",   [TONE_BOLD] = "\033[1m",
	};

	if (has_colour()) {
		fputs(codes[tone], stdout);
	}
}

void terminal_text(struct str text, size_t width)
{
	CLEANUP(buf_done) struct buf clean = { 0 };

	/* What was no text has become \xNN on its way here; a backslash is not doubled again. */
	escape_utf8(&clean, text);
	if (width && clean.n > width) {
		size_t n = width < 3 ? 0 : width - 3;

		while (n > 0 && ((unsigned char)clean.p[n] & 0xc0) == 0x80) {
			n--;
		}
		buf_truncate(&clean, n);
		buf_add_str(&clean, STR("..."));
	}
	fputs(buf_text(&clean), stdout);
}

struct str member(const struct value *object, const char *key, const char *fallback)
{
	return value_text(value_get(object, key), str_of(fallback));
}

bool member_instant(const struct value *object, const char *key, instant *ret)
{
	return instant_parse(member(object, key, ""), ret) == 0;
}

void terminal_local_time(instant t, char out[static 32])
{
	time_t seconds = (time_t)(t.us / 1000000);
	struct tm tm;

	if (instant_is_never(t) || !localtime_r(&seconds, &tm)) {
		snprintf(out, 32, "never");
		return;
	}
	strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm);
}

void terminal_warn_observing(struct str mode)
{
	if (str_eq(mode, STR("observe"))) {
		terminal_tone(TONE_WARN);
		printf("ipsd only OBSERVES: nobody is blocked, what follows is not in the kernel.");
		terminal_tone(TONE_PLAIN);
		printf("\n");
	}
}

void terminal_json(const struct value *v)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	if (value_write(v, &text) < 0) {
		fprintf(stderr, "ipsctl: no memory for the answer\n");
		exit(EXIT_FAILURE);
	}
	puts(buf_text(&text));
}
