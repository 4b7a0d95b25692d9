/* SPDX-License-Identifier: MIT */
#include "config/enough.h"

enum { BITS_MAX = 20 /* more addresses than any threshold needs */ };

/* Subjects inside a network of this length. */
static uint32_t count_inside(unsigned network, unsigned host)
{
	unsigned bits = host > network ? host - network : 0;

	return UINT32_C(1) << (bits < BITS_MAX ? bits : BITS_MAX);
}

static bool has_count(const struct spec_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++) {
		if (str_find(texts->at[i].text, STR("<COUNT>")) != STR_NOT_FOUND) {
			return true;
		}
	}
	return false;
}

static bool counts(const struct filter_spec *spec)
{
	const struct spec_texts prefix = { .at = &spec->prefix, .n = 1 };
	const struct spec_texts defines = { .at = spec->defines, .n = spec->n_defines };

	if (has_count(&prefix) || has_count(&defines)) {
		return true;
	}
	for (size_t i = 0; i < spec->n_sections; i++) {
		const struct spec_texts own = { .at = &spec->sections[i].prefix, .n = 1 };

		if (has_count(&spec->sections[i].match) || has_count(&own)) {
			return true;
		}
	}
	return false;
}

/* The most that one value can add; 0: an event may ban at once. */
static uint32_t most_of_one(const struct parts *p, const struct jail_part *jail)
{
	uint32_t most = 1;
	bool many = false;

	for (size_t i = 0; i < jail->n_watches; i++) {
		many = many || counts(&p->filters[jail->watches[i].filter].file.spec);
	}
	for (size_t i = 0; i < jail->file.n_multipliers; i++) {
		points one = jail->file.multipliers[i].points;

		if (one == POINTS_BAN) {
			return 0;
		}
		most = one > 0 && (uint32_t)one > most ? (uint32_t)one : most;
	}
	return many ? most * EVENT_COUNT_MAX : most;
}

void enough_check(const struct parts *p, const struct jail_part *jail)
{
	const struct jail *j = &jail->file.jail;
	const struct ruleset *rules = p->rules;
	uint32_t most = most_of_one(p, jail), v4 = count_inside(rules->network_v4, 32),
		 v6 = count_inside(rules->network_v6, rules->host_v6), needed;
	const struct diag_place at = jail_file_place(&jail->file, "threshold");

	if (j->subject != SUBJECT_NETWORK || j->distinct != DISTINCT_ADDRESS || most == 0) {
		return;
	}
	needed = (j->threshold + most - 1) / most;
	if (needed > v4 && needed > v6) {
		diag_add(
			p->r->diag, DIAG_ERROR, &at,
			"cannot be reached: it takes %u addresses, each counts once, and a network has at most %u",
			needed, v4 > v6 ? v4 : v6);
	} else if (needed > v4 || needed > v6) {
		diag_add(
			p->r->diag, DIAG_WARNING, &at,
			"cannot be reached for %s: it takes %u addresses, each counts once, and a /%d has %u",
			needed > v4 ? "IPv4" : "IPv6", needed,
			needed > v4 ? rules->network_v4 : rules->network_v6, needed > v4 ? v4 : v6);
	}
}
