/* SPDX-License-Identifier: MIT */
#pragma once
/* plan.h - how does the daemon tell its enforcer what the kernel's table shall look like?
 *
 * As records of one number: RECORD_PLAN, each scope and its ranges of ports, the prefixes of
 * never-block, RECORD_PLAN_END. Nothing of a plan counts before its end, which says that it is
 * whole. Pure; bounded by SCOPES_MAX and RECORD_NEVER_MAX. */
#include "base/netset.h"
#include "output/kernel_plan.h"
#include "output/record.h"
#include "policy/scope.h"

/* What the daemon says. The lists are borrowed. */
struct enforcer_plan {
	const struct scope *scopes; /* [0] is all ports, drop */
	size_t n_scopes;
	const struct netset *never_block; /* sealed */
};

/* The records of the plan, all but their number. *ret is free()d by the caller. -E2BIG: more than
 * RECORD_NEVER_MAX prefixes are left after all that lie inside others are gone. -EINVAL: no scope,
 * too many, or one that no record can tell. -ENOMEM. */
NODISCARD int plan_tell(const struct enforcer_plan *plan, struct record **ret, size_t *ret_n);

/* A plan that arrives. */
struct plan;

/* -ENOMEM. */
NODISCARD int plan_new(struct plan **ret);
struct plan *plan_free(struct plan *p);
DEFINE_FREEP(struct plan, plan_free)
/* Takes the next record of a plan; RECORD_PLAN begins anew. 0: taken, or nothing that belongs to a
 * plan under way. 1: the plan is whole. -EBADMSG: its end came, but it is not whole or contradicts
 * itself; -ENOMEM. */
NODISCARD int plan_take(struct plan *p, const struct record *r);
/* Puts scopes and never-block of a whole plan in; they live as long as `p` and until its next
 * RECORD_PLAN. */
void plan_read(const struct plan *p, struct kernel_plan *ret);
/* Whether both have a scope of this number, and it is the same. */
bool plan_same_scope(const struct kernel_plan *a, const struct kernel_plan *b, uint16_t scope);
