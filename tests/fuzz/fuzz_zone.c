/* SPDX-License-Identifier: MIT */
/* Bytes as a TZif file. Whatever zone comes of it, its offsets are in bounds, and a local time that
 * exists is shown by the instant that is found for it. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int32_t LONGEST = 26 * 3600;

static void check_at(const struct zone *z, int64_t t)
{
	int32_t offset = zone_offset(z, instant_at(t));
	instant back = zone_to_utc(z, (t + offset) * 1000000);

	assert(offset <= LONGEST && offset >= -LONGEST);
	assert(back.us <= t * 1000000);
	assert(back.us / 1000000 + zone_offset(z, back) == t + offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct zone *z = NULL;

	assert(arena);
	if (zone_parse((struct str){ .p = (const char *)data, .n = size }, arena, &z) < 0) {
		assert(!z);
		return 0;
	}
	for (int64_t t = -5000000000; t < 10000000000; t += 123456789) {
		check_at(z, t);
	}
	for (int64_t day = 0; day < 366; day++) {
		check_at(z, 1795316645 + day * 86400 + day * 233);
	}
	(void)zone_offset(z, (instant){ INT64_MIN });
	(void)zone_to_utc(z, INT64_MAX);
	(void)zone_to_utc(z, INT64_MAX / 2 - 1);
	(void)zone_to_utc(z, INT64_MIN / 2 + 1);
	return 0;
}
