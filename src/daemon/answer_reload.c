/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base/escape.h"
#include "daemon/call.h"
#include "daemon/reload.h"

static struct value *lines(const struct buf *text)
{
	struct value *list = value_array();
	struct str rest = buf_str(text), line;

	while (rest.n > 0 && str_split(&rest, '\n', &line)) {
		value_add_text(list, line);
	}
	return list;
}

static bool is_settled(const struct daemon *d)
{
	const struct enforcer_state *s = d->enforcer ? enforcer_state(d->enforcer) : NULL;

	return !s || !(s->pending || d->resync || d->replan);
}

static enum call_next reload_reply(struct call *call)
{
	struct value *reply = call->state;

	if (!is_settled(call->daemon) && !call_is_late(call)) {
		return CALL_WAIT;
	}
	value_set_bool(reply, "settled", is_settled(call->daemon));
	call->state = NULL;
	call_reply(call, reply, false);
	return CALL_DONE;
}

static void free_reply(void *reply)
{
	value_free(reply);
}

enum call_next answer_reload(struct call *call)
{
	CLEANUP(buf_done) struct buf by = { 0 };
	struct value *reply;
	struct reload told;
	int r;

	buf_printf(&by, "ordered by %s", call->peer.user);
	r = reload_run(call->daemon, buf_text(&by), &told);
	if (r < 0) {
		reload_done(&told);
		return call_refused(call, "journalctl -u ipsd", "ipsd cannot go on: %s",
				    strerror(-r));
	}
	reply = value_object();
	value_set_bool(reply, "done", told.done);
	value_set(reply, "changes", lines(&told.changes));
	value_set(reply, "problems", lines(&told.problems));
	reload_done(&told);
	call->state = reply;
	call->free_state = free_reply;
	call->step = reload_reply;
	return reload_reply(call);
}
