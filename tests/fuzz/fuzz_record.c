/* SPDX-License-Identifier: MIT */
/* What the enforcer takes for a record of the daemon, and the daemon for an answer. The first byte
 * is the number of scopes. Bytes of several records are a plan under way. */
#include <assert.h>
#include <string.h>

#include "output/plan.h"
#include "output/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge_record(const struct record *r, size_t n_scopes)
{
	struct prefix p = record_prefix(r), clean = prefix_of(&p.addr, p.len);

	assert(r->kind >= RECORD_HOLD && r->kind <= RECORD_LIST && r->seq > 0);
	if (r->kind == RECORD_RELEASE_ALL || r->kind == RECORD_PLAN_END || r->kind == RECORD_LIST) {
		assert(p.addr.family == 0 && p.len == 0 && r->cookie <= RECORD_LIST_MAX);
		return;
	}
	if (r->kind == RECORD_PLAN || r->kind == RECORD_SCOPE || r->kind == RECORD_PORTS) {
		assert(r->scope <= SCOPES_MAX && r->cookie <= RECORD_NEVER_MAX);
		return;
	}
	if (r->kind == RECORD_NEVER) {
		n_scopes = 1;
	}
	assert(r->scope < n_scopes);
	assert(p.addr.family == 4 || p.addr.family == 6);
	assert(p.len <= addr_bits(&p.addr) && prefix_eq(&p, &clean));
	assert(r->kind != RECORD_HOLD || r->deadline > 0);
}

static void judge_found(const struct found *f)
{
	struct prefix p = found_prefix(f), clean = prefix_of(&p.addr, p.len);

	assert(p.addr.family == 4 || p.addr.family == 6);
	assert(p.len <= addr_bits(&p.addr) && prefix_eq(&p, &clean) && f->left >= 0);
}

static void judge_plan(const struct plan *plan)
{
	struct kernel_plan got = { .table = "ipsd" };

	plan_read(plan, &got);
	assert(got.n_scopes >= 1 && got.n_scopes <= SCOPES_MAX && got.scopes[0].n_ranges == 0);
	for (size_t i = 0; i < got.n_scopes; i++) {
		const struct scope *s = &got.scopes[i];

		assert(s->name.n >= 1 && s->name.n <= SCOPE_NAME_MAX);
		assert(s->n_ranges <= SCOPE_RANGES_MAX && s->verdict <= VERDICT_REJECT);
		for (size_t k = 0; k < s->n_ranges; k++) {
			assert(s->ranges[k].low >= 1 && s->ranges[k].low <= s->ranges[k].high);
		}
	}
	assert(netset_count(got.never_block) <= RECORD_NEVER_MAX);
}

static void take_plan(const uint8_t *data, size_t size)
{
	struct record record;
	struct plan *plan;

	if (plan_new(&plan) < 0) {
		return;
	}
	for (; size >= sizeof(record); data += sizeof(record), size -= sizeof(record)) {
		if (record_parse(data, sizeof(record), 1, &record) == 0 &&
		    plan_take(plan, &record) > 0) {
			judge_plan(plan);
		}
	}
	plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report report;
	struct record record;
	struct reply reply;
	struct found found;
	size_t n_scopes;

	if (size == 0) {
		return 0;
	}
	n_scopes = data[0];
	data++;
	size--;
	if (record_parse(data, size, n_scopes, &record) == 0) {
		judge_record(&record, n_scopes);
	}
	take_plan(data, size);
	if (reply_parse(data, size, &reply) == 0) {
		assert(reply.error >= 0 && reply.held <= 1 && reply.has_end <= 1);
	}
	if (found_parse(data, size, &found) == 0) {
		judge_found(&found);
	}
	if (report_parse(data, size, &report) == 0) {
		assert(strlen(report.text) < sizeof(report.text));
	}
	return 0;
}
