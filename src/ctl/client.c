/* SPDX-License-Identifier: MIT */
#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "ctl/progress.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "sys/sockets.h"
#include "wire/interface.h"

enum {
	REPLY_MAX = 256 * 1024 * 1024,
	READ_BYTES = 64 * 1024,
	PATIENCE = 90,
	PATIENCE_MAX = 86400,
	LOOK_MS = 250
};

static int unreachable(const struct ctl *ctl, int error)
{
	if (error == -EACCES || error == -EPERM) {
		fprintf(stderr,
			"ipsctl: no right to ask ipsd at %s/control: be root or a member of its group (usermod -aG ipsd USER, then log in again)\n",
			ctl->runtime_dir);
	} else if (error == -ENOENT) {
		fprintf(stderr,
			"ipsctl: ipsd does not run, or its socket was removed (there is no %s/control): systemctl start ipsd; if it runs, systemctl stop ipsd && systemctl start ipsd\n",
			ctl->runtime_dir);
	} else if (error == -ECONNREFUSED) {
		fprintf(stderr,
			"ipsctl: ipsd does not run (nobody answers at %s/control): systemctl start ipsd\n",
			ctl->runtime_dir);
	} else {
		fprintf(stderr,
			"ipsctl: cannot ask ipsd at %s/control: %s; see systemctl status ipsd\n",
			ctl->runtime_dir, strerror(-error));
	}
	return CTL_UNREACHABLE;
}

static int connect_daemon(const struct ctl *ctl, int *ret_fd)
{
	CLEANUP(buf_done) struct buf path = { 0 };

	buf_printf(&path, "%s/control", ctl->runtime_dir);
	return sockets_connect(buf_text(&path), ret_fd);
}

int client_knock(const struct ctl *ctl)
{
	CLEANUP(fd_close) int fd = -1;

	return connect_daemon(ctl, &fd);
}

static int send_request(int fd, const char *method, struct value *parameters, bool more)
{
	CLEANUP(value_freep) struct value *request = value_object();
	CLEANUP(buf_done) struct buf text = { 0 }, name = { 0 };
	size_t at = 0;

	buf_printf(&name, "io.ipsd.Control.%s", method);
	value_set_word(request, "method", buf_text(&name));
	value_set(request, "parameters", parameters ? parameters : value_object());
	if (more) {
		value_set_bool(request, "more", true);
	}
	if (value_write(request, &text) < 0) {
		return -ENOMEM;
	}
	if (text.n > INTERFACE_REQUEST_MAX) {
		return -E2BIG;
	}
	buf_add_char(&text, '\0');
	while (at < text.n) {
		int64_t n = sockets_write(fd, text.p + at, text.n - at);

		if (n < 0) {
			return (int)n;
		}
		at += (size_t)n;
	}
	return buf_ok(&text);
}

/* Seconds that ipsd may keep silent. */
static int patience(void)
{
	uint64_t n = PATIENCE;

	(void)!str_to_uint(str_of(getenv("IPSCTL_TIMEOUT")), PATIENCE_MAX, &n);
	return (int)n;
}

/* Waits until something comes; follows for ever only where that is the point. */
static int wait_for_bytes(int fd, bool patient)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int64_t began = clock_monotonic(), end = began + (int64_t)patience() * 1000000;
	int n;

	do {
		n = poll(&wait, 1, patient ? -1 : LOOK_MS);
		if (n == 0) {
			progress_wait("ipsd", began);
		}
	} while ((n < 0 && errno == EINTR) || (n == 0 && clock_monotonic() < end));
	progress_clear();
	return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

/* One message without its NUL, into `message`. 0, or negative errno; -EPIPE: the daemon has closed.
 */
static int receive(int fd, bool patient, struct buf *in, struct buf *message)
{
	size_t end, seen = 0;

	while ((end = str_find_char(str_slice(buf_str(in), seen, in->n), '\0')) == STR_NOT_FOUND) {
		char *space = in->n < REPLY_MAX ? buf_reserve(in, READ_BYTES) : NULL;
		int64_t n;

		seen = in->n;
		if (!space) {
			return -EMSGSIZE;
		}
		n = wait_for_bytes(fd, patient);
		if (n == 0) {
			n = sockets_read(fd, space, READ_BYTES);
			n = n == 0 ? -EPIPE : n;
		}
		if (n <= 0) {
			return n < 0 ? (int)n : -EPIPE;
		}
		in->n += (size_t)n;
	}
	buf_clear(message);
	buf_add(message, in->p, seen + end);
	buf_consume(in, seen + end + 1);
	return buf_ok(message);
}

static void say(struct str text)
{
	CLEANUP(buf_done) struct buf clean = { 0 };

	escape_utf8(&clean, text);
	fprintf(stderr, "%s", buf_text(&clean));
}

/* A Varlink error as a sentence. */
static int say_error(const struct value *message)
{
	struct str error = value_text(value_get(message, "error"), STR(""));
	const struct value *p = value_get(message, "parameters");
	struct str command = value_text(value_get(p, "command"), STR_NONE);

	fprintf(stderr, "ipsctl: ");
	if (str_eq(error, STR("io.ipsd.Control.Refused"))) {
		say(value_text(value_get(p, "reason"), STR("refused")));
		if (command.n) {
			fprintf(stderr, "; next: ");
			say(command);
		}
	} else if (str_eq(error, STR("org.varlink.service.InvalidParameter"))) {
		fprintf(stderr, "ipsd does not take this value of: ");
		say(value_text(value_get(p, "parameter"), STR("")));
	} else if (str_eq(error, STR("org.varlink.service.MethodNotFound"))) {
		fprintf(stderr,
			"the running ipsd is older than this ipsctl: systemctl restart ipsd");
	} else {
		say(error);
	}
	fprintf(stderr, "\n");
	return CTL_USAGE;
}

static bool is_reply(const struct value *message)
{
	return value_type(value_get(message, "error")) == VALUE_TEXT ||
	       value_type(value_get(message, "parameters")) == VALUE_OBJECT;
}

/* Hands replies over until the last one. */
static int take_replies(int fd, bool patient, client_reply fn, void *arg, int *ret_code)
{
	CLEANUP(buf_done) struct buf in = { 0 }, text = { 0 };
	bool go_on = true;

	*ret_code = CTL_DONE;
	while (go_on) {
		CLEANUP(value_freep) struct value *message = NULL;
		int r = receive(fd, patient, &in, &text);

		if (r < 0) {
			return r;
		}
		if (value_parse(buf_str(&text), NULL, &message) < 0 || !is_reply(message)) {
			return -EBADMSG;
		}
		if (value_get(message, "error")) {
			*ret_code = say_error(message);
			return 0;
		}
		go_on = fn(arg, value_get(message, "parameters")) &&
			value_bool(value_get(message, "continues"), false);
	}
	return 0;
}

int client_call(const struct ctl *ctl, const char *method, struct value *parameters, bool more,
		client_reply fn, void *arg)
{
	bool patient = value_bool(value_get(parameters, "follow"), false);
	CLEANUP(fd_close) int fd = -1;
	int code = CTL_DONE, r = connect_daemon(ctl, &fd);

	if (r < 0) {
		value_free(parameters);
		return unreachable(ctl, r);
	}
	r = send_request(fd, method, parameters, more);
	if (r >= 0) {
		r = take_replies(fd, patient, fn, arg, &code);
	}
	if (r == -E2BIG) {
		return ctl_usage(ctl, "too much for one order: ipsd reads %d MiB; split it",
				 INTERFACE_REQUEST_MAX / (1024 * 1024));
	}
	if (r == -EPIPE || r == -ECONNRESET) {
		fprintf(stderr,
			"ipsctl: ipsd ended before it had answered: systemctl status ipsd\n");
		return CTL_UNREACHABLE;
	}
	if (r == -ETIMEDOUT) {
		fprintf(stderr,
			"ipsctl: ipsd has not answered for %d seconds: systemctl status ipsd\n",
			patience());
		return CTL_UNREACHABLE;
	}
	if (r == -EBADMSG || r == -EMSGSIZE) {
		fprintf(stderr,
			"ipsctl: what answers at %s/control does not speak ipsd's protocol: systemctl status ipsd\n",
			ctl->runtime_dir);
		return CTL_UNREACHABLE;
	}
	return r < 0 ? unreachable(ctl, r) : code;
}
