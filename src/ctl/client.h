/* SPDX-License-Identifier: MIT */
#pragma once
/* client.h - asks the daemon, and says in one sentence why it cannot be asked. */
#include "ctl/ctl.h"

/* Called with the parameters of each reply; false stops listening. */
typedef bool (*client_reply)(void *arg, const struct value *parameters);

/* Calls the method of io.ipsd.Control and hands over its replies; `more` for those that stream.
 * Takes the parameters over (NULL: none). Returns an exit code; everything that went wrong was said
 * on stderr. */
int client_call(const struct ctl *ctl, const char *method, struct value *parameters, bool more,
		client_reply fn, void *arg);
/* Is there a daemon that takes calls? Says nothing. -EACCES: we may not ask it; -ENOENT,
 * -ECONNREFUSED: there is none. */
NODISCARD int client_knock(const struct ctl *ctl);
