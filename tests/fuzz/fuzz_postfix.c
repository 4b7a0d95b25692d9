/* SPDX-License-Identifier: MIT */
/* Whatever stands in main.cf: what comes out are networks and words. */
#include <assert.h>

#include "config/postfix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = { .p = (const char *)data, .n = size };
	struct postfix postfix = { .relayhost = { .line = 0 } };
	struct str rest, name;
	struct prefix p;
	bool mx;

	if (postfix_parse(text, &postfix) == 0) {
		rest = buf_str(&postfix.relayhost.text);
		while (postfix_destination(&rest, &name, &mx)) {
			assert(name.n > 0);
		}
		rest = buf_str(&postfix.mynetworks.text);
		while (postfix_network(&rest, &p)) {
			assert(p.len <= addr_bits(&p.addr));
		}
	}
	postfix_done(&postfix);
	return 0;
}
