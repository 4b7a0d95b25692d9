/* SPDX-License-Identifier: MIT */
/* sessions.c - logind's files, by its library: no question goes to any process.
 *
 * A session exists because someone has proved who he is. That is what tells it from a connection to
 * port 22, which every guesser has. A session that is being closed protects nobody any more. */
#include "lookup/sessions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <systemd/sd-login.h>

#include "sys/sockets.h"

static void free_text(char **text)
{
	free(*text);
}

static bool is_closing(const char *session)
{
	CLEANUP(free_text) char *state = NULL;

	return sd_session_get_state(session, &state) >= 0 && strcmp(state, "closing") == 0;
}

static void add_session(const char *session, struct facts *ret)
{
	CLEANUP(free_text) char *host = NULL;
	char user[64] = "somebody", text[FACT_TEXT_MAX];
	struct str address;
	struct addr addr;
	uid_t uid;

	if (sd_session_is_remote(session) <= 0 || is_closing(session) ||
	    sd_session_get_remote_host(session, &host) < 0) {
		return;
	}
	address = str_of(host);
	if (addr_parse(str_slice(address, 0, str_find_char(address, '%')), &addr) < 0) {
		return;
	}
	if (sd_session_get_uid(session, &uid) >= 0) {
		sockets_user_name(uid, user, sizeof(user));
	}
	(void)snprintf(text, sizeof(text), "session of %s", user);
	facts_add(ret, &addr, INSTANT_NEVER, text);
}

int sessions_find(struct facts *ret)
{
	char **sessions = NULL;
	int n = sd_get_sessions(&sessions);

	for (int i = 0; i < n; i++) {
		add_session(sessions[i], ret);
		free(sessions[i]);
	}
	free(sessions);
	return n < 0 && n != -ENOENT && n != -ENODATA ? n : 0;
}
