/* SPDX-License-Identifier: MIT */
/* What a client sends on the control socket. The first byte says in pieces of which length it
 * comes: that changes nothing. Each message is a request or refused, and what a method asks of its
 * parameters is answered whatever they are. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "wire/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As methods ask: by name, by type, by place. */
static void ask(const struct value *v, int depth)
{
	static const char *const names[] = { "prefixes", "jail", "for", "limit", "all", "reason" };
	struct str text = value_text(v, STR_NONE);
	const char *cstring = value_cstring(v);

	assert(value_text(NULL, text).n == text.n);
	assert(!cstring || strlen(cstring) == text.n);
	(void)value_int(v, 0);
	(void)value_bool(v, false);
	for (size_t i = 0; i < ARRAY_SIZE(names) && depth > 0; i++) {
		ask(value_get(v, names[i]), depth - 1);
	}
	for (size_t i = 0; i < value_length(v) && i < 4 && depth > 0; i++) {
		ask(value_at(v, i), depth - 1);
	}
	assert(!value_at(v, value_length(v)));
}

static void check_message(struct str message)
{
	struct request request = { 0 };
	int r = request_parse(message, &request);

	assert(!memchr(message.p, '\0', message.n));
	assert(r == 0 || r == -EINVAL || r == -ENOMEM);
	assert((r == 0) == (request.message != NULL));
	ask(request.parameters, 3);
	assert(!request.method || strlen(request.method) < message.n);
	value_free(request.message);
}

/* How many messages came, and how many bytes they had together. */
static void feed(struct str bytes, size_t piece, size_t *ret_n, size_t *ret_sum)
{
	struct requests requests = { 0 };
	struct str message;

	*ret_n = *ret_sum = 0;
	while (bytes.n > 0) {
		size_t n = bytes.n < piece ? bytes.n : piece;
		char *space = requests_reserve(&requests, n);
		int r;

		assert(space);
		memcpy(space, bytes.p, n);
		requests_add(&requests, n);
		bytes = str_slice(bytes, n, bytes.n);
		while ((r = requests_next(&requests, &message)) > 0) {
			check_message(message);
			++*ret_n;
			*ret_sum += message.n + 1;
		}
		assert(r == 0 && !requests_has(&requests));
	}
	*ret_sum += requests_waiting(&requests);
	requests_done(&requests);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes;
	size_t n, sum, whole_n, whole_sum;

	if (size == 0) {
		return 0;
	}
	bytes = (struct str){ .p = (const char *)data + 1, .n = size - 1 };
	feed(bytes, 1 + data[0], &n, &sum);
	feed(bytes, size, &whole_n, &whole_sum);
	assert(n == whole_n && sum == whole_sum && sum == bytes.n);
	return 0;
}
