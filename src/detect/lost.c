/* SPDX-License-Identifier: MIT */
#include "detect/lost.h"

#include "base/str.h"

/* "Suppressed N messages from WHO" */
static bool read_journald(struct str rest, struct lost *ret)
{
	struct str word, from;
	uint64_t n;

	if (!str_word(&rest, &word) || !str_eq(word, STR("Suppressed")) ||
	    !str_word(&rest, &word) || str_to_uint(word, UINT64_MAX, &n) < 0 ||
	    !str_word(&rest, &word) || !str_has_prefix(word, STR("message")) ||
	    !str_word(&rest, &word) || !str_eq(word, STR("from")) || !str_word(&rest, &from)) {
		return false;
	}
	*ret = (struct lost){ .lines = n, .from = from };
	return true;
}

/* The number that stands before the word "messages", with "lost" on either side of the two. */
static bool read_rsyslog(struct str rest, struct lost *ret)
{
	struct str word, last = STR_NONE, before = STR_NONE;
	bool lost = false;
	uint64_t n = 0;

	if (str_find(rest, STR("due to rate-limiting")) == STR_NOT_FOUND) {
		return false;
	}
	while (!lost && str_word(&rest, &word)) {
		if (str_eq(word, STR("messages")) && str_to_uint(last, UINT64_MAX, &n) == 0) {
			struct str next = STR_NONE;

			lost = str_eq(before, STR("lost")) ||
			       (str_word(&rest, &next) && str_eq(next, STR("lost")));
		}
		before = last;
		last = word;
	}
	*ret = (struct lost){ .lines = n };
	return lost;
}

bool lost_read(struct str program, struct str message, struct lost *ret)
{
	struct lost found = { .lines = 0 };
	bool is = false;

	if (str_has_prefix(program, STR("rsyslogd"))) {
		is = read_rsyslog(message, &found);
	} else if (str_has_prefix(program, STR("systemd-journal"))) {
		is = read_journald(message, &found);
	}
	if (is && found.lines) {
		*ret = found;
	}
	return is && found.lines;
}
