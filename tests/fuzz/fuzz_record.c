/* SPDX-License-Identifier: MIT */
/* What the enforcer takes for a record of the daemon, and the daemon for an answer. The first byte
 * is the number of scopes. */
#include <assert.h>
#include <string.h>

#include "output/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge_record(const struct record *r, size_t n_scopes)
{
	struct prefix p = record_prefix(r), clean = prefix_of(&p.addr, p.len);

	assert(r->kind >= RECORD_HOLD && r->kind <= RECORD_ASK && r->seq > 0);
	if (r->kind == RECORD_RELEASE_ALL) {
		assert(p.addr.family == 0 && p.len == 0);
		return;
	}
	assert(r->scope < n_scopes);
	assert(p.addr.family == 4 || p.addr.family == 6);
	assert(p.len <= addr_bits(&p.addr) && prefix_eq(&p, &clean));
	assert(r->kind != RECORD_HOLD || r->deadline > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report report;
	struct record record;
	struct reply reply;
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
	if (reply_parse(data, size, &reply) == 0) {
		assert(reply.error >= 0 && reply.held <= 1 && reply.has_end <= 1);
	}
	if (report_parse(data, size, &report) == 0) {
		assert(strlen(report.text) < sizeof(report.text));
	}
	return 0;
}
