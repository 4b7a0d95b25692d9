/* SPDX-License-Identifier: MIT */
/* The table of bans has its room from the start, so that no attack takes the memory of the host: of
 * 2,000,000 entries each takes some 350 bytes once it is used. What does not fit is not banned, and
 * nothing is worse than that nobody knows. */
#include "daemon/room.h"

static const char *const remedy = "ipsctl unban --jail NAME";

struct value *room_bans(const struct daemon *d)
{
	const struct bans *bans = engine_bans(d->engine);
	struct value *row = value_object();

	value_set_int(row, "running", bans_count(bans, DECISION_BAN));
	value_set_int(row, "entries", bans_entries(bans));
	value_set_int(row, "limit", bans_capacity(bans));
	return row;
}

void room_findings(const struct daemon *d, room_finding fn, void *arg)
{
	const struct bans *bans = engine_bans(d->engine);
	uint64_t entries = bans_entries(bans), limit = bans_capacity(bans),
		 lost = engine_stats(d->engine).no_room;
	CLEANUP(buf_done) struct buf text = { 0 };

	if (lost == 0 && entries * 2 < limit) {
		return;
	}
	if (lost > 0) {
		buf_printf(&text, "%llu block%s made since the start, for ",
			   (unsigned long long)lost, lost == 1 ? " was not" : "s were not");
	}
	buf_printf(&text, "the table of blocks holds %llu of at most %llu entries",
		   (unsigned long long)entries, (unsigned long long)limit);
	if (lost == 0 && entries * 10 < limit * 9) {
		fn(arg, "note", NULL, buf_text(&text));
		return;
	}
	buf_printf(&text,
		   "; shorten `ban` of the jail that makes the most of them, or ban networks");
	fn(arg, lost > 0 ? "error" : "warning", remedy, buf_text(&text));
}
