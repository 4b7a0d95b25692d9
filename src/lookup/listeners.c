/* SPDX-License-Identifier: MIT */
#include "lookup/listeners.h"

#include "base/buf.h"
#include "sys/files.h"

enum { TEXT_MAX = 16 << 20 };

/* An address as the kernel writes it: 32 bits at a time, in hex and in the host's byte order. */
static bool is_loopback(struct str address)
{
	struct str last = str_slice(address, 6, 2);

	if (address.n == 8) {
		return str_eq(last, STR("7F"));
	}
	return str_eq(address, STR("00000000000000000000000001000000")) ||
	       str_has_prefix(address, STR("0000000000000000FFFF00000100007F"));
}

/* "sl local_address rem_address st ...", an address with its port behind a colon. */
static bool listens(struct str line)
{
	struct str word, local, address;

	return str_word(&line, &word) && str_word(&line, &local) && str_word(&line, &word) &&
	       str_word(&line, &word) && str_eq(word, STR("0A")) &&
	       str_split(&local, ':', &address) && !is_loopback(address);
}

size_t listeners_parse(struct str text)
{
	struct str line;
	size_t n = 0;

	while (str_split(&text, '\n', &line)) {
		n += listens(line);
	}
	return n;
}

size_t listeners_count(void)
{
	static const char *const files[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP(buf_done) struct buf text = { 0 };

		if (files_read(files[i], TEXT_MAX, &text) == 0) {
			n += listeners_parse(buf_str(&text));
		}
	}
	return n;
}
