/* SPDX-License-Identifier: MIT */
/* A ruleset by hand. Jail i has scope, watch and multipliers as its line says; source and filter
 * numbers are 0 and 1, service numbers 0 to 2. The engine's limits are so large that nothing is
 * ever pushed out, which is asserted: what is pushed out is tested elsewhere. */
#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/netset.h"
#include "property/driver.h"

static const uint8_t seed[TABLE_SEED_SIZE] = { 7 };

static void *take(struct driver *d, size_t n, size_t size)
{
	void *p = arena_alloc(d->rules->arena, n, size);

	if (!p) {
		fail("no memory", STR_NONE);
	}
	return p;
}

static void add_networks(struct netset *set, struct str list)
{
	struct str word;

	while (!str_eq(list, STR("-")) && str_split(&list, ',', &word)) {
		struct prefix p = word_prefix(word);

		if (netset_add(set, &p, 0) < 0) {
			fail("no memory", word);
		}
	}
	netset_seal(set);
}

static void read_rule(struct ruleset *r, struct str key, struct str value)
{
	struct str word;

	if (str_eq(key, STR("host-v6"))) {
		r->host_v6 = (uint8_t)word_number(value);
	} else if (str_eq(key, STR("observe"))) {
		r->observe = str_eq(value, STR("yes"));
	} else if (str_eq(key, STR("never"))) {
		add_networks(r->never_block, value);
	} else if (str_eq(key, STR("networks")) && str_split(&value, ',', &word)) {
		r->network_v4 = (uint8_t)word_number(word);
		r->network_v6 = (uint8_t)word_number(value);
	} else if (str_eq(key, STR("known"))) {
		r->known_for = (duration){ word_time(value) };
	} else if (str_eq(key, STR("brake"))) {
		r->brake = word_small(value);
	} else {
		fail("unknown key", key);
	}
}

void rules_begin(struct driver *d, const struct words *w)
{
	if (d->rules && !d->engine) {
		rules_start(d);
	}
	if (d->rules || ruleset_new(&d->rules) < 0) {
		fail("cannot begin", w->at[0]);
	}
	d->n_jails = 0;
	memset(d->watches, 0, sizeof(d->watches));
	memset(d->hears, 0, sizeof(d->hears));
	d->rules->max_subjects = 256;
	for (size_t i = 1; i < w->n; i++) {
		struct str value = w->at[i], key;

		if (!str_split(&value, '=', &key)) {
			fail("no key", w->at[i]);
		}
		read_rule(d->rules, key, value);
	}
	netset_seal(d->rules->never_block);
}

uint32_t letter(struct str name)
{
	return UINT32_C(1) << (name.p[0] - 'a') % 32;
}

static void read_watch(struct driver *d, struct str list)
{
	struct str word, source;

	while (str_split(&list, ',', &word)) {
		if (str_has_prefix(word, STR("jail:"))) {
			d->hears[d->n_jails] |= letter(str_slice(word, sizeof("jail:") - 1, 1));
			d->jails[d->n_jails].watches_jails = true;
			continue;
		}
		if (!str_split(&word, '.', &source)) {
			fail("no place", word);
		}
		d->watches[d->n_jails][word_small(source) % PLACES][word_small(word) % PLACES] =
			true;
	}
}

static void read_services(struct driver *d, struct jail *j, struct str list)
{
	uint64_t *bits;
	struct str word;

	if (str_eq(list, STR("all"))) {
		return;
	}
	bits = take(d, 1, sizeof(*bits));
	while (str_split(&list, ',', &word)) {
		/* An event without a service is served by a jail of all services only. */
		if (str_eq(word, STR("none"))) {
			fail("no service", word);
		}
		*bits |= UINT64_C(1) << word_small(word) % SERVICES;
	}
	j->services = bits;
	j->n_services = SERVICES;
}

static void read_types(struct driver *d, struct jail *j, struct str list)
{
	points *table = take(d, TYPES, sizeof(*table));
	struct str word, type;

	while (str_split(&list, ',', &word)) {
		if (!str_split(&word, ':', &type)) {
			fail("no multiplier", word);
		}
		table[word_small(type) % TYPES] = str_eq(word, STR("ban")) ? POINTS_BAN
						  : str_eq(word, STR("forgive"))
							  ? POINTS_FORGIVE
							  : (points)word_small(word);
	}
	j->points = table;
	j->n_points = TYPES;
}

static void read_ladder(struct jail *j, struct str list)
{
	struct str word;

	while (str_split(&list, ',', &word)) {
		if (j->steps == LADDER_MAX) {
			fail("too many steps", word);
		}
		j->ladder[j->steps++] = (duration){ word_time(word) };
	}
}

static int which(struct str word, const struct str *words, int n)
{
	for (int i = 0; i < n; i++) {
		if (str_eq(word, words[i])) {
			return i;
		}
	}
	fail("unknown word", word);
}

static void read_subject_key(struct jail *j, struct str key, struct str value)
{
	static const struct str subjects[] = { STR("address"), STR("network"), STR("account") };
	static const struct str values[] = { STR("none"), STR("address"), STR("account") };

	if (str_eq(key, STR("subject"))) {
		j->subject = (enum subject_kind)which(value, subjects, 3);
	} else if (str_eq(key, STR("distinct"))) {
		j->distinct = (enum distinct)which(value, values, 3);
	} else if (str_eq(key, STR("share"))) {
		j->share = word_small(value);
	} else if (str_eq(key, STR("spare"))) {
		j->spare_known = str_eq(value, STR("yes"));
	} else {
		fail("unknown key", key);
	}
}

static void read_key(struct driver *d, struct jail *j, struct str key, struct str value)
{
	if (str_eq(key, STR("watch"))) {
		read_watch(d, value);
	} else if (str_eq(key, STR("name"))) {
		j->name = arena_str(d->rules->arena, value);
	} else if (str_eq(key, STR("services"))) {
		read_services(d, j, value);
	} else if (str_eq(key, STR("types"))) {
		read_types(d, j, value);
	} else if (str_eq(key, STR("window"))) {
		j->window = (duration){ word_time(value) };
	} else if (str_eq(key, STR("threshold"))) {
		j->threshold = (uint32_t)word_number(value);
	} else if (str_eq(key, STR("ladder"))) {
		read_ladder(j, value);
	} else if (str_eq(key, STR("memory"))) {
		j->ban_memory = (duration){ word_time(value) };
	} else if (str_eq(key, STR("after"))) {
		j->after_ban = str_eq(value, STR("clear")) ? AFTER_BAN_CLEAR : AFTER_BAN_KEEP;
	} else if (str_eq(key, STR("mode"))) {
		j->mode = str_eq(value, STR("observe")) ? JAIL_OBSERVE : JAIL_ENFORCE;
	} else if (str_eq(key, STR("scope"))) {
		j->scope = word_small(value) % SCOPES;
	} else {
		read_subject_key(j, key, value);
	}
}

void rules_add_jail(struct driver *d, const struct words *w)
{
	struct jail *j = &d->jails[d->n_jails];
	struct netset *set = netset_new();

	if (!d->rules || d->n_jails == JAILS || !set) {
		fail("cannot add", w->at[0]);
	}
	*j = (struct jail){ .never_block = set };
	for (size_t i = 1; i < w->n; i++) {
		struct str value = w->at[i], key;

		if (!str_split(&value, '=', &key)) {
			fail("no key", w->at[i]);
		}
		if (str_eq(key, STR("never"))) {
			add_networks(set, value);
		} else {
			read_key(d, j, key, value);
		}
	}
	d->n_jails++;
}

static void add_routes(struct driver *d, size_t source)
{
	struct route *routes = take(d, PLACES, sizeof(*routes));

	for (size_t filter = 0; filter < PLACES; filter++) {
		uint16_t *jails = take(d, JAILS, sizeof(*jails));
		size_t n = 0;

		for (uint16_t i = 0; i < d->n_jails; i++) {
			if (d->watches[i][source][filter]) {
				jails[n++] = i;
			}
		}
		routes[filter] =
			(struct route){ .filter = (uint16_t)filter, .jails = jails, .n_jails = n };
	}
	d->rules->sources[source] = (struct source){
		.text = STR("log"), .kind = SOURCE_FILE, .routes = routes, .n_routes = PLACES
	};
}

static void add_watchers(struct driver *d, uint16_t watched)
{
	uint16_t *watchers = take(d, JAILS, sizeof(*watchers));
	uint16_t n = 0;

	for (uint16_t i = 0; i < d->n_jails; i++) {
		if ((d->hears[i] & letter(d->jails[watched].name)) != 0) {
			watchers[n++] = i;
		}
	}
	d->jails[watched].watchers = watchers;
	d->jails[watched].n_watchers = n;
}

/* Puts together what the lines have said. */
static struct ruleset *made(struct driver *d)
{
	static const struct str names[PLACES] = { STR("one"), STR("two") },
				labels[SCOPES] = { STR("all"), STR("mail"), STR("web") };
	static const struct str services[SERVICES] = { STR("smtp"), STR("imap"), STR("pop3") };
	struct ruleset *r = d->rules;
	uint16_t service;

	for (size_t i = 0; i < SERVICES; i++) {
		if (names_add(&r->services, r->arena, services[i], &service) < 0) {
			fail("no memory", services[i]);
		}
	}
	r->filters = take(d, PLACES, sizeof(*r->filters));
	r->n_filters = PLACES;
	r->jails = take(d, d->n_jails, sizeof(*r->jails));
	for (uint16_t i = 0; i < d->n_jails; i++) {
		add_watchers(d, i);
	}
	memcpy(r->jails, d->jails, d->n_jails * sizeof(*r->jails));
	r->n_jails = d->n_jails;
	r->sources = take(d, PLACES, sizeof(*r->sources));
	r->n_sources = PLACES;
	for (size_t source = 0; source < PLACES; source++) {
		r->filters[source].name = names[source];
		add_routes(d, source);
	}
	r->scopes = take(d, SCOPES, sizeof(*r->scopes));
	r->n_scopes = SCOPES;
	for (size_t i = 0; i < SCOPES; i++) {
		r->scopes[i] = (struct scope){ .name = labels[i], .label = labels[i] };
	}
	return TAKE(d->rules);
}

void rules_start(struct driver *d)
{
	static const struct engine_limits limits = { .subjects = 256, .bans = 512 };

	d->n_events = 0;
	if (engine_new(made(d), &limits, seed, &d->engine) < 0) {
		fail("no engine", STR_NONE);
	}
}

static struct jail_set forgotten(const struct ruleset *rules, const struct kept *kept)
{
	struct jail_set set = { 0 };

	for (uint16_t i = 0; i < rules->n_jails; i++) {
		if ((kept->forgotten & letter(rules->jails[i].name)) != 0) {
			jail_set_add(&set, i);
		}
	}
	return set;
}

static int refill(void *arg, struct engine *e)
{
	struct driver *d = arg;

	for (size_t i = 0; i < d->n_events; i++) {
		struct event event = d->events[i].counted.event;
		const struct jail_set but = forgotten(engine_ruleset(e), &d->events[i]);

		event.account = str_of(d->events[i].account);
		if (event.source == EVENT_SOURCE_NONE) {
			event.pattern = ruleset_jail(engine_ruleset(e), str_of(d->events[i].jail));
		}
		engine_recall_event(e, d->events[i].counted.id, &event, &but);
	}
	return 0;
}

static void told(void *arg)
{
	answer_batch(arg);
}

void rules_change(struct driver *d, instant now)
{
	const struct engine_change change = {
		.ruleset = d->rules ? made(d) : NULL,
		.now = now,
		.refill = refill,
		.told = told,
		.arg = d,
	};

	if (!change.ruleset || engine_adopt(d->engine, &change) < 0) {
		fail("not adopted", STR_NONE);
	}
}

void rules_stop(struct driver *d)
{
	assert(engine_stats(d->engine).evicted == 0);
	d->engine = engine_free(d->engine);
}
