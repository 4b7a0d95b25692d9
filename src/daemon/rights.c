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

int rights_give_up(const struct daemon *d, const struct sandbox_user *user)
{
	const struct seal seal = { .profile = SEAL_READER,
				   .writes = d->options.state_dir,
				   .ends = d->enforcer ? enforcer_keeper_pid(d->enforcer) : 0 };
	int r = sandbox_drop_all(user);

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
