/* SPDX-License-Identifier: MIT */
#include "ctl/never_words.h"

#include "base/attr.h"
#include "ctl/terminal.h"

void never_words_scope(const struct value *entry, struct buf *out)
{
	struct str jail = member(entry, "jail", ""), service = member(entry, "service", "");

	if (jail.n) {
		buf_printf(out, "jail %.*s", STR_ARG(jail));
	}
	if (service.n) {
		buf_printf(out, "%s%.*s", jail.n ? ", " : "", STR_ARG(service));
	}
	if (!jail.n && !service.n) {
		buf_add_str(out, STR("all"));
	}
}

void never_words_from(const struct value *entry, struct buf *out)
{
	static const struct {
		const char *word, *text;
	} words[] = {
		{ "private", "private network" },
		{ "by-hand", "by hand" },
		{ "host", "host" },
		{ "own-address", "own address" },
		{ "resolver", "name server" },
		{ "gateway", "gateway" },
		{ "ssh-peer", "logged in" },
	};
	struct str from = member(entry, "from", ""), text = member(entry, "text", "");

	if (str_eq(from, STR("config"))) {
		buf_printf(out, "%.*s:%lld", STR_ARG(member(entry, "file", "")),
			   (long long)value_int(value_get(entry, "line"), 0));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_eq(from, str_of(words[i].word))) {
			buf_add_str(out, str_of(words[i].text));
		}
	}
	if (text.n && !str_eq(from, STR("by-hand"))) {
		buf_printf(out, " %.*s", STR_ARG(text));
	}
}

void never_words_entry(const struct value *entry, struct buf *out)
{
	struct str by = member(entry, "by", ""), reason = member(entry, "reason", "");
	char until[32];
	instant t;

	buf_printf(out, "%.*s, ", STR_ARG(member(entry, "entry", "")));
	never_words_from(entry, out);
	if (by.n) {
		buf_printf(out, " (%.*s)", STR_ARG(by));
	}
	if (member_instant(entry, "until", &t)) {
		terminal_local_time(t, until);
		buf_printf(out, ", until %s", until);
	}
	if (member(entry, "jail", "").n || member(entry, "service", "").n) {
		buf_add_str(out, STR(", only for "));
		never_words_scope(entry, out);
	}
	if (reason.n) {
		buf_printf(out, ": %.*s", STR_ARG(reason));
	}
}
