/* SPDX-License-Identifier: MIT */
/* hosts.c - a host name is worth what it meant lately.
 *
 * A relay that moves answers from both addresses for a while, resolvers of others know the old one
 * until its time to live is over, and a name server that fails must not get the mail gateway
 * banned. So addresses come at once and go late. */
#include "lookup/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const duration every = { .us = INT64_C(300) * 1000000 };
static const duration stay = { .us = INT64_C(3600) * 1000000 };
static const duration first_retry = { .us = INT64_C(5) * 1000000 };

struct hosts {
	size_t n;
	struct host *at[HOSTS_MAX];
};

int hosts_new(struct hosts **ret)
{
	struct hosts *h = calloc(1, sizeof(*h));

	if (!h) {
		return -ENOMEM;
	}
	*ret = h;
	return 0;
}

struct hosts *hosts_free(struct hosts *h)
{
	for (size_t i = 0; h && i < h->n; i++) {
		free(h->at[i]);
	}
	free(h);
	return NULL;
}

static struct host *find(const struct hosts *h, struct str name)
{
	for (size_t i = 0; i < h->n; i++) {
		if (str_eq_nocase(str_of(h->at[i]->name), name)) {
			return h->at[i];
		}
	}
	return NULL;
}

void hosts_begin(struct hosts *h)
{
	for (size_t i = 0; i < h->n; i++) {
		h->at[i]->wanted = false;
	}
}

int hosts_want(struct hosts *h, struct str name)
{
	struct host *host = find(h, name);

	if (host) {
		host->wanted = true;
		return 0;
	}
	if (!hostname_is_entry(name)) {
		return -EINVAL;
	}
	if (h->n == HOSTS_MAX) {
		return -ENOSPC;
	}
	host = calloc(1, sizeof(*host));
	if (!host) {
		return -ENOMEM;
	}
	memcpy(host->name, name.p, name.n);
	host->wanted = true;
	h->at[h->n++] = host;
	return 0;
}

bool hosts_end(struct hosts *h)
{
	bool changed = false;
	size_t kept = 0;

	for (size_t i = 0; i < h->n; i++) {
		if (h->at[i]->wanted) {
			h->at[kept++] = h->at[i];
		} else {
			changed |= h->at[i]->n > 0;
			free(h->at[i]);
		}
	}
	h->n = kept;
	return changed;
}

size_t hosts_count(const struct hosts *h)
{
	return h->n;
}

const struct host *hosts_at(const struct hosts *h, size_t i)
{
	return h->at[i];
}

const struct host *hosts_find(const struct hosts *h, struct str name)
{
	return find(h, name);
}

/* A clock that was set back must not make a name wait longer than it would have from now. */
static bool is_due(const struct host *host, instant now)
{
	return host->next.us <= now.us || host->next.us > instant_add(now, every).us;
}

const char *hosts_due(const struct hosts *h, instant now)
{
	const struct host *first = NULL;

	for (size_t i = 0; i < h->n; i++) {
		if (is_due(h->at[i], now) && (!first || h->at[i]->next.us < first->next.us)) {
			first = h->at[i];
		}
	}
	return first ? first->name : NULL;
}

instant hosts_next(const struct hosts *h)
{
	instant next = INSTANT_NEVER;

	for (size_t i = 0; i < h->n; i++) {
		next = instant_min(next, h->at[i]->next);
	}
	return next;
}

static duration retry_after(unsigned failures)
{
	duration d = first_retry;

	for (unsigned i = 1; i < failures && d.us < every.us; i++) {
		d.us *= 2;
	}
	return d.us < every.us ? d : every;
}

static bool is_named(const struct answer *answer, const struct addr *addr)
{
	for (size_t i = 0; i < answer->n; i++) {
		if (addr_eq(&answer->addresses[i], addr)) {
			return true;
		}
	}
	return false;
}

/* Drops what has been gone for long enough. An answer that may lack some says of none that it is
 * gone. */
static bool age(struct host *host, const struct answer *answer, instant now)
{
	size_t kept = 0, before = host->n;

	for (size_t i = 0; i < before; i++) {
		struct host_address a = host->addresses[i];

		if (is_named(answer, &a.addr)) {
			a.gone = instant_at(0);
		} else if (a.gone.us == 0 && !answer->why[0]) {
			a.gone = now;
		}
		if (a.gone.us == 0 || answer->why[0] || now.us < instant_add(a.gone, stay).us) {
			host->addresses[kept++] = a;
		}
	}
	host->n = kept;
	return kept < before;
}

static bool has_address(const struct host *host, const struct addr *addr)
{
	for (size_t i = 0; i < host->n; i++) {
		if (addr_eq(&host->addresses[i].addr, addr)) {
			return true;
		}
	}
	return false;
}

/* Where there is no room, what is gone makes it. */
static bool add(struct host *host, const struct addr *addr)
{
	size_t to = host->n;

	if (has_address(host, addr)) {
		return false;
	}
	for (size_t i = 0; i < host->n && host->n == ANSWER_ADDRESSES; i++) {
		if (host->addresses[i].gone.us != 0 &&
		    (to == host->n || host->addresses[i].gone.us < host->addresses[to].gone.us)) {
			to = i;
		}
	}
	if (to == ANSWER_ADDRESSES) {
		return false;
	}
	host->addresses[to] = (struct host_address){ .addr = *addr };
	host->n += to == host->n;
	return true;
}

bool hosts_answer(struct hosts *h, struct str name, const struct answer *answer, instant now)
{
	struct host *host = find(h, name);
	bool changed;

	if (!host) {
		return false;
	}
	host->asked = now;
	memcpy(host->why, answer->why, sizeof(host->why));
	if (answer->state != ANSWER_FOUND) {
		host->failures++;
		host->next = instant_add(now, retry_after(host->failures));
		return false;
	}
	host->failures = 0;
	host->resolved = now;
	host->next = instant_add(now, every);
	changed = age(host, answer, now);
	for (size_t i = 0; i < answer->n; i++) {
		changed |= add(host, &answer->addresses[i]);
	}
	return changed;
}

/* One address a line: name, address, last success, since when gone. */
void hosts_save(const struct hosts *h, struct buf *out)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < h->n; i++) {
		const struct host *host = h->at[i];

		for (size_t j = 0; j < host->n; j++) {
			buf_printf(out, "%s %s %lld %lld\n", host->name,
				   addr_format(&host->addresses[j].addr, text),
				   (long long)(host->resolved.us / 1000000),
				   (long long)(host->addresses[j].gone.us / 1000000));
		}
	}
}

static void load_line(struct hosts *h, struct str line)
{
	struct str name, address, resolved, gone;
	uint64_t resolved_at, gone_at;
	struct host *host;
	struct addr addr;

	if (!str_word(&line, &name) || !str_word(&line, &address) || !str_word(&line, &resolved) ||
	    !str_word(&line, &gone) || addr_parse(address, &addr) < 0 ||
	    str_to_uint(resolved, UINT32_MAX, &resolved_at) < 0 ||
	    str_to_uint(gone, UINT32_MAX, &gone_at) < 0) {
		return;
	}
	host = find(h, name);
	if (host && add(host, &addr)) {
		host->resolved = instant_at((int64_t)resolved_at);
		host->addresses[host->n - 1].gone = instant_at((int64_t)gone_at);
	}
}

void hosts_load(struct hosts *h, struct str text)
{
	struct str line;

	while (str_split(&text, '\n', &line)) {
		load_line(h, line);
	}
}
