/* SPDX-License-Identifier: MIT */
/* Reconcile: the enforcer hears of changes by others and looks after the table; what is wished only
 * the daemon knows. So it sends all wishes, each of which is asked for before anything is done
 * about it: what stands stays, with its time and its counter. Behind them goes the question what
 * stands there at all, as long as that is cheap; what nobody wishes is taken out.
 *
 * Behind a start of the enforcer it may cost more: what had been lifted, and the one before had not
 * taken out yet, is found by nothing else. While the enforcer reads so many elements, nobody is
 * blocked, and a change by somebody else makes it all in vain; so then it is tried again after a
 * minute, and each time after twice as long. What does not fit into the queue to the enforcer is
 * found by another such look.
 *
 * Others may change nftables a thousand times a second, none of it ours. So looks at the elements
 * take no more than a quarter of the time: each is paid for with four times as long as it took.
 * One may be owed, so a change waits for nothing when no storm was before it, nor does the one
 * that came while the first was looked for. What is sent for another reason (a start, a table that
 * was made again, a refused wish) pays nothing. */
#include "daemon/reconcile.h"

#include <errno.h>

#include "daemon/adoption.h"
#include "daemon/control.h"
#include "output/record.h"
#include "sys/clock.h"

enum { LIST_MAX = 20000, PRICE = 4, TOLD_MAX = 5 };

static const duration in_vain = { .us = 60000000 }, in_vain_most = { .us = 3600000000 };
static const duration pause = { .us = 250000 }, soon = { .us = 20000 };
/* What ends within this time may have ended here and not there. */
static const duration slack = { .us = 3000000 };

void reconcile_foreign(struct daemon *d, const char *broken)
{
	d->reconcile.wanted = true;
	if (broken && !d->reconcile.broken) {
		log_error("our table in the kernel was changed or removed by somebody else and "
			  "cannot be made again: %s; nobody is blocked until it can, next: nft "
			  "list ruleset",
			  broken);
	}
	d->reconcile.broken = broken != NULL;
}

static void look_for_lost(struct reconcile *r, instant at)
{
	r->lost = true;
	r->lost_at = at;
}

static bool looks_for_lost(const struct reconcile *r, instant now)
{
	return r->lost && now.us >= r->lost_at.us;
}

void reconcile_ready(struct daemon *d, bool restarted)
{
	const struct enforcer_state *state = enforcer_state(d->enforcer);

	if (restarted && state->mends > d->mends) {
		log_warning("our table in the kernel was changed or removed by somebody else; it "
			    "was made again, and all bans are sent to it");
		d->reconcile.confirms = true;
	} else if (restarted) {
		log_warning("the enforcer had ended and was started again; all bans are sent to "
			    "the kernel");
	}
	d->reconcile.broken = false;
	d->reconcile.since = clock_now();
	d->reconcile.free = true;
	if (state->mends == d->mends) {
		look_for_lost(&d->reconcile, clock_now());
	}
	d->mends = state->mends;
	enforcement_resync(d);
}

static bool has_few(const struct daemon *d)
{
	return enforcer_state(d->enforcer)->elements <= LIST_MAX;
}

static void ask_for_list(struct daemon *d)
{
	struct reconcile *r = &d->reconcile;
	bool lost = looks_for_lost(r, clock_now());
	size_t max;

	if (r->under_way) {
		r->list_due = true;
		return;
	}
	max = adoption_is_expected(d) ? adoption_max(d)
	      : lost                  ? RECORD_LIST_MAX
	      : has_few(d)            ? LIST_MAX
				      : 0;
	r->list_due = enforcer_list(d->enforcer, max) < 0;
	if (!r->list_due) {
		r->under_way = true;
		r->lost = r->lost && !lost;
		r->asked_lost = lost;
		r->asked_all = max > 0;
		r->releases_then = r->releases;
	}
}

void reconcile_sent(struct daemon *d)
{
	d->reconcile.confirms = false;
	ask_for_list(d);
}

uint64_t reconcile_looks(const struct daemon *d)
{
	return d->reconcile.looks;
}

/* Those that are under way, or about to be, have perhaps passed by already. */
uint64_t reconcile_look(struct daemon *d)
{
	struct reconcile *r = &d->reconcile;

	r->wanted = true;
	r->at = clock_now();
	return r->looks + 1 + (d->resync || r->list_due) + r->under_way;
}

void reconcile_turn(struct daemon *d, instant now)
{
	struct reconcile *r = &d->reconcile;

	if (!d->enforcer) {
		return;
	}
	/* They may be our own, of which not all had been answered when that was asked. */
	r->too_many = r->too_many && has_few(d);
	if (d->resync || r->under_way) {
		return;
	}
	if (r->list_due) {
		ask_for_list(d);
	} else if (looks_for_lost(r, now) || (r->wanted && now.us >= r->at.us)) {
		r->wanted = r->free = false;
		r->since = now;
		if (engine_observes(d->engine)) {
			ask_for_list(d);
		} else {
			r->confirms = true;
			enforcement_confirm(d);
		}
	}
}

instant reconcile_deadline(const struct daemon *d)
{
	const struct reconcile *r = &d->reconcile;

	if (!d->enforcer || d->resync || r->under_way) {
		return INSTANT_NEVER;
	}
	if (r->list_due) {
		return instant_add(clock_now(), soon);
	}
	return instant_min(r->wanted ? r->at : INSTANT_NEVER, r->lost ? r->lost_at : INSTANT_NEVER);
}

/* A wish not to hold that went out meanwhile may be the reason why nobody wishes it: then it is
 * nobody's fault. After the loss of a database it is to be adopted. */
void reconcile_found(struct daemon *d, const struct prefix *prefix, uint16_t scope, duration left)
{
	struct reconcile *r = &d->reconcile;
	char text[PREFIX_TEXT_MAX];
	instant until;

	if (d->replan || scope >= engine_ruleset(d->engine)->n_scopes || left.us < slack.us ||
	    engine_wish(d->engine, prefix, scope, &until)) {
		return;
	}
	if (adoption_is_expected(d)) {
		adoption_found(d, prefix, scope, left);
		return;
	}
	if (enforcer_release(d->enforcer, prefix, scope) < 0) {
		look_for_lost(r, clock_now());
		return;
	}
	if (r->asked_lost) {
		r->left_over++;
		return;
	}
	if (r->releases != r->releases_then) {
		return;
	}
	control_taken_out(d->control, prefix, scope);
	if (r->removed++ - r->removed_told < TOLD_MAX) {
		prefix_format_short(prefix, text);
		log_warning("%s stood in the kernel's sets and nobody had blocked it here; it was "
			    "taken out, to block it: ipsctl ban %s",
			    text, text);
	}
}

static void tell(struct daemon *d, duration took)
{
	struct reconcile *r = &d->reconcile;
	uint64_t put_back = enforcer_state(d->enforcer)->put_back;

	if (put_back > r->put_back) {
		log_warning("blocks were missing in the kernel (%llu), taken out by somebody else; "
			    "they are back, after %lld ms",
			    (unsigned long long)(put_back - r->put_back),
			    (long long)(took.us / 1000));
		leaks_restart(&d->leaks, clock_now());
	}
	if (r->removed - r->removed_told > TOLD_MAX) {
		log_warning("%llu more that nobody had blocked here were taken out of the kernel",
			    (unsigned long long)(r->removed - r->removed_told - TOLD_MAX));
	}
	if (r->left_over > 0) {
		log_notice("the kernel still held %llu elements that had been lifted, or that "
			   "nobody had blocked here, before the enforcer was started; they were "
			   "taken out",
			   (unsigned long long)r->left_over);
		r->left_over = 0;
	}
	r->put_back = put_back;
	r->removed_told = r->removed;
}

/* When the next look may begin, after one that took so long. */
static instant pay(struct reconcile *r, instant now, duration took)
{
	const duration price = { .us = took.us > 0 ? took.us * PRICE : 0 };
	const instant soonest = instant_add(now, pause);
	const instant owing = instant_max(r->paid, r->since);

	if (r->free) {
		return soonest;
	}
	r->paid = instant_add(owing, price);
	return instant_max(owing, soonest);
}

/* The look for what was lost was in vain. */
static void try_again(struct daemon *d, instant now)
{
	struct reconcile *r = &d->reconcile;

	r->lost_wait.us = r->lost_wait.us > 0 ? 2 * r->lost_wait.us : in_vain.us;
	r->lost_wait.us = r->lost_wait.us < in_vain_most.us ? r->lost_wait.us : in_vain_most.us;
	look_for_lost(r, has_few(d) ? r->at : instant_add(now, r->lost_wait));
}

void reconcile_listed(struct daemon *d, int error)
{
	struct reconcile *r = &d->reconcile;
	instant now = clock_now();
	duration took = instant_since(now, r->since);

	tell(d, took);
	r->under_way = false;
	r->looks++;
	r->wanted |= error == EINTR;
	r->listed = r->asked_all && error == 0;
	r->too_many = r->asked_all && error == E2BIG && !adoption_is_expected(d);
	if (adoption_is_expected(d)) {
		adoption_listed(d, error);
	}
	r->at = pay(r, now, took);
	r->free = true;
	if (r->asked_lost && error == EINTR) {
		try_again(d, now);
	} else if (r->asked_lost && error == 0) {
		r->lost_wait.us = 0;
	}
}

void reconcile_findings(const struct daemon *d,
			void (*add)(void *arg, const char *level, const char *command,
				    const char *text),
			void *arg)
{
	const struct enforcer_state *state = enforcer_state(d->enforcer);

	const struct {
		uint64_t n;
		const char *what;
	} notes[] = {
		{ state->mends, "times our table in the kernel was changed or removed by somebody "
				"else; it was made again" },
		{ state->put_back, "blocks were taken out of the kernel by somebody else; they "
				   "were put back" },
		{ d->reconcile.removed, "elements of the kernel's sets that nobody had blocked "
					"here were taken out" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		struct buf text CLEANUP(buf_done) = { 0 };

		if (notes[i].n > 0) {
			buf_printf(&text, "%llu %s", (unsigned long long)notes[i].n, notes[i].what);
			add(arg, "note", NULL, buf_text(&text));
		}
	}
	if (d->reconcile.too_many) {
		add(arg, "warning", "ipsctl observe; ipsctl enforce",
		    "somebody has put so much into the kernel's sets that nobody looks through it: "
		    "packets are dropped that nobody had blocked here; the two commands empty "
		    "the sets and fill them again");
	}
}
