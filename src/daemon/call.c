/* SPDX-License-Identifier: MIT */
#include "daemon/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/clock.h"

struct call *call_free(struct call *call)
{
	if (call) {
		if (call->free_state) {
			call->free_state(call->state);
		}
		value_free(call->request);
		free(call);
	}
	return NULL;
}

/* A message that memory is short for ends the connection: the buffer remembers, the connection
 * asks. */
static void say(struct call *call, struct value *message)
{
	if (value_write(message, call->out) < 0) {
		call->out->failed = true;
	}
	buf_add_char(call->out, '\0');
	value_free(message);
}

void call_reply(struct call *call, struct value *parameters, bool continues)
{
	struct value *message = value_object();

	value_set(message, "parameters", parameters);
	if (continues) {
		value_set_bool(message, "continues", true);
	}
	say(call, message);
}

enum call_next call_error(struct call *call, const char *error, struct value *parameters)
{
	struct value *message = value_object();

	value_set_word(message, "error", error);
	value_set(message, "parameters", parameters ? parameters : value_object());
	say(call, message);
	return CALL_DONE;
}

enum call_next call_refused(struct call *call, const char *command, const char *fmt, ...)
{
	struct value *parameters = value_object();
	char reason[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	value_set_word(parameters, "reason", reason);
	value_set_word(parameters, "command", command);
	return call_error(call, "io.ipsd.Control.Refused", parameters);
}

enum call_next call_invalid(struct call *call, const char *parameter)
{
	struct value *parameters = value_object();

	value_set_word(parameters, "parameter", parameter);
	return call_error(call, "org.varlink.service.InvalidParameter", parameters);
}

void call_wait(struct call *call, duration patience)
{
	const instant now = { .us = clock_monotonic() };

	call->deadline = instant_add(now, patience).us;
}

duration call_left(const struct call *call)
{
	const instant now = { .us = clock_monotonic() };

	return instant_since((instant){ .us = call->deadline }, now);
}

bool call_is_late(const struct call *call)
{
	return call_left(call).us <= 0;
}
