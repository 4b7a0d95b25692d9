/* SPDX-License-Identifier: MIT */
/* scopes.c - which number in the ruleset has this scope?
 *
 * A person on the command line names ports in the words of a jail's `ports`. The same ports have
 * the same name, so the engine finds out whether a jail has them already. */
#include "config/scopes.h"

#include <errno.h>
#include <string.h>

#include "config/config.h"

/* The next word of a list with blanks or commas between. */
static bool next_word(struct str *rest, struct str *ret)
{
	while (rest->n > 0 && (rest->p[0] == ',' || rest->p[0] == ' ' || rest->p[0] == '\t')) {
		*rest = str_slice(*rest, 1, SIZE_MAX);
	}
	for (size_t n = 0; n <= rest->n; n++) {
		if (n == rest->n || rest->p[n] == ',' || rest->p[n] == ' ' || rest->p[n] == '\t') {
			*ret = str_slice(*rest, 0, n);
			*rest = str_slice(*rest, n, SIZE_MAX);
			return ret->n > 0;
		}
	}
	return false;
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

/* The words of the list in one way of writing: commas between them. */
static int normalize(struct str words, char label[static CONFIG_LABEL_MAX], size_t *ret_n)
{
	struct str word;
	size_t n = 0;

	while (next_word(&words, &word)) {
		if (n + word.n + 1 > CONFIG_LABEL_MAX) {
			return -E2BIG;
		}
		if (n > 0) {
			label[n++] = ',';
		}
		memcpy(label + n, word.p, word.n);
		n += word.n;
	}
	*ret_n = n;
	return 0;
}

int config_scope(const struct config *c, struct str ports, struct config_scope *ret,
		 struct str *ret_word)
{
	struct port_list list = { .n = 0 };
	struct str words = ports, word;
	size_t label = 0;
	int r = normalize(ports, ret->label, &label);

	*ret_word = ports;
	while (r == 0 && next_word(&words, &word)) {
		*ret_word = word;
		r = ports_add(&list, word, c->groups);
	}
	if (r < 0 || label == 0) {
		return r < 0 ? r : -EINVAL;
	}
	for (size_t i = 0; i < list.n; i++) {
		ret->ranges[i] = list.at[i];
	}
	ret->scope = (struct scope){
		.name = str_of(ports_set_name(&list, VERDICT_DROP, ret->name)),
		.label = { .p = ret->label, .n = label },
		.ranges = ret->ranges,
		.n_ranges = list.n,
		.verdict = VERDICT_DROP,
	};
	return 0;
}
