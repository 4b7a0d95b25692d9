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

/* Four hex digits. */
static bool read_port(struct str text, uint16_t *ret)
{
	unsigned port = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0) {
			return false;
		}
		port = (port << 4 | (unsigned)digit) & 0xffff;
	}
	*ret = (uint16_t)port;
	return text.n == 4;
}

/* "sl local_address rem_address st ...", an address with its port behind a colon. */
static bool listens(struct str line, uint16_t *ret_port)
{
	struct str word, local, address;

	return str_word(&line, &word) && str_word(&line, &local) && str_word(&line, &word) &&
	       str_word(&line, &word) && str_eq(word, STR("0A")) &&
	       str_split(&local, ':', &address) && !is_loopback(address) &&
	       read_port(local, ret_port);
}

void listeners_parse(struct str text, struct listeners *ret)
{
	struct str line;
	uint16_t port;

	while (str_split(&text, '\n', &line)) {
		if (listens(line, &port)) {
			ret->ports[port / 8] |= (uint8_t)(1U << port % 8);
			ret->n++;
		}
	}
}

void listeners_look(struct listeners *ret)
{
	static const char *const files[] = { "/proc/net/tcp", "/proc/net/tcp6" };

	*ret = (struct listeners){ .n = 0 };
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP(buf_done) struct buf text = { 0 };

		if (files_read(files[i], TEXT_MAX, &text) == 0) {
			listeners_parse(buf_str(&text), ret);
		}
	}
}

bool listeners_has(const struct listeners *l, uint16_t low, uint16_t high)
{
	for (uint32_t port = low; port <= high; port++) {
		if (l->ports[port / 8] & 1U << port % 8) {
			return true;
		}
	}
	return false;
}
