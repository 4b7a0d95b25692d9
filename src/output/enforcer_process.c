/* SPDX-License-Identifier: MIT */
/* enforcer_process.c - the process that may change nftables.
 *
 * Its wheel: read what waits in the socket, up to a transaction's worth; have it done; reply to
 * each record in its order. A record that is no good is refused by its number, so that the daemon's
 * queue goes on.
 *
 * It begins by asking for a plan, and makes the table when it has one: the kernel's sets are never
 * those of an older plan than the daemon's last. Until the plan that is marked as its first,
 * everything is left by: it is what an enforcer that died had not read. A plan that is
 * refused leaves the old one standing; wishes made for it are done as far as both plans know their
 * scope by the same number.
 *
 * When somebody else has changed nftables the table is looked at: at once, but not more often than
 * four times a second, and always after the last change. Whether its elements stand is for the
 * daemon to ask, which knows what is wished. A table that cannot be made again (it is another
 * process's, for example) is tried once a second.
 *
 * It writes to nobody but the daemon, and waits when that one is slow:
 * the daemon's own queue is the bound of what can pile up.
 *
 * It is sealed before it reads a record, and opens no file afterwards. */
#include "output/enforcer_process.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "output/closer.h"
#include "output/nft.h"
#include "output/plan.h"
#include "output/record.h"
#include "output/shadow.h"
#include "sys/clock.h"
#include "sys/seal.h"
#include "sys/sockets.h"

enum { MESSAGE = RECORDS_PER_MESSAGE * sizeof(struct record) };

/* Microseconds between two looks at the table; between two tries to make it. */
static const int64_t look_pause = 250000, try_pause = 1000000;

struct process {
	int fd;
	uint64_t starts;
	const struct enforcer_job *job;
	struct closer *closer; /* NULL: nothing was cut yet */
	int uncut; /* why it closes nothing, as told: 0 or a positive errno; -1: nothing was told */
	struct plan *plan, *draft; /* the one that stands, and one that arrives */
	struct kernel_plan stands;
	bool strange[SCOPES_MAX]; /* scopes whose number means another one to the daemon */
	struct shadow *shadow;    /* NULL: no plan yet */
	uint64_t foreign;         /* changes by somebody else that were not looked at yet */
	bool broken;              /* the table could not be made */
	int64_t look_at;          /* not before */
	struct buf words;         /* of nft, in this turn */
	size_t n;                 /* records of this turn, and the replies to them */
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

/* After a change by somebody else. */
static void report_look(struct process *p, enum report_state state, int error, struct str text)
{
	struct report r = { .kind = REPLY_REPORT,
			    .state = (uint8_t)state,
			    .error = error,
			    .starts = p->starts,
			    .foreign = p->foreign };

	(void)snprintf(r.text, sizeof(r.text), "%.*s", STR_ARG(text));
	send_message(p, &r, sizeof(r));
	p->foreign = 0;
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

static void tell_uncut(struct process *p, int error)
{
	if (p->uncut != error) {
		p->uncut = error;
		report(p, REPORT_UNCUT, error, STR_NONE);
	}
}

static int cut_one(struct process *p, const struct prefix *prefix, const struct scope *scope)
{
	int r = p->closer ? 0 : closer_open(p->job->both, &p->closer);

	return r < 0 ? r : closer_add(p->closer, prefix, scope, p->stands.never_block);
}

/* What was banned in this turn loses its connections, behind the replies. A kernel that cannot is
 * not asked again. */
static void cut(struct process *p)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n && p->job->cuts && p->uncut != EOPNOTSUPP; i++) {
		const struct record *record = &p->records[i];
		struct prefix prefix = record_prefix(record);

		if (record->kind == RECORD_HOLD && p->replies[i].error == 0 &&
		    record->deadline > clock_monotonic()) {
			r = cut_one(p, &prefix, &p->stands.scopes[record->scope]);
		}
	}
	if (r < 0) {
		tell_uncut(p, -r);
	}
}

static bool a_message_waits(const struct process *p)
{
	struct pollfd wait = { .fd = p->fd, .events = POLLIN };

	return poll(&wait, 1, 0) != 0;
}

/* The daemon comes first: while it has something to say there is one slice between its messages. */
static void go_on_cutting(struct process *p)
{
	while (p->closer && closer_is_busy(p->closer)) {
		int r = closer_step(p->closer, p->stands.never_block);

		if (r != 0) {
			tell_uncut(p, r < 0 ? -r : 0);
		}
		if (a_message_waits(p)) {
			return;
		}
	}
}

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
	cut(p);
	p->n = 0;
}

/* Replies to one record alone, after those before it: replies keep the order of the records. */
static void reply_alone(struct process *p, uint64_t seq, int error)
{
	work_off(p);
	send_message(p,
		     &(struct reply){ .kind = REPLY_FATE,
				      .error = error,
				      .seq = seq,
				      .transactions = p->shadow ? shadow_transactions(p->shadow)
								: 0 },
		     sizeof(struct reply));
}

/* --- What others do -----------------------------------------------------------------------------
 */

static void look(struct process *p)
{
	int r;

	buf_clear(&p->words);
	r = shadow_look(p->shadow, &p->words);
	p->look_at = clock_monotonic() + (r < 0 ? try_pause : look_pause);
	if (r < 0) {
		report_look(p, REPORT_BROKEN, -r,
			    p->words.n > 0 ? buf_str(&p->words) : str_of(strerrordesc_np(-r)));
	} else if (r > 0 || p->broken) {
		report_look(p, REPORT_MENDED, 0, STR_NONE);
	} else {
		report_look(p, REPORT_FOREIGN, 0, STR_NONE);
	}
	p->broken = r < 0;
}

/* Looks if there is a reason and it is time. Milliseconds until it is; -1: there is no reason. */
static int look_after(struct process *p)
{
	int64_t left;

	if (!p->shadow) {
		return -1;
	}
	p->foreign += shadow_heard(p->shadow);
	if (p->foreign == 0 && !p->broken) {
		return -1;
	}
	left = p->look_at - clock_monotonic();
	if (left > 0) {
		return (int)(left / 1000) + 1;
	}
	look(p);
	return p->broken ? (int)(try_pause / 1000) : -1;
}

/* Waits for the daemon, and for others unless it is known already that there is something to look
 * at. */
static void await(const struct process *p, int timeout)
{
	struct pollfd wait[] = { { .fd = p->fd, .events = POLLIN },
				 { .fd = -1, .events = POLLIN } };

	if (p->shadow && timeout < 0) {
		wait[1].fd = shadow_fd(p->shadow);
	}
	(void)poll(wait, ARRAY_SIZE(wait), timeout);
}

static int send_elements(struct process *p, size_t max)
{
	struct standing_list list = { .at = NULL };
	struct found found[FOUND_PER_MESSAGE];
	int r = max > 0 ? shadow_elements(p->shadow, max, &list) : 0;

	for (size_t i = 0; i < list.n; i++) {
		const struct standing_element *e = &list.at[i];
		struct found *f = &found[i % FOUND_PER_MESSAGE];

		*f = (struct found){ .kind = REPLY_FOUND,
				     .family = e->prefix.addr.family,
				     .len = e->prefix.len,
				     .scope = e->scope };
		f->left = e->has_timeout && e->left_ms < INT64_MAX / 1000
				  ? (int64_t)e->left_ms * 1000
				  : RECORD_NO_END;
		memcpy(f->bytes, e->prefix.addr.bytes, sizeof(f->bytes));
		if (i + 1 == list.n || i % FOUND_PER_MESSAGE == FOUND_PER_MESSAGE - 1) {
			send_message(p, found, (i % FOUND_PER_MESSAGE + 1) * sizeof(*found));
		}
	}
	free(list.at);
	return r;
}

static noreturn void fail(const struct process *p, int error)
{
	const char *said = p->words.n > 0 ? buf_text(&p->words) : strerrordesc_np(-error);

	report(p, REPORT_FAILED, -error, str_of(said));
	_exit(ENFORCER_FAILED);
}

/* The first plan: the table is made, or the process ends. */
static void open_shadow(struct process *p, const struct kernel_plan *plan)
{
	int r = shadow_open(plan, p->job->host_v6, &p->words, &p->shadow);

	if (r < 0) {
		fail(p, r);
	}
	report(p, REPORT_READY, 0,
	       r > 0 ? STR("the nft table stood there in another shape and was made anew, empty")
		     : STR_NONE);
}

static void refuse_plan(struct process *p, const struct kernel_plan *plan, int error)
{
	struct buf text CLEANUP(buf_done) = { 0 };

	for (uint16_t i = 0; i < SCOPES_MAX && plan; i++) {
		p->strange[i] = !plan_same_scope(&p->stands, plan, i);
	}
	buf_printf(&text, "a change of scopes or never-block: ");
	buf_add_str(&text, p->words.n > 0 ? buf_str(&p->words) : str_of(strerrordesc_np(-error)));
	report(p, REPORT_TROUBLE, -error, buf_str(&text));
}

static int apply_plan(struct process *p)
{
	struct kernel_plan plan = { .table = p->job->table,
				    .both = p->job->both,
				    .counters = p->job->counters };
	struct plan *old = p->plan;
	int r = 0;

	plan_read(p->draft, &plan);
	buf_clear(&p->words);
	if (!p->shadow) {
		open_shadow(p, &plan);
	} else {
		r = shadow_plan(p->shadow, &plan, &p->words);
	}
	if (r < 0) {
		refuse_plan(p, &plan, r);
		return r;
	}
	if (r > 0) {
		report(p, REPORT_MENDED, 0,
		       STR("somebody had changed the nft table; it was made again"));
	}
	p->stands = plan;
	p->plan = p->draft;
	p->draft = old;
	memset(p->strange, 0, sizeof(p->strange));
	return 0;
}

static bool is_of_plan(const struct record *r)
{
	return r->kind >= RECORD_PLAN && r->kind <= RECORD_PLAN_END;
}

static void take_plan_record(struct process *p, const struct record *record)
{
	int r;

	if (record->kind == RECORD_PLAN && !p->shadow &&
	    record->deadline != (int64_t)(p->starts + 1)) {
		return;
	}
	r = plan_take(p->draft, record);
	if (r > 0) {
		work_off(p); /* what was wished for the old plan */
		reply_alone(p, record->seq, -apply_plan(p));
	} else if (r < 0) {
		buf_clear(&p->words);
		refuse_plan(p, NULL, r);
		reply_alone(p, record->seq, -r);
	}
}

static void take_record(struct process *p, const uint8_t *bytes)
{
	struct record r;
	uint64_t seq;
	int e = record_parse(bytes, sizeof(r), p->shadow ? p->stands.n_scopes : 0, &r);

	if (e == 0 && is_of_plan(&r)) {
		take_plan_record(p, &r);
		return;
	}
	if (!p->shadow) {
		return;
	}
	if (e == 0 && r.kind == RECORD_LIST) {
		work_off(p);
		reply_alone(p, r.seq, -send_elements(p, r.cookie));
		return;
	}
	if (e == 0 && !p->strange[r.scope]) {
		p->replies[p->n] =
			(struct reply){ .kind = r.kind == RECORD_ASK ? REPLY_ANSWER : REPLY_FATE,
					.seq = r.seq };
		p->records[p->n++] = r;
		return;
	}
	memcpy(&seq, bytes + offsetof(struct record, seq), sizeof(seq));
	report(p, REPORT_TROUBLE, EBADMSG,
	       e < 0 ? STR("a record from ipsd was malformed")
		     : STR("the kernel does not have the ports of a block yet"));
	reply_alone(p, seq, EBADMSG);
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

noreturn void enforcer_process_run(const struct enforcer_job *job, int fd, uint64_t starts)
{
	static const struct seal seal = { .profile = SEAL_ENFORCER };
	static struct process p;
	int r;

	(void)prctl(PR_SET_NAME, "ipsd: enforcer");
	p.fd = fd;
	p.starts = starts;
	p.job = job;
	p.uncut = -1;
	kernel_table_prepare();
	r = seal_process(&seal);
	r = r < 0 ? r : plan_new(&p.plan);
	r = r < 0 ? r : plan_new(&p.draft);
	if (r < 0) {
		fail(&p, r);
	}
	report(&p, REPORT_STARTED, 0, STR_NONE);
	for (;;) {
		await(&p, look_after(&p));
		while (p.n + RECORDS_PER_MESSAGE <= SHADOW_BATCH && take_message(&p)) {
		}
		work_off(&p);
		go_on_cutting(&p);
	}
}
