/* SPDX-License-Identifier: MIT */
/* Adoption: the list of what stands in the kernel's sets is kept until it is whole, then each
 * element that no ban asks for becomes one, in slices between other work, each slice an order. An
 * unban that was ordered while the list was on its way would be undone by it: then the kernel is
 * asked once more. What has come on never-block is taken out. */
#include "daemon/adoption.h"

#include <errno.h>
#include <string.h>

#include "output/record.h"
#include "sys/clock.h"

enum { ADOPTION_SLICE = 500 };

struct element {
	struct prefix prefix;
	uint16_t scope;
	instant until;
};

void adoption_expect(struct daemon *d, const char *reason)
{
	d->adoption.reason = d->enforcer ? reason : NULL;
}

bool adoption_is_expected(const struct daemon *d)
{
	return d->adoption.reason != NULL;
}

bool adoption_goes_on(const struct daemon *d)
{
	return d->adoption.whole;
}

size_t adoption_max(const struct daemon *d)
{
	return d->adoption.too_many || d->adoption.whole ? 0 : RECORD_LIST_MAX;
}

void adoption_found(struct daemon *d, const struct prefix *prefix, uint16_t scope, duration left)
{
	const struct element e = {
		.prefix = *prefix,
		.scope = scope,
		.until = left.us == DURATION_FOREVER.us ? INSTANT_NEVER
							: instant_add(clock_now(), left),
	};

	if (!d->adoption.whole) {
		buf_add(&d->adoption.found, &e, sizeof(e));
	}
}

void adoption_listed(struct daemon *d, int error)
{
	struct adoption *a = &d->adoption;
	struct reconcile *r = &d->reconcile;

	if (a->whole) {
		return;
	}
	if (error == E2BIG || (error == 0 && buf_ok(&a->found) < 0)) {
		a->too_many = true;
		buf_done(&a->found);
		log_error(
			"the kernel holds more than %d bans that the database does not know; they "
			"end by themselves, `ipsctl unban ADDRESS` lifts one",
			RECORD_LIST_MAX);
	} else if (error != 0 || r->releases != r->releases_then) {
		buf_clear(&a->found);
		r->wanted = true;
	} else {
		a->whole = true;
		a->at = 0;
	}
}

static int adopt(struct daemon *d, const struct element *e)
{
	const struct order order = {
		.kind = ORDER_BAN,
		.time = clock_now(),
		.prefix = e->prefix,
		.until = e->until,
		.scope = e->scope,
		.by = STR("ipsd"),
		.reason = str_of(d->adoption.reason),
	};
	struct order_result result;
	instant until;
	int r;

	if (e->scope >= engine_ruleset(d->engine)->n_scopes || order.time.us >= e->until.us ||
	    engine_wish(d->engine, &e->prefix, e->scope, &until)) {
		return 0;
	}
	r = engine_order(d->engine, &order, &result);
	if (r < 0) {
		d->adoption.failed++;
		return r == -ENOMEM ? r : 0;
	}
	if (result.never_block) {
		d->adoption.spared++;
		enforcement_release(d, &e->prefix, e->scope);
	}
	d->adoption.adopted += result.made;
	return wheel_apply(d, false);
}

static void tell(const struct adoption *a)
{
	if (a->adopted) {
		log_notice("bans that the kernel held and the database did not know: %zu; they are "
			   "bans by hand with the time they have left, `ipsctl list` shows them",
			   a->adopted);
	}
	if (a->spared) {
		log_notice("bans of before that the kernel held inside never-block, and taken out: "
			   "%zu",
			   a->spared);
	}
	if (a->failed) {
		log_error(
			"bans that the kernel holds could not be taken up (%zu): there are too many",
			a->failed);
	}
}

int adoption_turn(struct daemon *d)
{
	struct adoption *a = &d->adoption;
	int r;

	if (!a->whole || d->ordering) {
		return 0;
	}
	r = wheel_apply(d, false);
	if (r < 0) {
		return r;
	}
	wheel_open_order(d);
	for (size_t n = 0; r >= 0 && n < ADOPTION_SLICE && a->at < a->found.n; n++) {
		struct element e;

		memcpy(&e, buf_text(&a->found) + a->at, sizeof(e));
		a->at += sizeof(e);
		r = adopt(d, &e);
	}
	r = r < 0 ? ((void)!wheel_close_order(d), r) : wheel_close_order(d);
	if (a->at == a->found.n) {
		tell(a);
		buf_done(&a->found);
		*a = (struct adoption){ .reason = NULL };
	}
	return r;
}
