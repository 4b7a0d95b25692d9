/* SPDX-License-Identifier: MIT */
/* quote.c - how is plain text written in a regular expression?
 *
 * Byte for byte, not by \Q..\E: text that holds \E would end that. Blanks and # are quoted too, for
 * (?x). */
#include "detect/quote.h"

void quote_regex(struct buf *out, struct str text)
{
	static const struct str special = { " \\^$.[]|()?*+{}#", 16 };

	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)text.p[i] < ' ') {
			buf_printf(out, "\\x%02x", (unsigned char)text.p[i]);
			continue;
		}
		if (str_find_char(special, text.p[i]) != STR_NOT_FOUND) {
			buf_add_char(out, '\\');
		}
		buf_add_char(out, text.p[i]);
	}
}
