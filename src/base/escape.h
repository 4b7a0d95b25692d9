/* SPDX-License-Identifier: MIT */
#pragma once
/* escape.h - how hostile bytes are shown: nothing that a terminal, JSON or the journal could obey.
 *
 * Well-formed printable UTF-8 passes; control characters (C0, DEL, C1), bidirectional and other
 * invisible format characters, and invalid bytes become \xNN per byte; a backslash becomes \\. The
 * result is valid UTF-8. */
#include "base/buf.h"
#include "base/str.h"

void escape_text(struct buf *out, struct str text);
/* The same, cut to at most `width` bytes of output with "..." at the end (width >= 3), never inside
 * a character. */
void escape_cut(struct buf *out, struct str text, size_t width);
/* As escape_text(), but backslashes stay single: for JSON, which escapes them itself, and for
 * messages about what people wrote. */
void escape_utf8(struct buf *out, struct str text);
