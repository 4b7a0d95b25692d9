/* SPDX-License-Identifier: MIT */
/* The order of starting is the order of losing rights. As root it reads the config, makes the
 * directories, takes the lock, makes the socket, forks resolver, keeper and enforcer. As user ipsd,
 * without any capability and sealed, it opens the database, recalls the state, follows the logs and
 * answers the socket.
 *
 * Whatever fails before READY is told in one sentence with what to do, and ends the start; rights
 * that cannot be given up end it, too. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/span.h"
#include "daemon/adoption.h"
#include "daemon/control.h"
#include "daemon/countries.h"
#include "daemon/daemon.h"
#include "daemon/learning.h"
#include "daemon/mode.h"
#include "daemon/recall.h"
#include "daemon/reload.h"
#include "daemon/rights.h"
#include "daemon/telling.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "sys/sockets.h"

enum { EXIT_TROUBLE = 1, EXIT_CONFIG = 2 };

static void tell_diag(const struct diag *diag)
{
	const struct diag_item *item;

	for (size_t i = 0; (item = diag_item(diag, i)); i++) {
		CLEANUP(buf_done) struct buf line = { 0 };

		diag_format(item, &line);
		if (item->level == DIAG_ERROR) {
			log_error("%s", buf_text(&line));
		} else if (item->level == DIAG_WARNING) {
			log_warning("%s", buf_text(&line));
		}
	}
}

const struct config_access daemon_access = { .read = files_read,
					     .list = files_list,
					     .exists = files_exist };

static int start_config(struct daemon *d)
{
	struct config_paths paths = { .dir = d->options.config_dir,
				      .shared = d->options.share_dir };
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	int r;

	if (!diag) {
		return EXIT_TROUBLE;
	}
	d->config_stamp = reload_stamp(d);
	r = config_load(&daemon_access, &paths, d->options.strict ? CONFIG_STRICT : 0, diag,
			&d->config);
	tell_diag(diag);
	if (r < 0) {
		log_error(
			"%s/ipsd.conf%s cannot be used: %s; `ipsctl --config-dir=%s check` tells all of it",
			paths.dir, d->options.strict ? " or a file beside it" : "",
			r == -EINVAL ? "see above" : strerror(-r), paths.dir);
		return EXIT_CONFIG;
	}
	if (d->config->settings.never_block_broken) {
		d->forced_observe = true;
		d->forced_why = "an entry of [never-block] is broken; mend it and start ipsd again";
	}
	return 0;
}

static int start_user(const struct daemon *d, struct sandbox_user *ret)
{
	int r;

	*ret = (struct sandbox_user){ .uid = getuid(), .gid = getgid() };
	if (getuid() != 0) {
		return 0;
	}
	r = sandbox_find_user(d->options.user, ret);
	if (r < 0) {
		log_error(
			"there is no user %s to run as: %s; make it by `systemd-sysusers` or `useradd --system %s`",
			d->options.user, strerror(-r), d->options.user);
		return EXIT_TROUBLE;
	}
	return 0;
}

static int start_directories(struct daemon *d, const struct sandbox_user *user)
{
	CLEANUP(buf_done) struct buf lock = { 0 };
	const char *dirs[] = { d->options.state_dir, d->options.runtime_dir };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		r = files_make_dir(dirs[i], i == 0 ? 0750 : 0755, user->uid, user->gid);
		if (r < 0) {
			log_error("%s: %s", dirs[i], strerror(-r));
			return EXIT_TROUBLE;
		}
	}
	buf_printf(&lock, "%s/lock", d->options.state_dir);
	r = files_lock(buf_text(&lock), user->uid, user->gid, &d->lock_fd);
	if (r == -EAGAIN) {
		log_error(
			"another ipsd uses %s; `ipsctl status` asks it, --state-dir names another place",
			d->options.state_dir);
	} else if (r < 0) {
		log_error("%s: %s", buf_text(&lock), strerror(-r));
	}
	return r < 0 ? EXIT_TROUBLE : 0;
}

static int start_socket(struct daemon *d, const struct sandbox_user *user)
{
	CLEANUP(buf_done) struct buf path = { 0 };
	int r;

	d->listen_fd = loop_listen_fd("control");
	if (d->listen_fd >= 0) {
		return 0;
	}
	buf_printf(&path, "%s/control", d->options.runtime_dir);
	r = sockets_listen(buf_text(&path), 0660, getuid() == 0 ? 0 : -1, (int)user->gid,
			   &d->listen_fd);
	if (r < 0) {
		log_error("%s: %s%s", buf_text(&path),
			  r == -EADDRINUSE ? "another ipsd listens there" : strerror(-r),
			  r == -EACCES ? "; ipsd.socket makes it: systemctl status ipsd.socket"
				       : "");
		return EXIT_TROUBLE;
	}
	return 0;
}

/* Without the right to change nftables only observing is possible; that must be asked for. */
static int start_enforcer(struct daemon *d, const struct sandbox_user *user)
{
	int r;

	if (!sandbox_has_net_admin()) {
		if (!d->options.observe && !d->config->settings.observe) {
			log_error(
				"changing nftables needs the capability CAP_NET_ADMIN, which this process does not have: start ipsd as root or "
				"by its unit, or with --observe to watch only");
			return EXIT_TROUBLE;
		}
		log_notice(
			"observing only: without the capability CAP_NET_ADMIN nobody can be blocked");
		d->forced_observe = true;
		d->forced_why = "ipsd was started without the capability CAP_NET_ADMIN";
		return 0;
	}
	r = enforcement_start(d, user);
	if (r < 0) {
		const char *why = d->enforcer ? enforcer_state(d->enforcer)->last_error : "";

		log_error(
			"nftables cannot be used: %s%s%s%s", strerror(-r), *why ? ": " : "", why,
			r == -EPERM
				? " (needs the capability CAP_NET_ADMIN in this network namespace)"
				: "");
		return EXIT_TROUBLE;
	}
	return 0;
}

/* Nothing of ours is open yet that the resolver would have to close. */
static int start_learning(struct daemon *d, const struct sandbox_user *user)
{
	int r = learning_start(d, user);

	if (r < 0) {
		log_error("the process that looks up host names cannot be started: %s",
			  strerror(-r));
	}
	return r < 0 ? EXIT_TROUBLE : 0;
}

static const char after_damage[] = "found in the kernel after the database was damaged";

static int start_store(struct daemon *d)
{
	char aside[256] = "";
	int r = store_open(d->options.state_dir, aside, &d->store);

	if (r == -EBADMSG) {
		adoption_expect(d, after_damage);
		log_error(
			"the database was damaged; it is kept as %s, and a fresh one is used: never-block by hand, logins and ladders are forgotten, "
			"logs are read anew as `first-read` says; bans of before stay in the kernel and become bans by hand, "
			"except those of ports that only `ipsctl ban --ports` named",
			aside);
	} else if (r == -EPROTO) {
		log_error(
			"%s/state.db was written by a newer ipsd; it is left as it is: use that version, or move the file away",
			d->options.state_dir);
	} else if (r < 0) {
		r = files_is_full(d->options.state_dir) ? -ENOSPC : r;
		log_error("%s/state.db: %s; bans of before stay in the kernel; `df -h %s` says "
			  "what is free there",
			  d->options.state_dir, strerror(-r), d->options.state_dir);
	}
	if (r == 0 && store_is_fresh(d->store)) {
		adoption_expect(d, "found in the kernel when there was no database");
	}
	return r < 0 && r != -EBADMSG ? EXIT_TROUBLE : 0;
}

/* What is left of the state is used; what cannot be read of it is set aside with the rest. */
static int start_anew(struct daemon *d)
{
	char aside[256] = "";
	int r = store_replace(d->store, aside);

	if (r < 0) {
		log_error("%s/state.db is damaged and cannot be replaced: %s", d->options.state_dir,
			  strerror(-r));
		return EXIT_TROUBLE;
	}
	adoption_expect(d, after_damage);
	log_error(
		"the database was damaged; it is kept as %s, and a fresh one is used: the bans that could be read of it go on, "
		"scores begin at 0",
		aside);
	return 0;
}

static int start_engine(struct daemon *d)
{
	struct engine_limits limits = { 0 };
	uint8_t seed[TABLE_SEED_SIZE];
	int r;

	files_random(seed, sizeof(seed));
	d->config->ruleset->observe = d->config->ruleset->observe || d->options.observe ||
				      d->forced_observe;
	r = engine_new(TAKE(d->config->ruleset), &limits, seed, &d->engine);
	if (r < 0) {
		log_error("no memory for the engine");
		return EXIT_TROUBLE;
	}
	steps_begin(d);
	lag_recall(d);
	r = recall_state(d);
	enforcement_plan(d);
	if (r < 0 && r != -EBADMSG) {
		log_error("cannot read the state of before: %s", store_error(d->store));
		return EXIT_TROUBLE;
	}
	return r < 0 ? start_anew(d) : 0;
}

static int ask_to_end(void *arg, int signo)
{
	struct daemon *d = arg;

	(void)signo;
	loop_exit(d->loop, 0);
	return 0;
}

/* The service manager's old way to say it; what came of it is in the log. */
static int ask_to_reload(void *arg, int signo)
{
	struct reload told;
	int r = reload_run(arg, "SIGHUP", &told);

	(void)signo;
	reload_done(&told);
	return r;
}

static int start_loop(struct daemon *d)
{
	int r = loop_new(&d->loop);

	if (r >= 0) {
		r = loop_add_signal(d->loop, SIGTERM, ask_to_end, d);
	}
	if (r >= 0) {
		r = loop_add_signal(d->loop, SIGINT, ask_to_end, d);
	}
	if (r >= 0) {
		r = loop_add_signal(d->loop, SIGHUP, ask_to_reload, d);
	}
	if (r >= 0) {
		r = loop_add_timer(d->loop, wheel_timer, d, &d->timer);
	}
	if (r >= 0) {
		r = loop_on_turn(d->loop, wheel_turn, d);
	}
	if (r >= 0 && (r = steps_watch(d)) >= 0) {
		r = enforcement_watch(d);
	}
	if (r >= 0) {
		r = control_start(d, d->listen_fd, &d->control);
	}
	if (r >= 0) {
		r = sources_start(d);
	}
	if (r >= 0) {
		r = learning_begin(d);
	}
	if (r >= 0) {
		r = loop_watchdog(d->loop);
	}
	if (r < 0) {
		log_error("cannot start: %s", strerror(-r));
	}
	return r < 0 ? EXIT_TROUBLE : 0;
}

int daemon_start(struct daemon *d)
{
	struct sandbox_user user;
	int r;

	d->started = clock_now();
	(void)umask(027);
	if ((r = start_config(d)) || (r = start_user(d, &user)) || (r = start_learning(d, &user)) ||
	    (r = start_directories(d, &user)) || (r = start_socket(d, &user)) ||
	    (r = start_enforcer(d, &user))) {
		return r;
	}
	if (rights_give_up(d, &user) < 0) {
		return EXIT_TROUBLE;
	}
	if ((r = start_store(d)) || (r = start_engine(d)) || (r = start_loop(d))) {
		return r;
	}
	/* Bans of before follow the list of now. */
	if (recall_never(d) < 0 || wheel_apply(d, false) < 0) {
		log_error("bans of before cannot be compared with never-block");
	}
	if (mode_recall(d) < 0) {
		log_error("the mode of before cannot be taken up");
	}
	countries_open(d);
	enforcement_resync(d);
	return 0;
}

void daemon_stop(struct daemon *d)
{
	if (d->engine && d->store && d->loop && wheel_apply(d, true) < 0) {
		log_error("the last batch could not be applied");
	}
	if (d->store_trouble.on) {
		log_error("what waited for the database is not in it: the next start reads these "
			  "lines again; what people ordered meanwhile is forgotten");
	}
	telling_end(d);
	d->control = control_free(d->control);
	learning_stop(d);
	d->globs = globs_free(d->globs);
	d->tail = tail_free(d->tail);
	journals_stop(d);
	steps_stop(d);
	loop_timer_free(d->timer);
	loop_watch_free(d->enforcer_watch);
	d->enforcer_watch = NULL;
	enforcer_free(d->enforcer);
	d->loop = loop_free(d->loop);
	store_free(d->store);
	countries_close(d);
	netset_free(d->holes);
	buf_done(&d->adoption.found);
	engine_free(d->engine);
	config_free(d->config);
	fd_close(&d->listen_fd);
	fd_close(&d->lock_fd);
}

int daemon_run(const struct options *options)
{
	struct daemon *d = calloc(1, sizeof(*d));
	int r;

	if (!d) {
		return EXIT_TROUBLE;
	}
	d->options = *options;
	d->lock_fd = -1;
	d->listen_fd = -1;
	r = daemon_start(d);
	if (r == 0) {
		telling_ready(d);
		loop_notify("READY=1\nSTATUS=");
		r = loop_run(d->loop) < 0 ? EXIT_TROUBLE : 0;
		loop_notify("STOPPING=1");
		telling_stay(d);
	}
	daemon_stop(d);
	free(d);
	return r;
}
