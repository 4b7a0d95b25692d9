/* SPDX-License-Identifier: MIT */
/* plan.c - a plan as records, and back.
 *
 * The list of never-block goes over without those entries that lie inside others: the kernel's set
 * does not take them anyway.
 *
 * Whoever receives has storage for the most scopes that there can be, so a plan costs one netset.
 * What is wrong with a record is remembered until the end of the plan and said there, once. The end
 * of a plan whose beginning was not seen is nothing: it is the rest of what an enforcer that died
 * had left unread. */
#include "output/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/cover.h"

struct plan {
	bool open, broken;
	size_t n_scopes, n_never; /* that were announced */
	size_t n, n_told;         /* scopes and prefixes so far */
	size_t ranges_due;        /* of the last scope */
	struct netset *never;
	struct scope scopes[SCOPES_MAX];
	char names[SCOPES_MAX][SCOPE_NAME_MAX];
	struct port_range ranges[SCOPES_MAX][SCOPE_RANGES_MAX];
};

/* --- The daemon's side
 * ------------------------------------------------------------------------------ */

static bool can_be_told(const struct enforcer_plan *plan)
{
	if (plan->n_scopes == 0 || plan->n_scopes > SCOPES_MAX) {
		return false;
	}
	for (size_t i = 0; i < plan->n_scopes; i++) {
		if (plan->scopes[i].name.n > SCOPE_NAME_MAX ||
		    plan->scopes[i].n_ranges > SCOPE_RANGES_MAX) {
			return false;
		}
	}
	return true;
}

static struct record *tell_scope(const struct scope *scope, uint16_t number, struct record *to)
{
	*to = (struct record){
		.kind = RECORD_SCOPE,
		.scope = number,
		.family = (uint8_t)scope->verdict,
		.len = (uint8_t)scope->n_ranges,
	};
	memcpy(to->bytes, scope->name.p, scope->name.n);
	to++;
	for (size_t i = 0; i < scope->n_ranges; i++) {
		const struct port_range *range = &scope->ranges[i];
		const uint16_t ports[] = { range->low, range->high };

		*to = (struct record){ .kind = RECORD_PORTS,
				       .scope = number,
				       .family = range->proto };
		memcpy(to->bytes, ports, sizeof(ports));
		to++;
	}
	return to;
}

static struct record *tell_never(const struct prefix *list, size_t n, struct record *to)
{
	for (size_t i = 0; i < n; i++) {
		*to = (struct record){ .kind = RECORD_NEVER,
				       .family = list[i].addr.family,
				       .len = list[i].len };
		memcpy(to->bytes, list[i].addr.bytes, sizeof(to->bytes));
		to++;
	}
	return to;
}

static int tell(const struct enforcer_plan *plan, const struct prefix *v4, size_t n4,
		const struct prefix *v6, size_t n6, struct record **ret)
{
	size_t ranges = 0;
	struct record *to;

	for (size_t i = 0; i < plan->n_scopes; i++) {
		ranges += plan->scopes[i].n_ranges;
	}
	to = calloc(plan->n_scopes + ranges + n4 + n6 + 2, sizeof(*to));
	if (!to) {
		return -ENOMEM;
	}
	*ret = to;
	*to++ = (struct record){ .kind = RECORD_PLAN,
				 .scope = (uint16_t)plan->n_scopes,
				 .cookie = n4 + n6 };
	for (uint16_t i = 0; i < plan->n_scopes; i++) {
		to = tell_scope(&plan->scopes[i], i, to);
	}
	to = tell_never(v4, n4, to);
	to = tell_never(v6, n6, to);
	*to++ = (struct record){ .kind = RECORD_PLAN_END };
	return (int)(to - *ret);
}

int plan_tell(const struct enforcer_plan *plan, struct record **ret, size_t *ret_n)
{
	struct prefix *v4 = NULL, *v6 = NULL;
	size_t n4 = 0, n6 = 0;
	int r = can_be_told(plan) ? 0 : -EINVAL;

	if (r == 0) {
		r = cover_of(plan->never_block, 4, &v4, &n4);
	}
	if (r == 0) {
		r = cover_of(plan->never_block, 6, &v6, &n6);
	}
	if (r == 0) {
		r = n4 + n6 > RECORD_NEVER_MAX ? -E2BIG : tell(plan, v4, n4, v6, n6, ret);
	}
	free(v4);
	free(v6);
	if (r < 0) {
		return r;
	}
	*ret_n = (size_t)r;
	return 0;
}

/* --- The enforcer's side
 * ---------------------------------------------------------------------------- */

int plan_new(struct plan **ret)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (!p) {
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

struct plan *plan_free(struct plan *p)
{
	if (p) {
		netset_free(p->never);
		free(p);
	}
	return NULL;
}

static int begin(struct plan *p, const struct record *r)
{
	netset_free(p->never);
	p->never = netset_new();
	p->open = p->never != NULL;
	p->broken = false;
	p->n = 0;
	p->n_told = 0;
	p->ranges_due = 0;
	p->n_scopes = r->scope;
	p->n_never = (size_t)r->cookie;
	return p->never ? 0 : -ENOMEM;
}

static bool take_scope(struct plan *p, const struct record *r)
{
	struct scope *to = &p->scopes[p->n];

	if (p->n == p->n_scopes || r->scope != p->n || p->ranges_due > 0 || p->n_told > 0) {
		return false;
	}
	memcpy(p->names[p->n], r->bytes, SCOPE_NAME_MAX);
	*to = (struct scope){
		.name = { .p = p->names[p->n], .n = strnlen(p->names[p->n], SCOPE_NAME_MAX) },
		.verdict = (enum verdict)r->family,
		.ranges = p->ranges[p->n],
	};
	to->label = to->name;
	p->ranges_due = r->len;
	p->n++;
	return true;
}

static bool take_ports(struct plan *p, const struct record *r)
{
	struct scope *scope = p->n > 0 ? &p->scopes[p->n - 1] : NULL;
	uint16_t ports[2];

	if (p->ranges_due == 0 || r->scope != p->n - 1) {
		return false;
	}
	memcpy(ports, r->bytes, sizeof(ports));
	p->ranges[p->n - 1][scope->n_ranges++] =
		(struct port_range){ .proto = r->family, .low = ports[0], .high = ports[1] };
	p->ranges_due--;
	return true;
}

/* -ENOMEM; 0: well; 1: it does not belong here. */
static int take_never(struct plan *p, const struct record *r)
{
	const struct prefix prefix = record_prefix(r);

	if (p->n < p->n_scopes || p->ranges_due > 0 || p->n_told >= p->n_never) {
		return 1;
	}
	p->n_told++;
	return netset_add(p->never, &prefix, 0);
}

/* Scope 0 is that of most bans; sets for it are made at the start. */
static bool is_whole(const struct plan *p)
{
	return !p->broken && p->n_scopes > 0 && p->n == p->n_scopes && p->ranges_due == 0 &&
	       netset_count(p->never) == p->n_never && p->scopes[SCOPE_ALL].n_ranges == 0 &&
	       p->scopes[SCOPE_ALL].verdict == VERDICT_DROP;
}

int plan_take(struct plan *p, const struct record *r)
{
	int e;

	if (r->kind == RECORD_PLAN) {
		return begin(p, r);
	}
	if (!p->open) {
		return 0;
	}
	switch ((enum record_kind)r->kind) {
	case RECORD_SCOPE: p->broken |= !take_scope(p, r); return 0;
	case RECORD_PORTS: p->broken |= !take_ports(p, r); return 0;
	case RECORD_NEVER:
		e = take_never(p, r);
		p->broken |= e > 0;
		return e < 0 ? e : 0;
	case RECORD_PLAN_END:
		netset_seal(p->never);
		p->open = false;
		return is_whole(p) ? 1 : -EBADMSG;
	case RECORD_PLAN:
	case RECORD_HOLD:
	case RECORD_RELEASE:
	case RECORD_RELEASE_ALL:
	case RECORD_ASK:
	case RECORD_LIST: break;
	}
	p->broken = true;
	return 0;
}

void plan_read(const struct plan *p, struct kernel_plan *ret)
{
	ret->scopes = p->scopes;
	ret->n_scopes = p->n_scopes;
	ret->never_block = p->never;
}

bool plan_same_scope(const struct kernel_plan *a, const struct kernel_plan *b, uint16_t scope)
{
	return scope < a->n_scopes && scope < b->n_scopes &&
	       a->scopes[scope].verdict == b->scopes[scope].verdict &&
	       str_eq(a->scopes[scope].name, b->scopes[scope].name);
}
