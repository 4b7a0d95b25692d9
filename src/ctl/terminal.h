/* SPDX-License-Identifier: MIT */
#pragma once
/* terminal.h - what may be shown to whom: colour, width, hints, times as people read them.
 *
 * Colour and hints go to a terminal only; NO_COLOR turns colour off. All text is escaped on its way
 * out, whoever sent it. */
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "base/time.h"
#include "wire/json.h"

enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_WARN, TONE_DIM, TONE_BOLD };

bool terminal_is_out(void);
/* Columns of the terminal, 80..; 0 when stdout is none: nothing is cut then. */
size_t terminal_width(void);
/* Starts and ends a tone on stdout; nothing without colour. */
void terminal_tone(enum tone tone);
/* Prints text from anywhere, escaped; at most `width` bytes when width > 0. */
void terminal_text(struct str text, size_t width);
/* A text member of an object, or the fallback. Prints nothing. */
struct str member(const struct value *object, const char *key, const char *fallback);
/* Reads a member that holds a time; false when it is null. */
bool member_instant(const struct value *object, const char *key, instant *ret);
/* "2026-11-22 04:03:05", local time; "never" for INSTANT_NEVER. */
void terminal_local_time(instant t, char out[static 32]);
/* A value on one line of stdout. */
void terminal_json(const struct value *v);
/* The first line's warning when nobody is blocked. */
void terminal_warn_observing(struct str mode);
