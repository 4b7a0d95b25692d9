/* SPDX-License-Identifier: MIT */
#include "policy/leaks.h"

static void begin(struct leak *leak, instant now)
{
	leak->from = instant_add(now, seconds(LEAK_GRACE));
	leak->events = 0;
	leak->late = 0;
	leak->is_suspected = false;
}

static struct leak *find(struct leaks *l, uint64_t ban)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->at[i].ban == ban) {
			return &l->at[i];
		}
	}
	return NULL;
}

/* A free place, or that of the one heard of longest ago, certain ones last. */
static struct leak *place(struct leaks *l)
{
	struct leak *oldest = &l->at[0];

	if (l->n < LEAKS_MAX) {
		return &l->at[l->n++];
	}
	for (size_t i = 1; i < l->n; i++) {
		struct leak *leak = &l->at[i];

		if (leak->is_certain != oldest->is_certain ? oldest->is_certain
							   : leak->last.us < oldest->last.us) {
			oldest = leak;
		}
	}
	return oldest;
}

static struct leak *add(struct leaks *l, const struct ban *ban, instant now)
{
	struct leak *leak = place(l);

	*leak = (struct leak){
		.ban = ban->id,
		.prefix = ban->prefix,
		.jail = ban->jail,
		.scope = ban->scope,
		.last = now,
	};
	begin(leak, now);
	return leak;
}

const struct leak *leaks_note(struct leaks *l, const struct ban *ban, const struct event *event,
			      instant now)
{
	struct leak *leak = find(l, ban->id);

	leak = leak ? leak : add(l, ban, now);
	if (event->time.us < leak->from.us) {
		return NULL;
	}
	leak->first = leak->events ? leak->first : event->time;
	leak->last = event->time;
	leak->source = event->source;
	leak->events += event->count;
	if (event->time.us >= instant_add(leak->from, seconds(LEAK_PATIENCE)).us) {
		leak->late += event->count;
	}
	if (leak->is_certain || leak->is_suspected ||
	    (leak->events < LEAK_MANY && leak->late < LEAK_LATE)) {
		return NULL;
	}
	leak->is_suspected = true;
	return leak;
}

const struct leak *leaks_confirm(struct leaks *l, const struct prefix *prefix, uint16_t scope,
				 bool held, uint64_t packets)
{
	for (size_t i = 0; i < l->n; i++) {
		struct leak *leak = &l->at[i];

		if (!leak->is_suspected || leak->scope != scope ||
		    !prefix_eq(&leak->prefix, prefix)) {
			continue;
		}
		if (!held) {
			begin(leak, leak->last);
			return NULL;
		}
		leak->is_suspected = false;
		leak->is_certain = true;
		leak->packets = packets;
		l->total++;
		return leak;
	}
	return NULL;
}

void leaks_restart(struct leaks *l, instant now)
{
	for (size_t i = 0; i < l->n; i++) {
		if (!l->at[i].is_certain) {
			begin(&l->at[i], now);
		}
	}
}

void leaks_drop(struct leaks *l, size_t i)
{
	l->at[i] = l->at[--l->n];
}
