/* SPDX-License-Identifier: MIT */
/* learning_hosts.c - host names on never-block.
 *
 * A name may stand in ipsd.conf, for everybody, and be ordered by hand for a jail or a service or
 * for some time; each of these entries gets the addresses of the name. Only the engine knows those
 * by hand, so the names are collected from it. */
#include "daemon/learning_hosts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/span.h"
#include "lookup/hosts.h"
#include "lookup/resolver.h"
#include "sys/clock.h"

/* A name that has failed for so long is worth a word even while its last addresses stay. */
static const duration stale_after = { .us = INT64_C(3600) * 1000000 };

struct learning_hosts {
	struct resolver *resolver; /* NULL: gone for good */
	struct loop_watch *watch;
	struct hosts *hosts;
	uint64_t entries; /* a digest of those that name a host, when the engine was told last */
	bool changed;
	uint64_t list; /* never_block_changes() when the names were collected */
	char asked[HOSTNAME_MAX];
};

int learning_hosts_start(const struct sandbox_user *user, struct learning_hosts **ret)
{
	struct learning_hosts *l = calloc(1, sizeof(*l));
	int r;

	if (!l) {
		return -ENOMEM;
	}
	*ret = l;
	r = hosts_new(&l->hosts);
	return r < 0 ? r : resolver_start(user, &l->resolver);
}

struct learning_hosts *learning_hosts_free(struct learning_hosts *l)
{
	if (l) {
		loop_watch_free(l->watch);
		resolver_free(l->resolver);
		hosts_free(l->hosts);
		free(l);
	}
	return NULL;
}

/* --- The names ----------------------------------------------------------------------------------
 */

static void want(struct learning_hosts *l, struct str name)
{
	int r = hosts_want(l->hosts, name);

	if (r < 0) {
		log_error("never-block: %.*s cannot be looked up: %s", STR_ARG(name),
			  r == -ENOSPC ? "there are more than 256 host names" : strerror(-r));
	}
}

/* Says of two lists whether they name the same hosts for the same jails, services and times. */
static uint64_t mix(uint64_t digest, const void *bytes, size_t n)
{
	static const uint8_t seed[TABLE_SEED_SIZE];

	return (digest << 1 | digest >> 63) ^ siphash(bytes, n, seed);
}

int learning_hosts_collect(struct daemon *d, struct learning_hosts *l)
{
	const struct config_settings *settings = &d->config->settings;
	const struct never_entry *e;
	uint64_t digest = 0;
	uint32_t cursor = 0;

	hosts_begin(l->hosts);
	for (size_t i = 0; i < settings->n_never_hosts; i++) {
		want(l, settings->never_hosts[i]);
		digest = mix(digest, settings->never_hosts[i].p, settings->never_hosts[i].n);
	}
	while ((e = never_block_each(engine_never(d->engine), &cursor))) {
		if (never_entry_is_host(e)) {
			const int64_t scope[] = { e->jail, e->service, e->until.us };

			want(l, e->text);
			digest = mix(digest, e->text.p, e->text.n);
			digest = mix(digest, scope, sizeof(scope));
		}
	}
	l->changed |= hosts_end(l->hosts) || digest != l->entries;
	l->entries = digest;
	l->list = never_block_changes(engine_never(d->engine));
	return 0;
}

/* --- What the engine is told --------------------------------------------------------------------
 */

struct told {
	struct never_entry *at;
	size_t n, cap;
	bool failed;
};

/* The addresses of the name, each as an entry like `like`. */
static void add_host(struct told *told, const struct host *host, const struct never_entry *like)
{
	size_t need = told->n + (host ? host->n : 0);

	if (!host || told->failed) {
		return;
	}
	if (need > told->cap) {
		void *more = reallocarray(told->at, need * 2, sizeof(*told->at));

		told->failed = !more;
		if (!more) {
			return;
		}
		told->at = more;
		told->cap = need * 2;
	}
	for (size_t i = 0; i < host->n; i++) {
		const struct addr *addr = &host->addresses[i].addr;
		struct never_entry *e = &told->at[told->n++];

		*e = *like;
		e->from = NEVER_HOST;
		e->prefix = prefix_of(addr, addr_bits(addr));
	}
}

static int tell(struct daemon *d, struct learning_hosts *l)
{
	const struct config_settings *settings = &d->config->settings;
	struct told told = { .n = 0 };
	const struct never_entry *e;
	uint32_t cursor = 0;
	int r = 0;

	l->changed = false;
	for (size_t i = 0; i < settings->n_never_hosts; i++) {
		struct never_entry like = never_entry_of(NEVER_HOST, &(struct prefix){ 0 });

		like.text = settings->never_hosts[i];
		add_host(&told, hosts_find(l->hosts, like.text), &like);
	}
	while ((e = never_block_each(engine_never(d->engine), &cursor))) {
		if (never_entry_is_host(e)) {
			add_host(&told, hosts_find(l->hosts, e->text), e);
		}
	}
	if (told.failed) {
		log_error("never-block: no memory for the addresses of host names");
	} else {
		r = learnt_tell(d, NEVER_HOST, told.at, told.n);
	}
	free(told.at);
	return r;
}

static void save(struct daemon *d, const struct learning_hosts *l)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	hosts_save(l->hosts, &text);
	if (buf_ok(&text) < 0 || store_set(d->store, "hosts", buf_str(&text)) < 0) {
		log_error("the addresses of host names cannot be saved: %s; a restart would forget "
			  "them until they are looked up again",
			  store_error(d->store));
	}
}

/* --- Questions and answers ----------------------------------------------------------------------
 */

static void gone(struct learning_hosts *l)
{
	log_error("never-block: host names are not looked up any more, the resolver has ended; "
		  "their last addresses stay; `systemctl restart ipsd` starts it again");
	l->watch = loop_watch_free(l->watch);
	l->resolver = resolver_free(l->resolver);
}

static void log_host(const struct host *host)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	char address[ADDR_TEXT_MAX];

	for (size_t i = 0; i < host->n; i++) {
		buf_printf(&text, "%s %s", i ? "," : "",
			   addr_format(&host->addresses[i].addr, address));
	}
	log_info("never-block: %s is%s", host->name, buf_text(&text));
}

static void take_answer(struct learning_hosts *l, const struct answer *a)
{
	bool changed = hosts_answer(l->hosts, str_of(l->asked), a, clock_now());
	const struct host *host = hosts_find(l->hosts, str_of(l->asked));

	l->changed |= changed;
	if (host && changed) {
		log_host(host);
	}
	if (host && host->failures == 1) {
		log_warning("never-block: %s cannot be looked up: %s; %s", host->name, host->why,
			    host->n ? "its last addresses stay" : "nobody is spared by it");
	}
}

static int dispatch(void *arg, int fd, uint32_t events)
{
	static struct answer a;
	struct learning_hosts *l = arg;
	int r;

	(void)fd;
	(void)events;
	r = resolver_dispatch(l->resolver, &a);
	if (r < 0) {
		gone(l);
	} else if (r == 1) {
		take_answer(l, &a);
	}
	return 0;
}

static void ask(struct learning_hosts *l, instant now)
{
	const char *name;

	if (!l->resolver || resolver_is_busy(l->resolver)) {
		return;
	}
	name = hosts_due(l->hosts, now);
	if (name) {
		(void)snprintf(l->asked, sizeof(l->asked), "%s", name);
		if (resolver_ask(l->resolver, str_of(name)) < 0) {
			gone(l);
		}
	}
}

int learning_hosts_begin(struct daemon *d, struct learning_hosts *l)
{
	CLEANUP(buf_done) struct buf saved = { 0 };
	int r = learning_hosts_collect(d, l);

	if (r >= 0 && store_get(d->store, "hosts", &saved) == 1) {
		hosts_load(l->hosts, buf_str(&saved));
	}
	return r < 0 ? r
		     : loop_add_fd(d->loop, resolver_fd(l->resolver), EPOLLIN, dispatch, l,
				   &l->watch);
}

int learning_hosts_turn(struct daemon *d, struct learning_hosts *l, instant now)
{
	int r = 0;

	if (l->list != never_block_changes(engine_never(d->engine))) {
		r = learning_hosts_collect(d, l);
	}
	if (r >= 0 && l->changed) {
		r = tell(d, l);
		save(d, l);
	}
	ask(l, now);
	return r;
}

instant learning_hosts_deadline(const struct learning_hosts *l)
{
	return l->resolver && !resolver_is_busy(l->resolver) ? hosts_next(l->hosts) : INSTANT_NEVER;
}

/* --- What a person should know ------------------------------------------------------------------
 */

static void add_unknown(const struct host *host, learnt_finding_fn add, void *arg)
{
	CLEANUP(buf_done) struct buf text = { 0 }, command = { 0 };
	struct str domain = hostname_mx(str_of(host->name));
	char since[INSTANT_TEXT_MAX];

	if (domain.n) {
		buf_printf(&command, "host -t MX %.*s", STR_ARG(domain));
	} else {
		buf_printf(&command, "getent ahosts %s", host->name);
	}
	if (host->n) {
		buf_printf(
			&text,
			"%s on never-block cannot be looked up since %s: %s; its last addresses stay",
			host->name, instant_format(host->resolved, since), host->why);
	} else {
		buf_printf(&text, "%s on never-block has no address: %s; nobody is spared by it",
			   host->name, host->why);
	}
	add(arg, "warning", buf_text(&command), buf_text(&text));
}

void learning_hosts_findings(const struct learning_hosts *l, learnt_finding_fn add, void *arg)
{
	for (size_t i = 0; i < hosts_count(l->hosts); i++) {
		const struct host *host = hosts_at(l->hosts, i);

		if (host->failures &&
		    (!host->n || instant_since(host->asked, host->resolved).us > stale_after.us)) {
			add_unknown(host, add, arg);
		}
	}
	if (!l->resolver) {
		add(arg, "warning", "systemctl restart ipsd",
		    "host names are not looked up any more: the resolver has ended");
	} else if (resolver_restarts(l->resolver)) {
		CLEANUP(buf_done) struct buf text = { 0 };

		buf_printf(&text, "the resolver of host names was started again %llu time%s",
			   (unsigned long long)resolver_restarts(l->resolver),
			   str_plural(resolver_restarts(l->resolver)));
		add(arg, "note", NULL, buf_text(&text));
	}
}
