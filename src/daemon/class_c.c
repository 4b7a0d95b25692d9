/* SPDX-License-Identifier: MIT */
/* class_c.c - blocks are found by an index; events only by walking, newest first, so other work has
 * its turn between the slices. */
#include "daemon/class_c.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/target.h"
#include "sys/clock.h"

enum { CLASS_C_SLICE = 2000, CLASS_C_BANS = 1000 };

static const duration class_c_memory = { .us = INT64_C(30) * 86400 * 1000000 };

struct class_c {
	call_step found;
	size_t next; /* of the prefixes */
	struct prefix range;
	struct store_walk walk; /* subject NULL: the range has not been begun */
	bool is_known;
};

static bool take_ban(void *arg, const struct stored_ban *ban)
{
	struct class_c *c = arg;
	instant from = instant_add(clock_now(), (duration){ .us = -class_c_memory.us });

	c->is_known = !ban->ended.us || ban->ended.us >= from.us;
	return !c->is_known;
}

static bool take_event(void *arg, const struct stored_event *event)
{
	struct class_c *c = arg;

	c->is_known = event->id > 0;
	return false;
}

static enum call_next refuse(struct call *call, const struct class_c *c)
{
	char text[PREFIX_TEXT_MAX];

	return call_refused(
		call, NULL,
		"no address of %s was blocked in the last 30 days or did anything that is remembered; --force bans it all the same",
		prefix_format_short(&c->range, text));
}

/* Looks for blocks; events come next. */
static int begin(struct call *call, struct class_c *c, struct str text)
{
	int r = target_parse(engine_ruleset(call->daemon->engine), text, &c->range);

	if (r < 0) {
		return r;
	}
	c->range = target_class_c(engine_ruleset(call->daemon->engine), &c->range);
	c->walk = (struct store_walk){ .subject = &c->range, .scan = CLASS_C_SLICE };
	c->is_known = false;
	return store_bans(call->daemon->store, &c->range, 0, CLASS_C_BANS, take_ban, c);
}

static enum call_next found_all(struct call *call)
{
	struct class_c *c = call->state;
	call_step found = c->found;

	free(c);
	call->state = NULL;
	call->free_state = NULL;
	return found(call);
}

static enum call_next class_c_step(struct call *call)
{
	struct class_c *c = call->state;
	const struct value *list = value_get(call->parameters, "prefixes");
	bool begins = !c->walk.subject;
	int r;

	if (c->next == value_length(list)) {
		return found_all(call);
	}
	r = begins ? begin(call, c, value_text(value_at(list, c->next), STR_NONE))
		   : store_events(call->daemon->store, &c->walk, take_event, c);
	if (r == -EINVAL || r == -ERANGE) {
		return call_invalid(call, "prefixes");
	}
	if (r < 0) {
		return call_refused(call, "ipsctl status", "the database cannot be read");
	}
	if (c->is_known) {
		c->next++;
		c->walk.subject = NULL;
	} else if (!begins && !c->walk.before) {
		return refuse(call, c);
	}
	return CALL_YIELD;
}

enum call_next class_c_seek(struct call *call, call_step found)
{
	struct class_c *c = calloc(1, sizeof(*c));

	if (!c || wheel_apply(call->daemon, false) < 0) {
		free(c);
		return call_refused(call, NULL, "no memory, or ipsd is about to end");
	}
	c->found = found;
	call->state = c;
	call->free_state = free;
	call->step = class_c_step;
	return CALL_YIELD;
}
