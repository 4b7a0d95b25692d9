/* SPDX-License-Identifier: MIT */
/* Any bytes as a log: the detector finds what asking every filter about every line finds, in the
 * same order, however often the sink refuses. The first byte says how often, and whether a filter
 * without literals takes part. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detector.h"
#include "detect/framer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILTERS = 3, EVENTS_MAX = 1024 };

struct found {
	struct event at[EVENTS_MAX];
	size_t n, max;
	const char *line;
};

static struct filter *filters[FILTERS];
static const struct stamp_context when[FILTERS] = { { .date = STAMP_NO_DATE },
						    { .date = STAMP_NO_DATE },
						    { .date = STAMP_NO_DATE } };
static struct matcher *matcher;
static struct arena *arena;
static struct detector *detectors[FILTERS + 1]; /* by how many filters take part */

/* A line is begun only when there is room for an event of each filter; too many events are
 * forgotten. */
static bool keep(void *arg, const struct event *event)
{
	struct found *found = arg;

	if (event->text.p != found->line && found->n + FILTERS > found->max) {
		return false;
	}
	found->line = event->text.p;
	if (found->n < EVENTS_MAX) {
		found->at[found->n++] = *event;
	}
	return true;
}

static struct filter *make(bool nocase, const char *const *patterns, size_t n)
{
	static const struct spec_text no_text;
	struct diag *diag = diag_new();
	struct spec_text *texts = arena_alloc(arena, n, sizeof(*texts));
	struct filter_spec spec = { .nocase = nocase, .service = EVENT_SERVICE_NONE };
	struct section_spec section = { .service = EVENT_SERVICE_NONE, .prefix = no_text };
	struct filter *filter = NULL;
	int r;

	assert(diag && texts);
	for (size_t i = 0; i < n; i++) {
		texts[i].text = str_of(patterns[i]);
	}
	section.match = (struct spec_texts){ texts, n };
	spec.sections = &section;
	spec.n_sections = 1;
	r = filter_new(&spec, arena, diag, &filter);
	assert(r == 0);
	(void)diag_free(diag);
	return filter;
}

static void make_all(void)
{
	static const char *const plain[] = { "^alpha from <ADDR>$", "beta (?:one|two) <ADDR>",
					     "login (?:failed|refused).* \\[<ADDR>\\]" };
	static const char *const nocase[] = { "alpha from <ADDR>", "beta .*gamma <ADDR>",
					      "<USER> gamma <ADDR> at <STAMP>" };
	static const char *const every[] = { "^<ADDR> \\d+$", "beta one <ADDR>", "^$" };
	int r = matcher_new(&matcher);

	arena = arena_new();
	assert(r == 0 && arena);
	filters[0] = make(false, plain, ARRAY_SIZE(plain));
	filters[1] = make(true, nocase, ARRAY_SIZE(nocase));
	filters[2] = make(false, every, ARRAY_SIZE(every));
	for (size_t n = 1; n <= FILTERS; n++) {
		r = detector_new(filters, n, &detectors[n]);
		assert(r == 0);
	}
}

static void find_naively(struct str chunk, size_t n, struct found *found)
{
	for (size_t at = 0; at < chunk.n;) {
		struct str line = line_around(chunk, at, &at);

		for (size_t i = 0; i < n; i++) {
			struct event event = { 0 };

			if (filter_match(filters[i], matcher, line, NULL, &when[i], &event) ==
			    FILTER_EVENT) {
				bool kept;

				event.filter = (uint16_t)i;
				kept = keep(found, &event);
				assert(kept);
			}
		}
	}
}

static void find(struct str chunk, size_t n, size_t step, struct found *found)
{
	const struct detector_stats *stats = detector_stats(detectors[n]);
	uint64_t lines = stats->lines + line_count(chunk), bytes = stats->bytes + chunk.n;

	while (chunk.n > 0) {
		size_t consumed;

		found->max = found->n + FILTERS + step;
		found->line = NULL;
		consumed = detector_feed(detectors[n], matcher, chunk, when, keep, found);
		assert(consumed > 0 && consumed <= chunk.n);
		chunk = str_slice(chunk, consumed, SIZE_MAX);
	}
	assert(stats->lines == lines && stats->bytes == bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct found got, want;
	struct str chunk;
	size_t n;

	if (!matcher) {
		make_all();
	}
	if (size == 0) {
		return 0;
	}
	chunk = (struct str){ .p = (const char *)data + 1, .n = size - 1 };
	n = data[0] & 1 ? FILTERS : FILTERS - 1;
	got.n = want.n = 0;
	want.line = NULL;
	want.max = SIZE_MAX;
	find_naively(chunk, n, &want);
	if (want.n == EVENTS_MAX) {
		return 0;
	}
	find(chunk, n, data[0] >> 1, &got);
	assert(got.n == want.n);
	for (size_t i = 0; i < got.n; i++) {
		assert(got.at[i].text.p == want.at[i].text.p);
		assert(got.at[i].text.n == want.at[i].text.n);
		assert(got.at[i].filter == want.at[i].filter);
		assert(got.at[i].pattern == want.at[i].pattern);
	}
	return 0;
}
