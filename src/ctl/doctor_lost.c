/* SPDX-License-Identifier: MIT */
/* Lines that never came: what journald and rsyslog say that they threw away, because a server wrote
 * too many at once. That is when somebody attacks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/journal_place.h"
#include "ctl/doctor.h"
#include "ctl/terminal.h"
#include "detect/lost.h"
#include "detect/syslog.h"
#include "input/journal_lost.h"
#include "sys/clock.h"
#include "sys/files.h"

enum { DAY = 86400, TAIL_BYTES = 1 << 20, STEM_LEAST = 3 };

/* ---- journald ---- */

struct losses {
	const struct doctor *doctor;
	uint64_t watched, others;
	size_t journals;        /* that were looked at */
	struct buf unit, other; /* whose the latest were */
};

/* "postfix" of "/system.slice/postfix@-.service". */
static struct str stem(struct str unit)
{
	size_t slash = STR_NOT_FOUND, n = 0;

	while ((slash = str_find_char(unit, '/')) != STR_NOT_FOUND) {
		unit = str_slice(unit, slash + 1, SIZE_MAX);
	}
	while (n < unit.n && unit.p[n] != '.' && unit.p[n] != '@') {
		n++;
	}
	return str_slice(unit, 0, n);
}

/* `ssh` is the unit of the filter `sshd`, `postfix` of `postfix-delivery`. */
static bool is_watched(const struct doctor *d, struct str unit)
{
	struct str name = stem(unit);

	for (size_t i = 0; d->config && i < d->config->n_filters; i++) {
		const struct config_part *filter = &d->config->filters[i];

		if (filter->state == PART_OK && name.n >= STEM_LEAST &&
		    (str_has_prefix(filter->name, name) || str_has_prefix(name, filter->name))) {
			return true;
		}
	}
	return false;
}

static void take_loss(void *arg, const struct lost *lost, instant at)
{
	struct losses *l = arg;
	bool watched = is_watched(l->doctor, lost->from);
	struct buf *name = watched ? &l->unit : &l->other;

	(void)at;
	if (!name->n) {
		buf_add_str(name, lost->from);
	}
	*(watched ? &l->watched : &l->others) += lost->lines;
}

static void tell_losses(struct doctor *d, const struct losses *l)
{
	CLEANUP(buf_done) struct buf command = { 0 };

	buf_printf(&command, "systemctl edit %s", buf_text(&l->unit));
	if (l->watched) {
		doctor_find(
			d, "journald",
			(struct remedy){
				"put LogRateLimitIntervalSec=0 below [Service] and restart it",
				buf_text(&command) },
			"journald threw away %llu line%s of %s within a day, for there were too many at once: ipsd never saw them",
			(unsigned long long)l->watched, str_plural(l->watched), buf_text(&l->unit));
	} else if (l->others) {
		doctor_fine(d, "journald", "it threw away lines of %s only, which no filter reads",
			    buf_text(&l->other));
	} else if (l->journals) {
		doctor_fine(d, "journald", "it threw no lines away within a day");
	} else {
		doctor_fine(d, "journald", "there is no journal to look at");
	}
}

static void look_at_journal(struct doctor *d, struct str dir, struct losses *l)
{
	int r = journal_lost(dir, instant_add(clock_now(), seconds(-DAY)), take_loss, l);

	l->journals += r >= 0;
	if (r < 0 && r != -ENOENT) {
		doctor_unseen(d, "journald", "sudo ipsctl doctor", "the journal%s%.*s: %s",
			      dir.n ? " in " : "", STR_ARG(dir), strerror(-r));
	}
}

void doctor_journal(struct doctor *d)
{
	const struct ruleset *rules = d->config ? d->config->ruleset : NULL;
	struct losses losses = { .doctor = d };

	look_at_journal(d, STR_NONE, &losses);
	for (size_t i = 0; rules && i < rules->n_sources; i++) {
		struct journal_place place;
		struct str bad;

		if (rules->sources[i].kind == SOURCE_JOURNAL &&
		    journal_place_parse(rules->sources[i].text, &place, &bad) == 0 && place.dir.n) {
			look_at_journal(d, place.dir, &losses);
		}
	}
	tell_losses(d, &losses);
	buf_done(&losses.unit);
	buf_done(&losses.other);
}

/* ---- rsyslog ----
 *
 * What it writes into a file looks as anybody's line does who names himself rsyslogd (logger -t):
 * it is told as the file's word, and the command asks the journal, which knows who wrote. */

/* The end of a file. */
static int read_end(const char *path, struct buf *ret)
{
	int fd CLEANUP(fd_close) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char *room;
	int64_t n;

	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	room = S_ISREG(st.st_mode) ? buf_reserve(ret, TAIL_BYTES) : NULL;
	if (!room) {
		return -EINVAL;
	}
	n = files_pread(fd, room, TAIL_BYTES,
			st.st_size > TAIL_BYTES ? (uint64_t)(st.st_size - TAIL_BYTES) : 0);
	ret->n += n > 0 ? (size_t)n : 0;
	return n < 0 ? (int)n : 0;
}

/* How many lines the file says were lost; *ret_stamp: when last. */
static uint64_t count_lost(struct str text, const struct stamp_format *format,
			   struct str *ret_stamp)
{
	struct syslog_line said;
	struct lost lost;
	struct str line;
	uint64_t n = 0;

	while (str_split(&text, '\n', &line)) {
		if (str_find(line, STR("message")) != STR_NOT_FOUND &&
		    syslog_read(line, format, &said) &&
		    lost_read(said.program, said.message, &lost)) {
			n += lost.lines;
			*ret_stamp = said.stamp;
		}
	}
	return n;
}

struct logs {
	struct doctor *doctor;
	const struct stamp_format *format;
	size_t n_read, n_lost;
	const char *unread; /* one that could not be */
	int error;
};

static void look_at_log(struct logs *l, const char *path)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct str stamp = STR_NONE;
	int r = read_end(path, &text);
	uint64_t n;

	if (r < 0) {
		l->unread = r == -ENOENT ? l->unread : path;
		l->error = r == -ENOENT ? l->error : r;
		return;
	}
	l->n_read++;
	n = count_lost(buf_str(&text), l->format, &stamp);
	if (n) {
		l->n_lost++;
		doctor_find(
			l->doctor, "rsyslog",
			(struct remedy){
				"every user of this host can write such lines; where rsyslog's own words are the same, set Ratelimit.Interval=\"0\" at its inputs (imuxsock: SysSock.RateLimit.Interval, see /etc/rsyslog.conf and /etc/rsyslog.d) and restart it",
				"journalctl -u rsyslog -g rate-limiting" },
			"as %s says, rsyslog threw lines away, for there were too many at once (%llu, last at %.*s): ipsd never saw them",
			path, (unsigned long long)n, STR_ARG(stamp));
	}
}

static void look_at_logs(struct logs *l)
{
	static const char *const usual[] = { "/var/log/syslog", "/var/log/messages" };
	const struct ruleset *rules = l->doctor->config ? l->doctor->config->ruleset : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		look_at_log(l, usual[i]);
	}
	for (size_t i = 0; rules && i < rules->n_sources; i++) {
		CLEANUP(buf_done) struct buf path = { 0 };

		buf_add_str(&path, rules->sources[i].text);
		if (rules->sources[i].kind == SOURCE_FILE &&
		    strcmp(buf_text(&path), usual[0]) != 0 &&
		    strcmp(buf_text(&path), usual[1]) != 0) {
			look_at_log(l, buf_text(&path));
		}
	}
}

void doctor_syslog(struct doctor *d)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct logs logs = { .doctor = d };
	struct stamp_format *format;

	if (!arena || stamp_format_parse(STR("auto"), arena, &format, NULL) < 0) {
		return;
	}
	logs.format = format;
	look_at_logs(&logs);
	if (logs.unread) {
		doctor_unseen(d, "rsyslog", "sudo ipsctl doctor",
			      "whether lines were thrown away: %s cannot be read: %s", logs.unread,
			      strerror(-logs.error));
	} else if (logs.n_read && !logs.n_lost) {
		doctor_fine(d, "rsyslog",
			    "nothing in the end%s of %zu log%s says that lines were thrown away",
			    str_plural(logs.n_read), logs.n_read, str_plural(logs.n_read));
	}
}
