/* SPDX-License-Identifier: MIT */
#include "output/print.h"

#include "base/escape.h"
#include "base/span.h"

static void add_place(const struct ruleset *r, const struct decision *d, struct buf *out)
{
	char text[PREFIX_TEXT_MAX];

	buf_printf(out, " %s", prefix_format_short(&d->prefix, text));
	if (d->scope != SCOPE_ALL) {
		buf_printf(out, " (ports %.*s)", STR_ARG(r->scopes[d->scope].label));
	}
}

static void add_length(const struct decision *d, struct buf *out)
{
	char until[INSTANT_TEXT_MAX], span[SPAN_TEXT_MAX];

	if (instant_is_never(d->until)) {
		buf_printf(out, " permanently");
	} else {
		buf_printf(out, " for %s, until %s",
			   span_format_short(instant_since(d->until, d->time), span),
			   instant_format(d->until, until));
	}
}

static void add_who(const struct ruleset *r, const struct decision *d, struct buf *out)
{
	if (d->jail == JAIL_BY_HAND) {
		buf_printf(out, ": by ");
		escape_text(out, d->by.n ? d->by : STR("hand"));
		if (d->reason.n) {
			buf_printf(out, " (");
			escape_cut(out, d->reason, 80);
			buf_printf(out, ")");
		}
		return;
	}
	buf_printf(out, ": %.*s", STR_ARG(ruleset_jail_name(r, d->jail)));
	if (d->n_evidence) {
		buf_printf(out, ": ");
		print_arithmetic(r, &r->jails[d->jail], d->evidence, d->n_evidence, out);
	}
	if (d->by.n) {
		buf_printf(out, ", by ");
		escape_text(out, d->by);
	}
}

void print_decision(const struct ruleset *r, const struct decision *d, struct buf *out)
{
	char time[INSTANT_TEXT_MAX];

	buf_printf(out, "%s %s", instant_format(d->time, time), decision_word(d->kind));
	add_place(r, d, out);
	if (d->kind != DECISION_LIFT) {
		add_length(d, out);
	}
	if (d->kind == DECISION_LIFT || d->kind == DECISION_SPARED ||
	    d->kind == DECISION_OBSERVED) {
		buf_printf(out, " (%s)", because_words(d->because));
	}
	add_who(r, d, out);
}

/* Events of one type, in the order of first appearance. */
static void add_term(const struct ruleset *r, const struct jail *jail,
		     const struct evidence *evidence, size_t n, uint16_t type, struct buf *out)
{
	int64_t count = 0;
	int32_t multiplier = jail_points(jail, type);
	struct str name = names_at(&r->types, type);

	for (size_t i = 0; i < n; i++) {
		count += evidence[i].type == type ? evidence[i].count : 0;
	}
	if (multiplier < 0) {
		buf_printf(out, "%lld %.*s (bans at once)", (long long)count, STR_ARG(name));
	} else {
		buf_printf(out, "%lld %.*s x %d", (long long)count, STR_ARG(name), multiplier);
	}
}

void print_arithmetic(const struct ruleset *r, const struct jail *jail,
		      const struct evidence *evidence, size_t n, struct buf *out)
{
	int64_t sum = 0;
	bool first = true;

	if (!jail) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++) {
			seen = evidence[k].type == evidence[i].type;
		}
		if (!seen) {
			buf_add_str(out, first ? STR_NONE : STR(" + "));
			add_term(r, jail, evidence, n, evidence[i].type, out);
			first = false;
		}
		sum += evidence[i].points;
	}
	if (sum >= jail->threshold) {
		buf_printf(out, " = %lld >= %u", (long long)sum, jail->threshold);
	}
}
