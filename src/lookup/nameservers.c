/* SPDX-License-Identifier: MIT */
#include "lookup/nameservers.h"

#include "base/buf.h"
#include "sys/files.h"

enum { FILE_MAX = 65536 };

static bool is_stub(const struct addr *a)
{
	return a->family == 4 && a->bytes[0] == 127 && a->bytes[1] == 0 && a->bytes[2] == 0 &&
	       (a->bytes[3] == 53 || a->bytes[3] == 54);
}

bool nameservers_parse(struct str text, struct facts *ret)
{
	struct str line, word;
	bool stub = false;

	while (str_split(&text, '\n', &line)) {
		struct addr addr;

		if (!str_word(&line, &word) || !str_eq(word, STR("nameserver")) ||
		    !str_word(&line, &word)) {
			continue;
		}
		if (addr_parse(str_slice(word, 0, str_find_char(word, '%')), &addr) == 0) {
			facts_add(ret, &addr, INSTANT_NEVER, "");
			stub |= is_stub(&addr);
		}
	}
	return stub;
}

static bool find_in(const char *path, struct facts *ret)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	return files_read(path, FILE_MAX, &text) == 0 && nameservers_parse(buf_str(&text), ret);
}

void nameservers_find(struct facts *ret)
{
	if (find_in("/etc/resolv.conf", ret)) {
		(void)find_in("/run/systemd/resolve/resolv.conf", ret);
	}
}
