/* SPDX-License-Identifier: MIT */
/* What the daemon takes for an answer of its resolver, and that for a question; and what a name
 * server may send about a domain's mail. */
#include <assert.h>
#include <string.h>

#include "lookup/mx.h"
#include "lookup/nameservers.h"
#include "lookup/question.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mx_hosts hosts;
	static struct answer answer;
	static struct facts facts;
	struct question question;

	if (question_parse(data, size, &question) == 0) {
		assert(strlen(question.name) < sizeof(question.name));
	}
	if (answer_parse(data, size, &answer) == 0) {
		assert(answer.n <= ANSWER_ADDRESSES && strlen(answer.why) < sizeof(answer.why));
		for (size_t i = 0; i < answer.n; i++) {
			assert(addr_bits(&answer.addresses[i]) >= 32);
		}
	}
	memset(&hosts, 0, sizeof(hosts));
	if (mx_parse(data, size, &hosts) >= 0) {
		assert(hosts.n <= MX_MAX);
		for (size_t i = 0; i < hosts.n; i++) {
			assert(hostname_is_name(str_of(hosts.at[i])));
		}
	}
	facts.n = 0;
	(void)nameservers_parse((struct str){ .p = (const char *)data, .n = size }, &facts);
	assert(facts.n <= FACTS_MAX);
	return 0;
}
