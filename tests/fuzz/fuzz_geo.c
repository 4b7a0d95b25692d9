/* SPDX-License-Identifier: MIT */
/* Any bytes as a database: they are refused, or give a code of two letters or none. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lookup/geo.h"
#include "sys/files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libmaxminddb 1.7 keeps the languages that it has read when the rest of the metadata is refused.
 */
/* NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the sanitiser's name */
const char *__lsan_default_suppressions(void);

__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
	return "leak:libmaxminddb\n";
}

/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

static void ask(const struct geo *g, const char *text)
{
	char code[GEO_TEXT_MAX] = "";
	struct addr addr;

	assert(addr_parse(str_of(text), &addr) == 0);
	if (geo_country(g, &addr, code)) {
		assert(strlen(code) == 2 && strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const asked[] = { "198.51.100.1",    "203.0.113.9",   "0.0.0.0",
					     "255.255.255.255", "2001:db8:a::1", "::",
					     "ffff::" };
	CLEANUP(geo_freep) struct geo *g = NULL;
	CLEANUP(fd_close) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64];

	assert(fd >= 0 && (size == 0 || write(fd, data, size) == (ssize_t)size));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (geo_open(path, &g) == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
			ask(g, asked[i]);
		}
	}
	return 0;
}
