/* SPDX-License-Identifier: MIT */
/* All figures in one text: nothing here is computed, only told. */
#include "daemon/call.h"

#include <sys/resource.h>

#include "daemon/leaking.h"
#include "sys/clock.h"
#include "wire/metrics.h"

static void one(struct buf *out, const char *name, enum metric_kind kind, const char *help,
		double number)
{
	metrics_begin(out, name, kind, help);
	metrics_sample(out, name, NULL, STR_NONE, number);
}

static double memory_peak(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss * 1024 : 0;
}

static void engine_metrics(const struct daemon *d, struct buf *out)
{
	struct engine_stats s = engine_stats(d->engine);
	const struct bans *bans = engine_bans(d->engine);

	one(out, "ipsd_lines_total", METRIC_COUNTER, "Log lines read.", (double)s.lines);
	one(out, "ipsd_events_total", METRIC_COUNTER, "Events recognised.", (double)s.events);
	one(out, "ipsd_counted_events_total", METRIC_COUNTER, "Events that some jail counted.",
	    (double)s.counted);
	one(out, "ipsd_bans_total", METRIC_COUNTER, "Bans made.", (double)s.bans);
	one(out, "ipsd_bans", METRIC_GAUGE, "Running bans.", bans_count(bans, DECISION_BAN));
	one(out, "ipsd_ban_entries", METRIC_GAUGE,
	    "Running, observed and spared bans, and ended ones that a late line may ask for.",
	    bans_entries(bans));
	one(out, "ipsd_ban_entries_limit", METRIC_GAUGE, "How many of these there is room for.",
	    bans_capacity(bans));
	one(out, "ipsd_no_room_total", METRIC_COUNTER, "Bans that were not made for lack of room.",
	    (double)s.no_room);
	one(out, "ipsd_memory_peak_bytes", METRIC_GAUGE,
	    "Most memory that the reader has held since the start.", memory_peak());
	one(out, "ipsd_spared_total", METRIC_COUNTER, "Would-be bans of what is on never-block.",
	    (double)s.spared);
	one(out, "ipsd_observed_total", METRIC_COUNTER, "Would-be bans while only observing.",
	    (double)s.observed);
	one(out, "ipsd_subjects", METRIC_GAUGE, "Subjects with a score.", (double)s.subjects);
	one(out, "ipsd_evicted_total", METRIC_COUNTER, "Subjects forgotten early for lack of room.",
	    (double)s.evicted);
	one(out, "ipsd_sessions_evicted_total", METRIC_COUNTER,
	    "Sessions forgotten early for lack of room.", (double)s.sessions_lost);
	one(out, "ipsd_enforcing", METRIC_GAUGE,
	    "1 while bans are enforced, 0 while only observing.",
	    engine_observes(d->engine) ? 0 : 1);
	one(out, "ipsd_start_time_seconds", METRIC_GAUGE, "When ipsd was started.",
	    (double)d->started.us / 1e6);
	one(out, "ipsd_database_writable", METRIC_GAUGE, "0 while the database cannot be written.",
	    d->store_trouble.on ? 0 : 1);
	one(out, "ipsd_longest_turn_seconds", METRIC_GAUGE,
	    "Longest time since the start that ipsd worked without a look at what came in.",
	    (double)loop_longest_turn(d->loop).us / 1e6);
}

static void kernel_metrics(struct daemon *d, struct buf *out)
{
	const struct enforcer_state *s;

	one(out, "ipsd_kernel_agrees", METRIC_GAUGE, "1 while the kernel holds what is wished.",
	    enforcement_agrees(d) ? 1 : 0);
	if (!d->enforcer) {
		return;
	}
	s = enforcer_state(d->enforcer);
	one(out, "ipsd_kernel_elements", METRIC_GAUGE, "Elements in our nftables sets.",
	    (double)s->elements);
	one(out, "ipsd_leaking_bans", METRIC_GAUGE,
	    "Running bans that do not stop their addresses: logs go on telling of them.",
	    (double)leaking_count(d));
	one(out, "ipsd_leaks_total", METRIC_COUNTER, "Bans that were found to do nothing.",
	    (double)d->leaks.total);
	one(out, "ipsd_kernel_pending", METRIC_GAUGE,
	    "Changes that the kernel has not answered yet.", (double)s->pending);
	one(out, "ipsd_kernel_transactions_total", METRIC_COUNTER, "nft transactions.",
	    (double)s->transactions);
	one(out, "ipsd_kernel_refused_total", METRIC_COUNTER, "Changes that the kernel refused.",
	    (double)s->failed);
	one(out, "ipsd_kernel_mends_total", METRIC_COUNTER,
	    "Times our table was made again after somebody changed it.", (double)s->mends);
	one(out, "ipsd_kernel_foreign_changes_total", METRIC_COUNTER,
	    "Changes in nftables by others, whatever they were about.", (double)s->foreign);
	one(out, "ipsd_kernel_put_back_total", METRIC_COUNTER,
	    "Elements that others had taken out of our sets and that were put back.",
	    (double)s->put_back);
	one(out, "ipsd_kernel_taken_out_total", METRIC_COUNTER,
	    "Elements in our sets that nobody had wished and that were taken out.",
	    (double)d->reconcile.removed);
	one(out, "ipsd_enforcer_restarts_total", METRIC_COUNTER,
	    "Times the enforcer was started again.", (double)s->restarts);
}

/* One metric over all jails; `pick` chooses the figure. */
static void jail_metric(const struct daemon *d, struct buf *out, const char *name,
			enum metric_kind kind, const char *help,
			double (*pick)(const struct jail_stats *))
{
	const struct ruleset *rules = engine_ruleset(d->engine);

	metrics_begin(out, name, kind, help);
	for (size_t i = 0; i < rules->n_jails; i++) {
		struct jail_stats s = engine_jail_stats(d->engine, (uint16_t)i);

		metrics_sample(out, name, "jail", rules->jails[i].name, pick(&s));
	}
}

static double pick_bans(const struct jail_stats *s)
{
	return s->bans;
}

static double pick_subjects(const struct jail_stats *s)
{
	return s->subjects;
}

static double pick_near(const struct jail_stats *s)
{
	return s->near;
}

static double pick_events(const struct jail_stats *s)
{
	return (double)s->events;
}

static double pick_brakes(const struct jail_stats *s)
{
	return (double)s->brakes;
}

static double pick_braked(const struct jail_stats *s)
{
	return s->braked_until.us > clock_now().us;
}

static void jail_metrics(const struct daemon *d, struct buf *out)
{
	jail_metric(d, out, "ipsd_jail_bans", METRIC_GAUGE, "Running bans of a jail.", pick_bans);
	jail_metric(d, out, "ipsd_jail_subjects", METRIC_GAUGE, "Subjects with a score in a jail.",
		    pick_subjects);
	jail_metric(d, out, "ipsd_jail_near", METRIC_GAUGE,
		    "Subjects at or above half of a jail's threshold.", pick_near);
	jail_metric(d, out, "ipsd_jail_events_total", METRIC_COUNTER, "Events that a jail counted.",
		    pick_events);
	jail_metric(d, out, "ipsd_jail_braked", METRIC_GAUGE,
		    "1 while a jail only observes because too many known addresses failed at once.",
		    pick_braked);
	jail_metric(d, out, "ipsd_jail_brakes_total", METRIC_COUNTER,
		    "Times that a jail began to hold back like that.", pick_brakes);
	metrics_begin(out, "ipsd_part_failed", METRIC_GAUGE,
		      "1 for a jail or filter that does not run because its file is broken.");
	for (size_t i = 0; i < d->config->n_jails; i++) {
		metrics_sample(out, "ipsd_part_failed", "jail", d->config->jails[i].name,
			       d->config->jails[i].state == PART_FAILED);
	}
	for (size_t i = 0; i < d->config->n_filters; i++) {
		metrics_sample(out, "ipsd_part_failed", "filter", d->config->filters[i].name,
			       d->config->filters[i].state == PART_FAILED);
	}
}

static void source_metrics(const struct daemon *d, struct buf *out)
{
	struct tail_status s;

	metrics_begin(out, "ipsd_source_lag_bytes", METRIC_GAUGE,
		      "Bytes of a source that wait to be read.");
	for (size_t i = 0; i < tail_count(d->tail); i++) {
		tail_status(d->tail, i, &s);
		metrics_sample(out, "ipsd_source_lag_bytes", "source", str_of(s.path),
			       (double)s.lag_bytes);
	}
	metrics_begin(out, "ipsd_source_reading", METRIC_GAUGE,
		      "0 for a source that is missing or unreadable.");
	for (size_t i = 0; i < tail_count(d->tail); i++) {
		tail_status(d->tail, i, &s);
		metrics_sample(out, "ipsd_source_reading", "source", str_of(s.path),
			       s.state == TAIL_READING);
	}
}

enum call_next answer_metrics(struct call *call)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct value *reply = value_object();

	engine_metrics(call->daemon, &text);
	kernel_metrics(call->daemon, &text);
	jail_metrics(call->daemon, &text);
	source_metrics(call->daemon, &text);
	value_set_text(reply, "text", buf_str(&text));
	call_reply(call, reply, false);
	return CALL_DONE;
}
