/* SPDX-License-Identifier: MIT */
#include <netdb.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "ctl/show.h"

enum { ADDRESSES_MAX = 32 };

static bool take_prefix(struct str *word, struct str prefix)
{
	if (!str_eq(str_slice(*word, 0, prefix.n), prefix)) {
		return false;
	}
	*word = str_slice(*word, prefix.n, word->n);
	return true;
}

static bool is_address(struct str word)
{
	struct prefix prefix;
	struct addr addr;

	return addr_parse(word, &addr) == 0 || prefix_parse(word, &prefix) == 0;
}

/* The addresses of the name; false: it has none, or cannot be looked up. */
static bool resolve(struct str name, struct buf *ret)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	CLEANUP(buf_done) struct buf text = { 0 };
	struct addrinfo *found = NULL;
	size_t n = 0;

	buf_add_str(&text, name);
	if (buf_ok(&text) < 0 || getaddrinfo(buf_text(&text), NULL, &hints, &found) != 0) {
		return false;
	}
	for (const struct addrinfo *a = found; a && n < ADDRESSES_MAX; a = a->ai_next) {
		char address[ADDR_TEXT_MAX];

		if (getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), NULL, 0,
				NI_NUMERICHOST) == 0) {
			buf_printf(ret, "%s ", address);
			n++;
		}
	}
	freeaddrinfo(found);
	return n > 0;
}

enum show_kind show_what(const char *word, struct str *ret_word, struct buf *ret_addresses)
{
	struct str text = str_of(word);
	bool account = take_prefix(&text, STR("account:")),
	     host = !account && take_prefix(&text, STR("host:"));

	*ret_word = text;
	if (account) {
		return SHOW_ACCOUNT;
	}
	if (!host && is_address(text)) {
		return SHOW_ADDRESS;
	}
	if (!host && (str_find_char(text, '@') != STR_NOT_FOUND ||
		      str_find_char(text, '.') == STR_NOT_FOUND)) {
		return SHOW_ACCOUNT;
	}
	return resolve(text, ret_addresses) || host ? SHOW_HOST : SHOW_ACCOUNT;
}
