/* SPDX-License-Identifier: MIT */
#include "input/journal_lost.h"

#include <errno.h>

#include <systemd/sd-journal.h>

#include "base/buf.h"
#include "input/journal_files.h"

/* SD_MESSAGE_JOURNAL_DROPPED. */
static const char dropped[] = "MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e";
static const char driver[] = "_TRANSPORT=driver";

static void close_journal(sd_journal **sd)
{
	sd_journal_close(*sd);
}

static int look(const char *dir)
{
	const struct journal_files files = journal_files_look(dir);

	return files.state == TAIL_READING ? 0 : files.error ? -files.error : -ENOENT;
}

static int open_journal(const char *dir, sd_journal **ret)
{
	int r = dir ? sd_journal_open_directory(ret, dir, 0)
		    : sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);

	r = r < 0 ? r : sd_journal_add_match(*ret, dropped, sizeof(dropped) - 1);
	r = r < 0 ? r : sd_journal_add_match(*ret, driver, sizeof(driver) - 1);
	return r < 0 ? r : sd_journal_seek_tail(*ret);
}

/* The message of the entry that `sd` stands at. */
static struct str message_of(sd_journal *sd)
{
	const void *data;
	size_t n;

	if (sd_journal_get_data(sd, "MESSAGE", &data, &n) < 0) {
		return STR_NONE;
	}
	return str_slice((struct str){ .p = data, .n = n }, sizeof("MESSAGE=") - 1, SIZE_MAX);
}

int journal_lost(struct str dir, instant since,
		 void (*fn)(void *arg, const struct lost *lost, instant at), void *arg)
{
	CLEANUP(close_journal) sd_journal *sd = NULL;
	CLEANUP(buf_done) struct buf path = { 0 };
	const char *place;
	int r;

	buf_add_str(&path, dir);
	place = dir.n ? buf_text(&path) : NULL;
	r = look(place);
	r = r < 0 ? r : open_journal(place, &sd);
	for (unsigned i = 0; r >= 0 && i < JOURNAL_LOST_MAX; i++) {
		struct lost lost;
		uint64_t at = 0;

		r = sd_journal_previous(sd);
		if (r <= 0 || sd_journal_get_realtime_usec(sd, &at) < 0 || (int64_t)at < since.us) {
			break;
		}
		if (lost_read(STR("systemd-journald"), message_of(sd), &lost)) {
			fn(arg, &lost, (instant){ .us = (int64_t)at });
		}
	}
	return r < 0 ? r : 0;
}
