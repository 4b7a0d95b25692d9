/* SPDX-License-Identifier: MIT */
#include "daemon/rights.h"

#include <string.h>

#include "sys/seal.h"

static void tell_seal(int outcome)
{
	switch (outcome) {
	case SEAL_WITHOUT_PLACES:
		log_info("this kernel has no Landlock: only the rights of its user keep ipsd from "
			 "writing outside of its state directory");
		break;
	case SEAL_WITHOUT_CALLS:
		log_warning("this kernel has no seccomp filters: ipsd runs without its list of "
			    "system calls");
		break;
	case SEAL_NONE:
		log_notice(
			"built with a sanitiser, ipsd runs without its seal (seccomp, Landlock): "
			"for tests only");
		break;
	default: break;
	}
}

/* The one right that the config can ask for; who starts ipsd must have given it. */
static int drop(const struct daemon *d, const struct sandbox_user *user)
{
	if (!d->config->settings.read_any_log) {
		return sandbox_drop_all(user);
	}
	if (sandbox_has_read_any()) {
		return sandbox_keep_read_any(user);
	}
	log_warning(
		"read-any-log = yes: the capability CAP_DAC_READ_SEARCH is missing, so logs that "
		"the user %s may not read are not read; `systemctl edit ipsd` gives it, as "
		"ipsd(8) says",
		d->options.user);
	return sandbox_drop_all(user);
}

int rights_give_up(const struct daemon *d, const struct sandbox_user *user)
{
	const struct seal seal = { .profile = SEAL_READER,
				   .writes = d->options.state_dir,
				   .ends = d->enforcer ? enforcer_keeper_pid(d->enforcer) : 0 };
	int r = drop(d, user);

	if (r < 0) {
		log_error(
			"cannot give up rights: %s; ipsd does not run with more rights than it needs",
			strerror(-r));
		return r;
	}
	r = seal_process(&seal);
	if (r < 0) {
		log_error("cannot be sealed (seccomp, Landlock): %s; ipsd does not run with more "
			  "rights than it needs",
			  strerror(-r));
		return r;
	}
	tell_seal(r);
	return 0;
}
