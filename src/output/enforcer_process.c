/* SPDX-License-Identifier: MIT */
/* enforcer_process.c - the process that may change nftables.
 *
 * Its wheel: read what waits in the socket, up to a transaction's worth; have it done; reply to
 * each record in its order. A record that is no good is refused by its number, so that the daemon's
 * queue goes on. It writes to nobody but the daemon, and waits when that one is slow: the daemon's
 * own queue is the bound of what can pile up. */
#include "output/enforcer_process.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "output/record.h"
#include "output/shadow.h"
#include "sys/sockets.h"

enum { MESSAGE = RECORDS_PER_MESSAGE * sizeof(struct record) };

struct process {
	int fd;
	uint64_t starts;
	size_t n_scopes;
	struct shadow *shadow;
	struct buf words; /* of nft, in this turn */
	size_t n;         /* records of this turn, and the replies to them */
	struct record records[SHADOW_BATCH];
	struct reply replies[SHADOW_BATCH];
};

/* --- To the daemon ------------------------------------------------------------------------------
 */

/* When the daemon is gone there is nobody to work for. */
static void send_message(const struct process *p, const void *bytes, size_t n)
{
	struct pollfd wait = { .fd = p->fd, .events = POLLOUT };
	int64_t r;

	while ((r = sockets_write(p->fd, bytes, n)) == -EAGAIN) {
		(void)poll(&wait, 1, -1);
	}
	if (r < 0) {
		_exit(ENFORCER_DONE);
	}
}

static void report(const struct process *p, enum report_state state, int error, struct str text)
{
	struct report r = {
		.kind = REPLY_REPORT, .state = (uint8_t)state, .error = error, .starts = p->starts
	};

	(void)snprintf(r.text, sizeof(r.text), "%.*s", STR_ARG(text));
	send_message(p, &r, sizeof(r));
}

/* "203.0.113.9: No space left on device (and 3 more)", for the first that was refused. */
static void report_refusals(const struct process *p)
{
	struct buf text CLEANUP(buf_done) = { 0 };
	size_t refused = 0, first = 0;
	int error;

	for (size_t i = p->n; i-- > 0;) {
		if (p->replies[i].kind == REPLY_FATE && p->replies[i].error != 0) {
			first = i;
			refused++;
		}
	}
	if (refused == 0) {
		return;
	}
	error = p->replies[first].error;
	if (p->records[first].len > 0 || p->records[first].family > 0) {
		struct prefix subject = record_prefix(&p->records[first]);
		char prefix[PREFIX_TEXT_MAX];

		buf_printf(&text, "%s: ", prefix_format_short(&subject, prefix));
	}
	buf_add_str(&text, error == EACCES  ? STR("it is on never-block")
			   : p->words.n > 0 ? buf_str(&p->words)
					    : str_of(strerrordesc_np(error)));
	if (refused > 1) {
		buf_printf(&text, " (and %zu more)", refused - 1);
	}
	report(p, REPORT_TROUBLE, error, buf_str(&text));
}

static void send_replies(struct process *p)
{
	report_refusals(p);
	for (size_t i = 0; i < p->n; i++) {
		p->replies[i].transactions = shadow_transactions(p->shadow);
	}
	for (size_t i = 0; i < p->n; i += REPLIES_PER_MESSAGE) {
		size_t n = p->n - i < REPLIES_PER_MESSAGE ? p->n - i : REPLIES_PER_MESSAGE;

		send_message(p, &p->replies[i], n * sizeof(*p->replies));
	}
}

/* --- From the daemon -----------------------------------------------------------------------------
 */

static void work_off(struct process *p)
{
	if (p->n == 0) {
		return;
	}
	buf_clear(&p->words);
	if (shadow_apply(p->shadow, p->records, p->n, p->replies, &p->words) > 0) {
		report(p, REPORT_MENDED, 0,
		       STR("somebody had taken the nft table away; it was made again"));
	}
	send_replies(p);
	p->n = 0;
}

static void take_record(struct process *p, const uint8_t *bytes)
{
	struct record r;
	uint64_t seq;

	if (record_parse(bytes, sizeof(r), p->n_scopes, &r) == 0) {
		p->replies[p->n] =
			(struct reply){ .kind = r.kind == RECORD_ASK ? REPLY_ANSWER : REPLY_FATE,
					.seq = r.seq };
		p->records[p->n++] = r;
		return;
	}
	work_off(p); /* replies keep the order of the records */
	memcpy(&seq, bytes + offsetof(struct record, seq), sizeof(seq));
	report(p, REPORT_TROUBLE, EBADMSG, STR("a record from ipsd was malformed"));
	send_message(p, &(struct reply){ .kind = REPLY_FATE, .error = EBADMSG, .seq = seq },
		     sizeof(struct reply));
}

/* Takes one message. False: none waits. */
static bool take_message(struct process *p)
{
	uint8_t bytes[MESSAGE + 1]; /* one more tells a message that is too long */
	int64_t n = sockets_read(p->fd, bytes, sizeof(bytes));

	if (n == -EAGAIN) {
		return false;
	}
	if (n <= 0) {
		work_off(p);
		_exit(ENFORCER_DONE);
	}
	if ((size_t)n % sizeof(struct record) != 0) {
		report(p, REPORT_TROUBLE, EMSGSIZE, STR("a message from ipsd had a wrong length"));
		return true;
	}
	for (size_t at = 0; at < (size_t)n; at += sizeof(struct record)) {
		take_record(p, bytes + at);
	}
	return true;
}

static noreturn void fail(const struct process *p, int error)
{
	const char *said = p->words.n > 0 ? buf_text(&p->words) : strerrordesc_np(-error);

	report(p, REPORT_FAILED, -error, str_of(said));
	_exit(ENFORCER_FAILED);
}

noreturn void enforcer_process_run(const struct enforcer_job *job, int fd, uint64_t starts)
{
	static struct process p;
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int r;

	(void)prctl(PR_SET_NAME, "ipsd: enforcer");
	p.fd = fd;
	p.starts = starts;
	p.n_scopes = job->plan.n_scopes;
	r = shadow_open(&job->plan, job->host_v6, &p.words, &p.shadow);
	if (r < 0) {
		fail(&p, r);
	}
	report(&p, REPORT_READY, 0,
	       r > 0 ? STR("the nft table stood there in another shape and was made anew, empty")
		     : STR_NONE);
	for (;;) {
		(void)poll(&wait, 1, -1);
		while (p.n + RECORDS_PER_MESSAGE <= SHADOW_BATCH && take_message(&p)) {
		}
		work_off(&p);
	}
}
