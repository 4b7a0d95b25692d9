/* SPDX-License-Identifier: MIT */
#pragma once
/* log.h - what the operator should know, to the journal or to stderr.
 *
 * One line a message. Texts from logs must be escaped by the caller (base/escape.h). Control
 * characters become blanks. Goes to the journal with its priority when stderr is connected to it
 * (JOURNAL_STREAM), else to stderr as `warning: text` without time. Never blocks the caller for
 * long, never fails. */
#include "base/attr.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* What is told; LOG_LEVEL_INFO at first. */
void log_set_level(enum log_level level);
/* From here on to stderr only: for a process that closes the descriptors it does not know. */
void log_to_stderr(void);
/* "error" ... "debug"; -EINVAL. */
NODISCARD int log_level_parse(const char *word, enum log_level *ret);
void log_error(const char *fmt, ...) PRINTF(1, 2);
void log_warning(const char *fmt, ...) PRINTF(1, 2);
void log_notice(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);
