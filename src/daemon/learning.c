/* SPDX-License-Identifier: MIT */
/* learning.c - whom does this host itself say must never be banned?
 *
 * Looking costs little, so it is done once a minute, and whenever the kernel says that an address
 * came or went. Telling the engine may cost a walk over all bans, so that is done only when a list
 * is another than before.
 *
 * Host names are the resolver's affair; its answers come when they come. What they were before a
 * restart counts until they do. */
#include "daemon/learning.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "daemon/learning_hosts.h"
#include "lookup/logins.h"
#include "lookup/nameservers.h"
#include "lookup/network.h"
#include "lookup/sessions.h"
#include "sys/clock.h"
#include "sys/files.h"

enum { KINDS = 4 };

static const duration look_every = { .us = INT64_C(60) * 1000000 };

/* What this host says of one kind. */
struct kind {
	enum never_from from;
	int (*find)(struct facts *ret);
};

static int find_nameservers(struct facts *ret)
{
	nameservers_find(ret);
	return 0;
}

static const struct kind kinds[KINDS] = {
	{ NEVER_OWN, network_own_addresses },
	{ NEVER_RESOLVER, find_nameservers },
	{ NEVER_GATEWAY, network_gateways },
	{ NEVER_SSH_PEER, sessions_find },
};

struct learning {
	struct learning_hosts *hosts;
	struct logins logins;
	bool logins_changed;
	int network_fd;
	struct loop_watch *network_watch;
	instant look_at;           /* 0: in this turn */
	struct facts known[KINDS]; /* what the engine was told last */
	struct facts found;
	int errors[KINDS]; /* of the last look, told once */
};

static bool is_wanted(const struct daemon *d, enum never_from from)
{
	const struct config_settings *s = &d->config->settings;

	switch (from) {
	case NEVER_OWN: return s->never_own;
	case NEVER_RESOLVER: return s->never_resolvers;
	case NEVER_GATEWAY: return s->never_gateways;
	case NEVER_SSH_PEER: return s->never_ssh_peers;
	case NEVER_CONFIG:
	case NEVER_PRIVATE:
	case NEVER_BY_HAND:
	case NEVER_HOST: break;
	}
	return false;
}

static int tell_facts(struct daemon *d, enum never_from from, const struct facts *f)
{
	struct never_entry *entries = calloc(f->n + 1, sizeof(*entries));
	int r;

	if (!entries) {
		return 0;
	}
	for (size_t i = 0; i < f->n; i++) {
		struct prefix p = prefix_of(&f->at[i].addr, addr_bits(&f->at[i].addr));

		entries[i] = never_entry_of(from, &p);
		entries[i].until = f->at[i].until;
		entries[i].text = str_of(f->at[i].text);
	}
	r = learnt_tell(d, from, entries, f->n);
	free(entries);
	return r;
}

static bool is_same(const struct facts *a, const struct facts *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++) {
		if (!addr_eq(&a->at[i].addr, &b->at[i].addr) ||
		    a->at[i].until.us != b->at[i].until.us ||
		    strcmp(a->at[i].text, b->at[i].text) != 0) {
			return false;
		}
	}
	return a->n == b->n;
}

static void add_logins(const struct logins *l, struct facts *ret)
{
	char text[FACT_TEXT_MAX];

	for (size_t i = 0; i < l->n; i++) {
		(void)snprintf(text, sizeof(text), "login of %s", l->at[i].account);
		facts_add(ret, &l->at[i].addr, logins_end(&l->at[i]), text);
	}
}

/* What cannot be found out just now stays as it was; but of logins the logs have told, too, so of
 * SSH peers those remain. */
static int look_for(struct daemon *d, size_t i)
{
	struct learning *l = d->learning;
	const struct kind *kind = &kinds[i];
	int r = 0;

	l->found.n = 0;
	if (is_wanted(d, kind->from)) {
		r = kind->find(&l->found);
		if (kind->from == NEVER_SSH_PEER) {
			add_logins(&l->logins, &l->found);
		}
	}
	if (r < 0 && r != l->errors[i]) {
		log_warning(
			"never-block: what this host knows by itself (%s) cannot be found out: %s",
			never_from_word(kind->from), strerror(-r));
	}
	l->errors[i] = r;
	if ((r < 0 && kind->from != NEVER_SSH_PEER) || is_same(&l->found, &l->known[i])) {
		return 0;
	}
	l->known[i] = l->found;
	return tell_facts(d, kind->from, &l->found);
}

static int look(struct daemon *d, instant now)
{
	struct learning *l = d->learning;
	int r = 0;

	l->look_at = instant_add(now, look_every);
	if (logins_expire(&l->logins, now)) {
		l->logins_changed = true;
	}
	for (size_t i = 0; i < KINDS && r >= 0; i++) {
		r = look_for(d, i);
	}
	return r < 0 ? r : learning_hosts_collect(d, l->hosts);
}

static void save_logins(struct daemon *d)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	d->learning->logins_changed = false;
	logins_save(&d->learning->logins, &text);
	if (buf_ok(&text) < 0 || store_set(d->store, "logins", buf_str(&text)) < 0) {
		log_error("the latest logins cannot be saved: %s; a restart would forget them",
			  store_error(d->store));
	}
}

static bool is_sshd(const struct ruleset *rules, const struct event *event)
{
	return event->type == EVENT_LOGIN && event->filter < rules->n_filters &&
	       event->addr.family != 0 && str_eq(rules->filters[event->filter].name, STR("sshd"));
}

void learning_note(struct daemon *d, const struct batch *batch)
{
	struct learning *l = d->learning;
	instant now = clock_now();

	for (size_t i = 0; l && i < batch->n_events; i++) {
		const struct event *event = &batch->events[i].event;

		if (is_sshd(engine_ruleset(d->engine), event) &&
		    logins_add(&l->logins, &event->addr, event->account, event->time, now)) {
			l->logins_changed = true;
			l->look_at = instant_at(0);
		}
	}
}

void learning_hurry(struct daemon *d)
{
	if (d->learning) {
		d->learning->look_at = instant_at(0);
	}
}

int learning_turn(struct daemon *d, instant now)
{
	struct learning *l = d->learning;
	int r = 0;

	if (l->look_at.us <= now.us || l->look_at.us > instant_add(now, look_every).us) {
		r = look(d, now);
	}
	if (l->logins_changed) {
		save_logins(d);
	}
	return r < 0 ? r : learning_hosts_turn(d, l->hosts, now);
}

instant learning_deadline(const struct daemon *d)
{
	return instant_min(d->learning->look_at, learning_hosts_deadline(d->learning->hosts));
}

void learning_findings(const struct daemon *d, learnt_finding_fn add, void *arg)
{
	learning_hosts_findings(d->learning->hosts, add, arg);
}

static int network_changed(void *arg, int fd, uint32_t events)
{
	struct daemon *d = arg;

	(void)events;
	network_drain(fd);
	learning_hurry(d);
	return 0;
}

int learning_start(struct daemon *d, const struct sandbox_user *user)
{
	struct learning *l = calloc(1, sizeof(*l));

	if (!l) {
		return -ENOMEM;
	}
	l->network_fd = -1;
	d->learning = l;
	return learning_hosts_start(user, &l->hosts);
}

/* Without word of changes the look once a minute must do. */
static int watch_network(struct daemon *d)
{
	struct learning *l = d->learning;

	if (network_watch(&l->network_fd) < 0) {
		return 0;
	}
	return loop_add_fd(d->loop, l->network_fd, EPOLLIN, network_changed, d, &l->network_watch);
}

int learning_begin(struct daemon *d)
{
	struct learning *l = d->learning;
	CLEANUP(buf_done) struct buf saved = { 0 };
	int r = watch_network(d);

	if (r < 0) {
		return r;
	}
	if (store_get(d->store, "logins", &saved) == 1) {
		logins_load(&l->logins, buf_str(&saved), clock_now());
	}
	r = learning_hosts_begin(d, l->hosts);
	return r < 0 ? r : learning_turn(d, clock_now());
}

void learning_stop(struct daemon *d)
{
	struct learning *l = d->learning;

	if (l) {
		l->hosts = learning_hosts_free(l->hosts);
		loop_watch_free(l->network_watch);
		fd_close(&l->network_fd);
		free(l);
	}
	d->learning = NULL;
}
