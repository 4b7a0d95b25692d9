/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "daemon/call.h"
#include "daemon/mode.h"
#include "sys/clock.h"

static enum call_next mode_reply(struct call *call)
{
	const struct enforcer_state *s =
		call->daemon->enforcer ? enforcer_state(call->daemon->enforcer) : NULL;
	struct value *reply;

	if (s && (s->pending || call->daemon->resync) && !call_is_late(call)) {
		return CALL_WAIT;
	}
	reply = value_object();
	value_set_word(reply, "mode",
		       engine_observes(call->daemon->engine) ? "observe" : "enforce");
	value_set_instant(reply, "until", call->daemon->mode_until);
	value_set_bool(reply, "settled", !s || !(s->pending || call->daemon->resync));
	call_reply(call, reply, false);
	return CALL_DONE;
}

enum call_next answer_mode(struct call *call)
{
	struct str mode = value_text(value_get(call->parameters, "mode"), STR_NONE);
	const struct value *length = value_get(call->parameters, "seconds");
	int64_t for_seconds = value_int(length, value_type(length) == VALUE_NULL ? 0 : -1);
	instant until = for_seconds > 0 ? instant_add(clock_now(), seconds(for_seconds))
					: INSTANT_NEVER;
	bool observe = str_eq(mode, STR("observe"));
	CLEANUP(buf_done) struct buf by = { 0 };
	int r;

	if (!observe && !str_eq(mode, STR("enforce"))) {
		return call_invalid(call, "mode");
	}
	if (for_seconds < 0) {
		return call_invalid(call, "seconds");
	}
	buf_printf(&by, "ordered by %s", call->peer.user);
	r = mode_set(call->daemon, observe, until, buf_text(&by));
	if (r == -EPERM) {
		return call_refused(call, "systemctl restart ipsd", "it cannot enforce: %s",
				    call->daemon->forced_why);
	}
	if (r < 0) {
		return call_refused(call, "ipsctl status", "%s", strerror(-r));
	}
	call->step = mode_reply;
	return mode_reply(call);
}
