/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "ctl/show.h"
#include "ctl/terminal.h"

static void add_cell(struct str text, size_t width, struct buf *line)
{
	text = text.n ? text : STR("-");
	buf_printf(line, "%.*s%*s", STR_ARG(text), text.n < width ? (int)(width - text.n) + 2 : 2,
		   "");
}

void show_times(const struct value *e, struct buf *line)
{
	int64_t count = value_int(value_get(e, "count"), 1);

	if (count > 1) {
		buf_printf(line, "%lld x ", (long long)count);
	}
}

void show_event(const struct value *e, bool points, bool address)
{
	CLEANUP(buf_done) struct buf line = { 0 };
	char local[32] = "";
	instant t;

	if (member_instant(e, "time", &t)) {
		terminal_local_time(t, local);
	}
	buf_printf(&line, "  %s  ", local);
	if (points) {
		buf_printf(&line, "%5lld  ", (long long)value_int(value_get(e, "points"), 0));
	}
	if (address) {
		add_cell(member(e, "address", ""), 15, &line);
	}
	add_cell(member(e, "type", ""), 12, &line);
	add_cell(member(e, "service", ""), 4, &line);
	if (member(e, "account", "").n > 0) {
		buf_printf(&line, "[%.*s]  ", STR_ARG(member(e, "account", "")));
	}
	if (value_bool(value_get(e, "ignored"), false)) {
		buf_add_str(&line, STR("(ignored after an unban)  "));
	}
	show_times(e, &line);
	buf_add_str(&line, member(e, "text", ""));
	terminal_text(buf_str(&line), terminal_width());
	printf("\n");
}
