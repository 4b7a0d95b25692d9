/* SPDX-License-Identifier: MIT */
/* How changed config files are taken over.
 *
 * Everything that can fail comes first: reading the files, making the engine's other half, filling
 * its windows. Then the lifts are said, while the rules of before still give names to their
 * numbers; then the halves change places, sources get their numbers, and the kernel gets the plan
 * and the wishes again. Bans that moved to other ports are taken out of the old ones before the
 * plan, for wishes mean the scopes of the plan before them.
 *
 * No line is read in between, so none is lost and none is read twice. */
#include "daemon/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/diff.h"
#include "daemon/countries.h"
#include "daemon/learning.h"
#include "daemon/offsets.h"
#include "sys/clock.h"
#include "sys/files.h"

/* A reload under way. */
struct change {
	struct daemon *d;
	const struct ruleset *rules; /* of now */
	uint16_t *sources;           /* numbers of now, by those of before */
	size_t n_sources;            /* of before */
	struct reload *told;
	uint64_t stamp;
	int error; /* ipsd cannot go on */
};

void reload_done(struct reload *r)
{
	buf_done(&r->changes);
	buf_done(&r->problems);
}

/* ---- reading ---- */

static void note_problems(const struct diag *diag, struct reload *told)
{
	const struct diag_item *item;

	for (size_t i = 0; (item = diag_item(diag, i)); i++) {
		CLEANUP(buf_done) struct buf line = { 0 };

		if (item->level == DIAG_NOTE) {
			continue;
		}
		diag_format(item, &line);
		buf_printf(&told->problems, "%s%s\n",
			   item->level == DIAG_WARNING ? "warning: " : "", buf_text(&line));
		if (item->level == DIAG_ERROR) {
			log_error("%s", buf_text(&line));
		} else {
			log_warning("%s", buf_text(&line));
		}
	}
}

static void refuse(struct reload *told, int r, const char *what)
{
	buf_printf(&told->problems, "%s: %s\n", what, strerror(-r));
	log_error("%s: %s", what, strerror(-r));
}

/* 0; 1: it cannot be used, and that was told. */
static int read_config(const struct daemon *d, struct reload *told, struct config **ret)
{
	const struct config_paths paths = { .dir = d->options.config_dir,
					    .shared = d->options.share_dir };
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(config_freep) struct config *config = NULL;
	int r = diag ? 0 : -ENOMEM;

	if (r == 0 && access(paths.dir, R_OK | X_OK) < 0) {
		r = -errno;
		refuse(told, r, paths.dir);
		return 1;
	}
	r = r < 0 ? r : config_load(&daemon_access, &paths, CONFIG_STRICT, diag, &config);
	if (diag) {
		note_problems(diag, told);
	}
	if (r < 0) {
		if (r != -EINVAL) {
			refuse(told, r, "the config cannot be read");
		}
		return 1;
	}
	*ret = TAKE(config);
	return 0;
}

/* ---- the engine ---- */

static int refill(void *arg, struct engine *e)
{
	const struct change *c = arg;

	return store_recall_events(c->d->store, e, clock_now());
}

/* Does the jail ban other packets than before? */
static bool has_moved(const struct ruleset *before, const struct ruleset *rules, uint16_t scope,
		      uint16_t jail)
{
	uint16_t now = jail == JAIL_BY_HAND ? (uint16_t)JAIL_BY_HAND
					    : ruleset_jail(rules, before->jails[jail].name);

	if (now == JAIL_BY_HAND) {
		return true;
	}
	return !str_eq(before->scopes[scope].name, rules->scopes[rules->jails[now].scope].name);
}

/* The engine still has the bans that go on, and the numbers of before. */
static void told(void *arg)
{
	struct change *c = arg;
	const struct ruleset *before = engine_ruleset(c->d->engine);
	uint32_t cursor = 0;
	const struct ban *ban;

	c->error = wheel_apply(c->d, true);
	while ((ban = engine_each_ban(c->d->engine, &cursor))) {
		if (ban->kind == DECISION_BAN && !ban->ended &&
		    has_moved(before, c->rules, ban->scope, ban->jail)) {
			enforcement_release(c->d, &ban->prefix, ban->scope);
		}
	}
}

static uint32_t running(const struct daemon *d)
{
	uint32_t cursor = 0, n = 0;
	const struct ban *ban;

	while ((ban = engine_each_ban(d->engine, &cursor))) {
		n += ban->kind == DECISION_BAN && !ban->ended;
	}
	return n;
}

static void count_lifts(struct change *c, uint32_t before)
{
	uint32_t now = running(c->d);

	if (now < before) {
		buf_printf(&c->told->changes, "%u %s lifted\n", before - now,
			   before - now == 1 ? "ban is" : "bans are");
	}
}

/* ---- the daemon ---- */

/* What a broken never-block list forced ends with the list mended. */
static bool is_forced(const struct daemon *d)
{
	return d->forced_observe && !(d->enforcer && d->config->settings.never_block_broken);
}

static int change_over(struct change *c, struct config *config)
{
	struct daemon *d = c->d;
	const struct engine_change change = {
		.ruleset = config->ruleset,
		.now = clock_now(),
		.refill = refill,
		.told = told,
		.arg = c,
	};
	bool observed = engine_ruleset(d->engine)->observe, forced = is_forced(d);
	uint32_t bans = running(d);
	int r;

	config->ruleset->observe = config->settings.observe || d->options.observe || forced;
	r = engine_adopt(d->engine, &change);
	if (r < 0) {
		return r;
	}
	config->ruleset = NULL;
	d->forced_observe = forced;
	d->forced_why = forced ? d->forced_why : NULL;
	if (engine_ruleset(d->engine)->observe != observed) {
		d->mode_until = INSTANT_NEVER;
	}
	config_free(d->config);
	d->config = config;
	count_lifts(c, bans);
	store_put_memories_anew(d->store);
	sources_change(d, c->sources, c->n_sources);
	offsets_recall(d);
	d->n_again = 0;
	d->leaks.n = 0;
	d->config_stamp = c->stamp;
	learning_hurry(d);
	countries_open(d);
	enforcement_plan(d);
	enforcement_resync(d);
	c->error = c->error < 0 ? c->error : wheel_apply(d, true);
	return 0;
}

static void tell(const struct reload *told, const char *by)
{
	struct str rest = buf_str(&told->changes), line;

	log_notice("%s: the config was read anew%s", by,
		   told->changes.n ? "" : "; nothing is different");
	while (rest.n > 0 && str_split(&rest, '\n', &line)) {
		log_notice("changed: %.*s", STR_ARG(line));
	}
}

static int run(struct change *c, struct config *config, const char *by)
{
	struct daemon *d = c->d;
	int r = diff_configs(d->config, config, &c->told->changes);

	r = r < 0 ? r
		  : sources_map(engine_ruleset(d->engine), config->ruleset, &c->sources,
				&c->told->changes);
	if (r == 0) {
		c->n_sources = engine_ruleset(d->engine)->n_sources;
		r = change_over(c, config);
	}
	if (r < 0) {
		config_free(config);
		buf_truncate(&c->told->changes, 0);
		refuse(c->told, r, "the rules cannot be taken over");
		return 0;
	}
	c->told->done = true;
	tell(c->told, by);
	return c->error;
}

int reload_run(struct daemon *d, const char *by, struct reload *ret)
{
	struct change c = { .d = d, .told = ret, .stamp = reload_stamp(d) };
	CLEANUP(config_freep) struct config *config = NULL;
	int r = wheel_apply(d, true);

	*ret = (struct reload){ .done = false };
	if (r < 0) {
		return r;
	}
	if (d->store_trouble.on) {
		buf_printf(&ret->problems,
			   "the database cannot be written, a reload could count lines twice: %s\n",
			   d->store_trouble.text);
	} else if (read_config(d, ret, &config) == 0) {
		c.rules = config->ruleset;
		r = run(&c, TAKE(config), by);
	}
	free(c.sources);
	d->reloads += ret->done;
	if (!ret->done) {
		log_error(
			"%s: the config was not taken over; the rules of before go on: `ipsctl check`",
			by);
	}
	return r;
}

/* ---- the files ---- */

static void stamp_file(const char *dir, const char *name, uint64_t *stamp)
{
	static const uint8_t key[TABLE_SEED_SIZE] = { 0 };
	CLEANUP(buf_done) struct buf path = { 0 };
	struct stat st;

	struct {
		uint64_t before, name, size, seconds, nanoseconds;
	} seen = { .before = *stamp };

	buf_printf(&path, "%s/%s", dir, name);
	if (stat(buf_text(&path), &st) < 0) {
		return;
	}
	seen.name = siphash(path.p, path.n, key);
	seen.size = (uint64_t)st.st_size;
	seen.seconds = (uint64_t)st.st_mtim.tv_sec;
	seen.nanoseconds = (uint64_t)st.st_mtim.tv_nsec;
	*stamp = siphash(&seen, sizeof(seen), key);
}

static void stamp_folder(const char *dir, uint64_t *stamp)
{
	CLEANUP(buf_done) struct buf names = { 0 };

	if (files_list(dir, "", &names) < 0) {
		return;
	}
	for (size_t at = 0; at < names.n; at += strlen(names.p + at) + 1) {
		struct str name = str_of(names.p + at);

		if (str_has_suffix(name, STR(".conf"))) {
			stamp_file(dir, names.p + at, stamp);
		} else if (str_has_suffix(name, STR(".conf.d"))) {
			CLEANUP(buf_done) struct buf inner = { 0 };

			buf_printf(&inner, "%s/%s", dir, names.p + at);
			stamp_folder(buf_text(&inner), stamp);
		}
	}
}

uint64_t reload_stamp(const struct daemon *d)
{
	const char *const dirs[] = { d->options.config_dir, d->options.share_dir };
	const char *const below[] = { "", "/filters", "/jails" };
	uint64_t stamp = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dirs) * ARRAY_SIZE(below); i++) {
		CLEANUP(buf_done) struct buf path = { 0 };

		if (dirs[i / ARRAY_SIZE(below)]) {
			buf_printf(&path, "%s%s", dirs[i / ARRAY_SIZE(below)],
				   below[i % ARRAY_SIZE(below)]);
			stamp_folder(buf_text(&path), &stamp);
		}
	}
	return stamp;
}
