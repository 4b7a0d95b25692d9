/* SPDX-License-Identifier: MIT */
/* cut-connections is on, and the kernel closes no socket: what was blocked stays blocked, so it is
 * a warning. Told in the journal when it begins and ends. */
#include "daemon/cutting.h"

#include <errno.h>
#include <string.h>

#include "sys/log.h"

static const char *why(int error)
{
	switch (error) {
	case EOPNOTSUPP: return "this kernel cannot (CONFIG_INET_DIAG_DESTROY)";
	case ENOENT: return "this kernel lists no connections (module tcp_diag)";
	default: return strerror(error);
	}
}

static const char *command(int error)
{
	switch (error) {
	case EOPNOTSUPP: return "grep INET_DIAG_DESTROY /boot/config-$(uname -r)";
	case ENOENT: return "modprobe tcp_diag";
	default: return "journalctl -u ipsd -n 50";
	}
}

void cutting_follow(struct daemon *d)
{
	int error = enforcer_state(d->enforcer)->uncut;

	if (error == d->uncut) {
		return;
	}
	d->uncut = error;
	if (error) {
		log_warning("cut-connections closes no connection: %s; blocked packets are dropped "
			    "all the same, try: %s",
			    why(error), command(error));
	} else {
		log_notice("cut-connections closes connections again");
	}
}

void cutting_findings(const struct daemon *d,
		      void (*add)(void *arg, const char *level, const char *command,
				  const char *text),
		      void *arg)
{
	struct buf text CLEANUP(buf_done) = { 0 };

	if (d->uncut) {
		buf_printf(&text,
			   "cut-connections closes no connection: %s; blocked packets are dropped, "
			   "but programs wait for their own time-outs",
			   why(d->uncut));
		add(arg, "warning", command(d->uncut), buf_text(&text));
	}
}
