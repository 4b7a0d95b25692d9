/* SPDX-License-Identifier: MIT */
#include "wire/metrics.h"

#include "base/escape.h"

void metrics_begin(struct buf *out, const char *name, enum metric_kind kind, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
		   kind == METRIC_COUNTER ? "counter" : "gauge");
}

/* Backslash, quote and newline have an escape of their own there; what is no text has become \xNN
 * before. */
static void add_label(struct buf *out, struct str value)
{
	CLEANUP(buf_done) struct buf clean = { 0 };

	escape_utf8(&clean, value);
	for (size_t i = 0; i < clean.n; i++) {
		if (clean.p[i] == '\\' || clean.p[i] == '"') {
			buf_add_char(out, '\\');
		}
		buf_add_char(out, clean.p[i]);
	}
}

void metrics_sample(struct buf *out, const char *name, const char *label, struct str value,
		    double number)
{
	buf_printf(out, "%s", name);
	if (label) {
		buf_printf(out, "{%s=\"", label);
		add_label(out, value);
		buf_printf(out, "\"}");
	}
	buf_printf(out, " %.17g\n", number);
}
