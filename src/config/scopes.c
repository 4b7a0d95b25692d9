/* SPDX-License-Identifier: MIT */
/* scopes.c - which number in the ruleset has this scope?
 *
 * A person on the command line names the ports of a scope by its label, as the PORTS column shows
 * it, or by any words that mean the same ports. Only scopes that the rules know are there to be
 * named: the kernel has no sets for others. */
#include "config/scopes.h"

#include <errno.h>
#include <string.h>

#include "config/config.h"

int scopes_make_room(struct ruleset *r)
{
	struct scope *room = arena_alloc(r->arena, SCOPES_MAX, sizeof(*room));

	if (!room) {
		return -ENOMEM;
	}
	memcpy(room, r->scopes, r->n_scopes * sizeof(*room));
	r->scopes = room;
	return 0;
}

static struct port_list list_of(const struct scope *s)
{
	struct port_list list = { .n = s->n_ranges, .all = s->n_ranges == 0 };

	for (size_t i = 0; i < s->n_ranges; i++) {
		list.at[i] = s->ranges[i];
	}
	return list;
}

static int find_scope(const struct ruleset *r, const struct port_list *list, enum verdict verdict,
		      uint16_t *ret)
{
	for (uint16_t i = 0; i < r->n_scopes; i++) {
		const struct port_list other = list_of(&r->scopes[i]);

		if (r->scopes[i].verdict == verdict && ports_eq(&other, list)) {
			*ret = i;
			return 0;
		}
	}
	return -ENOENT;
}

int scopes_add(struct ruleset *r, const struct port_list *list, enum verdict verdict,
	       struct str label, uint16_t *ret)
{
	char name[SCOPE_NAME_MAX + 1];
	struct port_range *ranges;
	struct scope made = { .verdict = verdict, .n_ranges = list->n };

	if (find_scope(r, list, verdict, ret) == 0) {
		return 0;
	}
	if (r->n_scopes == SCOPES_MAX) {
		return -ENOSPC;
	}
	ranges = arena_alloc(r->arena, list->n, sizeof(*ranges));
	made.name = arena_str(r->arena, str_of(ports_set_name(list, verdict, name)));
	made.label = arena_str(r->arena, label);
	if (!ranges || !made.name.p || !made.label.p) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < list->n; i++) {
		ranges[i] = list->at[i];
	}
	made.ranges = ranges;
	*ret = (uint16_t)r->n_scopes;
	r->scopes[r->n_scopes++] = made;
	return 0;
}

int config_scope(const struct ruleset *r, struct str ports, uint16_t *ret)
{
	struct port_list list = { .n = 0 };
	struct str word;

	for (uint16_t i = 0; i < r->n_scopes; i++) {
		if (r->scopes[i].verdict == VERDICT_DROP && str_eq(r->scopes[i].label, ports)) {
			*ret = i;
			return 0;
		}
	}
	while (str_split(&ports, ',', &word)) {
		int e = ports_add(&list, str_trim(word), NULL);

		if (e < 0) {
			return -ENOENT;
		}
	}
	return list.n > 0 || list.all ? find_scope(r, &list, VERDICT_DROP, ret) : -ENOENT;
}
