/* SPDX-License-Identifier: MIT */
#pragma once
/* quote.h - how is plain text written in a regular expression?
 *
 * Pure; allocates in the buffer. */
#include "base/buf.h"
#include "base/str.h"

/* Adds a regex that matches exactly this text. */
void quote_regex(struct buf *out, struct str text);
