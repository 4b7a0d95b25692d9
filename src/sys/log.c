/* SPDX-License-Identifier: MIT */
/* log.c - what the operator should know.
 *
 * Below systemd stderr is a stream into the journal; JOURNAL_STREAM names its device and inode, and
 * when they are those of our stderr we speak the journal's own protocol, which keeps priorities. A
 * shell that redirects our stderr inherits the variable, hence the comparison.
 *
 * sd-journal keeps its socket open in a place of its own. A process that closes all descriptors
 * that it does not know would close that one, too, and later write into whatever got its number:
 * such a process calls log_to_stderr() first. */
#include "sys/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <syslog.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/str.h"

enum { LINE_LENGTH = 2048 };

static const struct {
	const char *word;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
	[LOG_LEVEL_NOTICE] = { "notice", LOG_NOTICE },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

enum where { WHERE_UNKNOWN, WHERE_STDERR, WHERE_JOURNAL };

static enum log_level loudest = LOG_LEVEL_INFO;
static enum where where = WHERE_UNKNOWN;

static enum where find_out(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat st;
	char *end;

	if (!stream || fstat(STDERR_FILENO, &st) < 0) {
		return WHERE_STDERR;
	}
	device = strtoumax(stream, &end, 10);
	if (*end != ':') {
		return WHERE_STDERR;
	}
	inode = strtoumax(end + 1, &end, 10);
	return *end == '\0' && device == st.st_dev && inode == st.st_ino ? WHERE_JOURNAL
									 : WHERE_STDERR;
}

/* One write() a line: lines of several processes do not mix. */
static void to_stderr(enum log_level level, const char *text)
{
	char line[LINE_LENGTH + 16];
	int n = snprintf(line, sizeof(line), "%s: %s\n", levels[level].word, text);

	if (n > 0 && (size_t)n < sizeof(line)) {
		ssize_t written;

		do {
			written = write(STDERR_FILENO, line, (size_t)n);
		} while (written < 0 && errno == EINTR);
	}
}

static void tell(enum log_level level, const char *fmt, va_list args) PRINTF(2, 0);

static void tell(enum log_level level, const char *fmt, va_list args)
{
	char text[LINE_LENGTH];
	int saved = errno;

	if (level > loudest) {
		return;
	}
	if (where == WHERE_UNKNOWN) {
		where = find_out();
	}
	if (vsnprintf(text, sizeof(text), fmt, args) < 0) {
		text[0] = '\0';
	}
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f) {
			*p = ' ';
		}
	}
	if (where != WHERE_JOURNAL ||
	    sd_journal_send("MESSAGE=%s", text, "PRIORITY=%i", levels[level].priority, NULL) < 0) {
		to_stderr(level, text);
	}
	errno = saved;
}

void log_set_level(enum log_level level)
{
	loudest = level;
}

void log_to_stderr(void)
{
	where = WHERE_STDERR;
}

int log_level_parse(const char *word, enum log_level *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (strcmp(word, levels[i].word) == 0) {
			*ret = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* One function a level: the level stands in the name, so that a reader sees it first. */
#define DEFINE_LOG(name, level)                                                                    \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, fmt);                                                               \
		tell(level, fmt, args);                                                            \
		va_end(args);                                                                      \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_notice, LOG_LEVEL_NOTICE)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
