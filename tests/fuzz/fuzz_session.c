/* SPDX-License-Identifier: MIT */
/* Any bytes as a log of sessions: a sink that often has no room hears the same events, in the same
 * order, as one that takes all, and the table of sessions stays in its bounds. The first byte says
 * how much room there is. */
#include <assert.h>
#include <string.h>

#include "detect/detector.h"
#include "detect/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EVENTS_MAX = 2048 };

struct found {
	struct event at[EVENTS_MAX];
	char account[EVENTS_MAX][SESSION_ACCOUNT_KEPT];
	size_t n, max;
	const char *line;
};

static struct filter *filter;
static struct matcher *matcher;
static struct arena *arena;
static const struct stamp_context when = { .date = STAMP_NO_DATE };

static bool keep(void *arg, const struct event *event)
{
	struct found *found = arg;
	size_t n = event->account.n;

	if (event->text.p != found->line && found->n + 2 > found->max) {
		return false;
	}
	found->line = event->text.p;
	if (found->n < EVENTS_MAX) {
		found->at[found->n] = *event;
		n = n < SESSION_ACCOUNT_KEPT ? n : SESSION_ACCOUNT_KEPT;
		if (n > 0) {
			memcpy(found->account[found->n], event->account.p, n);
		}
		found->n++;
	}
	return true;
}

static struct spec_text text_of(const char *text)
{
	return (struct spec_text){ .text = str_of(text) };
}

static void make(void)
{
	static const uint16_t opens[] = { EVENT_CONNECTION }, closes[] = { EVENT_DISCONNECTION },
			      satisfied[] = { EVENT_MESSAGE_ACCEPTED };
	static const struct session_rule rule = {
		.opens = { opens, 1 },
		.closes = { closes, 1 },
		.satisfied = { satisfied, 1 },
		.otherwise = EVENT_BAD_SESSION,
		.carry = SESSION_ADDRESS | SESSION_ACCOUNT | SESSION_SERVICE | SESSION_COUNT,
	};
	static struct spec_text match[4];
	static struct section_spec sections[4];
	static const uint16_t types[] = { EVENT_CONNECTION, EVENT_DISCONNECTION,
					  EVENT_MESSAGE_ACCEPTED, EVENT_AUTH_FAILURE };
	struct diag *diag = diag_new();
	struct filter_spec spec = {
		.service = EVENT_SERVICE_NONE,
		.session = &rule,
		.prefix = text_of("^<STAMP> <SESSION> "),
		.stamp = text_of("%H:%M:%S"),
		.sections = sections,
		.n_sections = ARRAY_SIZE(sections),
	};
	int r = matcher_new(&matcher);

	arena = arena_new();
	assert(r == 0 && arena && diag);
	match[0] = text_of("open <ADDR>(?: <USER>)?$");
	match[1] = text_of("close(?: <ADDR>)?$");
	match[2] = text_of("sent <COUNT>$");
	match[3] = text_of("fail <USER>$");
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		sections[i] = (struct section_spec){
			.type = types[i],
			.service = EVENT_SERVICE_NONE,
			.match = { &match[i], 1 },
		};
	}
	r = filter_new(&spec, arena, diag, &filter);
	assert(r == 0);
	(void)diag_free(diag);
}

static void find(struct str chunk, size_t step, struct found *found)
{
	struct detector *d = NULL;
	int r = detector_new(&filter, 1, &d);

	assert(r == 0);
	found->n = 0;
	while (chunk.n > 0) {
		size_t consumed;

		found->max = found->n + step;
		found->line = NULL;
		consumed = detector_feed(d, matcher, chunk, &when, keep, found);
		assert(consumed <= chunk.n);
		chunk = str_slice(chunk, consumed, SIZE_MAX);
	}
	for (bool done = false; !done;) {
		found->max = found->n + step;
		found->line = NULL;
		done = detector_tick(d, instant_at(INT32_MAX), keep, found);
	}
	assert(instant_is_never(detector_deadline(d)));
	(void)detector_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct found some, all;
	struct str chunk;

	if (!matcher) {
		make();
	}
	if (size == 0 || size > 65536) {
		return 0;
	}
	chunk = (struct str){ .p = (const char *)data + 1, .n = size - 1 };
	find(chunk, 2 + data[0] % 4, &some);
	find(chunk, SIZE_MAX / 2, &all);
	assert(some.n == all.n);
	for (size_t i = 0; i < all.n; i++) {
		const struct event *a = &some.at[i], *b = &all.at[i];

		assert(a->type == b->type && a->time.us == b->time.us && a->count == b->count);
		assert(addr_eq(&a->addr, &b->addr) && a->account.n == b->account.n);
		assert(b->account.n > SESSION_ACCOUNT_KEPT ||
		       memcmp(some.account[i], all.account[i], b->account.n) == 0);
	}
	return 0;
}
