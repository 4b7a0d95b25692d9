/* SPDX-License-Identifier: MIT */
/* load.c - from folders of files to settings and a ruleset.
 *
 * Everything is read, whatever is broken before it, so that all problems are told in one run. Then
 * comes the judgement: a filter or jail fails alone; [never-block] lets the rest go on, but
 * observing only; anything else that is wrong in ipsd.conf stops all. Whose an error is says the
 * mark that was taken before its file was read.
 *
 * Samples are run at the end, because what they find is no reason to call the jails broken that
 * watch the filter. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/build.h"
#include "config/config.h"
#include "config/filter_file.h"
#include "config/jail_file.h"
#include "config/layers.h"
#include "config/main_file.h"
#include "config/samples.h"
#include "config/zones.h"

enum { FILTERS_MAX = 1024, PART_NAME_MAX = 64 };

struct loader {
	struct config *config;
	struct layers layers;
	struct reader reader;
	struct main_file *main;
	struct parts parts;
	struct zones zones;
	const struct zone *zone; /* of filters that name none */
	bool main_broken;
};

struct config *config_free(struct config *c)
{
	if (c) {
		ruleset_free(c->ruleset);
		arena_free(c->arena);
		free(c);
	}
	return NULL;
}

static int begin(struct loader *l, const struct config_access *access,
		 const struct config_paths *paths, struct diag *diag)
{
	CLEANUP(config_freep) struct config *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		return -ENOMEM;
	}
	c->arena = arena_new();
	r = c->arena ? ruleset_new(&c->ruleset) : -ENOMEM;
	if (r < 0) {
		return r;
	}
	l->layers = (struct layers){
		.access = access,
		.paths = paths,
		.arena = c->arena,
		.diag = diag,
	};
	l->reader = (struct reader){ .arena = c->arena, .diag = diag };
	l->zones = (struct zones){
		.access = access,
		.arena = c->ruleset->arena,
		.diag = diag,
	};
	l->parts.r = &l->reader;
	l->parts.access = access;
	l->parts.rules = c->ruleset;
	l->main = arena_alloc(c->arena, 1, sizeof(*l->main));
	if (!l->main) {
		return -ENOMEM;
	}
	l->config = TAKE(c);
	return 0;
}

/* ---- ipsd.conf ---- */

/* How many of the errors told since are about [never-block]. */
static size_t count_never_block(const struct loader *l, struct parts_mark since)
{
	const struct diag_item *item;
	size_t n = 0;

	for (size_t i = since.items; (item = diag_item(l->reader.diag, i)); i++) {
		n += item->level == DIAG_ERROR && str_eq(item->place.section, STR("never-block"));
	}
	return n;
}

static int check_folder(const struct loader *l)
{
	CLEANUP(buf_done) struct buf names = { 0 };
	const struct diag_place at = { .file = str_of(l->layers.paths->dir) };

	if (l->layers.access->list(l->layers.paths->dir, ".conf", &names) == -ENOENT) {
		diag_add(l->reader.diag, DIAG_WARNING, &at,
			 "there is no such folder, so everything has its default");
	}
	return buf_ok(&names);
}

static int load_main(struct loader *l)
{
	struct parts_mark mark = parts_mark(&l->reader);
	struct document *document = NULL;
	struct str file;
	size_t errors, about_never_block;
	int r = check_folder(l);

	if (r < 0) {
		return r;
	}
	r = layers_read(&l->layers, LAYERS_MAIN, STR("ipsd"), &file, &document);
	if (!document) {
		return r;
	}
	l->config->document = document;
	main_file_read(document, &l->reader, l->main);
	if (l->main->values.timezone.text.p) {
		r = zones_find(&l->zones, &l->main->values.timezone, &l->zone);
		if (r < 0) {
			return r;
		}
	}
	errors = diag_count(l->reader.diag, DIAG_ERROR) - mark.errors;
	about_never_block = count_never_block(l, mark);
	l->main_broken = errors > about_never_block;
	l->config->settings.never_block_broken = about_never_block > 0;
	l->config->groups = &l->main->groups;
	return main_file_apply(l->main, &l->reader, &l->config->settings, l->config->ruleset);
}

/* ---- parts ---- */

/* Names are typed, printed in tables and become parts of paths. */
static bool is_part_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');

		if (!plain && (i == 0 || (c != '-' && c != '_' && c != '.'))) {
			return false;
		}
	}
	return name.n > 0 && name.n <= PART_NAME_MAX;
}

/* Reads a part's files. 0: the document can be looked at; 1: it failed. */
static int open_part(struct loader *l, enum layers_folder folder, struct str name,
		     struct config_part *part)
{
	struct parts_mark mark = parts_mark(&l->reader);
	struct document *document = NULL;
	struct diag_place at = { .file = name };
	int r;

	*part = (struct config_part){ .name = name, .file = name, .index = NAMES_NONE };
	if (!is_part_name(name)) {
		diag_add(l->reader.diag, DIAG_ERROR, &at,
			 "the file of a %s is named by letters, digits, dashes, underscores and "
			 "dots, at most %d",
			 folder == LAYERS_FILTERS ? "filter" : "jail", PART_NAME_MAX);
		parts_judge(part, &l->reader, mark);
		return 1;
	}
	r = layers_read(&l->layers, folder, name, &part->file, &document);
	if (r == -ENOENT) {
		diag_add(l->reader.diag, DIAG_ERROR, &at, "vanished while it was read");
	} else if (r < 0) {
		return r;
	}
	part->document = r == 0 ? document : NULL;
	parts_judge(part, &l->reader, mark);
	return r == -ENOENT ? 1 : r;
}

/* The zone of its own, or else that of ipsd.conf. */
static int find_zone(struct loader *l, struct filter_file *file)
{
	int r = 0;

	file->spec.zone = l->zone;
	if (file->values.timezone.text.p) {
		r = zones_find(&l->zones, &file->values.timezone, &file->spec.zone);
	}
	return r < 0 ? r : 0;
}

static int add_filter(struct loader *l, struct filter_part *p)
{
	struct ruleset *rules = l->config->ruleset;
	struct ruleset_filter *to = &rules->filters[rules->n_filters];
	struct parts_mark mark = parts_mark(&l->reader);
	CLEANUP(filter_freep) struct filter *filter = NULL;
	int r = filter_file_read(p->part->document, p->part->name, &l->reader, rules, &p->file);

	r = r < 0 ? r : find_zone(l, &p->file);
	if (r == 0 && p->file.spec.name.p) {
		r = filter_new(&p->file.spec, rules->arena, l->reader.diag, &filter);
	}
	if (r < 0 && r != -EINVAL) {
		return r;
	}
	p->part->about = p->file.values.about.text;
	parts_judge(p->part, &l->reader, mark);
	if (p->part->state != PART_OK || !filter) {
		return 0;
	}
	to->name = p->file.spec.name;
	to->about = arena_str(rules->arena, p->part->about);
	to->filter = TAKE(filter);
	p->part->index = (uint16_t)rules->n_filters++;
	return to->about.p ? 0 : -ENOMEM;
}

/* Room for n filters, in the config, the parts and the ruleset. */
static int make_filter_room(struct loader *l, size_t n)
{
	struct config *c = l->config;

	c->filters = arena_alloc(c->arena, n, sizeof(*c->filters));
	l->parts.filters = arena_alloc(c->arena, n, sizeof(*l->parts.filters));
	c->ruleset->filters = arena_alloc(c->ruleset->arena, n, sizeof(*c->ruleset->filters));
	return c->filters && l->parts.filters && c->ruleset->filters ? 0 : -ENOMEM;
}

static int list_parts(const struct loader *l, enum layers_folder folder, struct layers_names *ret)
{
	int r = layers_list(&l->layers, folder, ret);

	return r < 0 ? r : layers_check_dropins(&l->layers, folder, ret);
}

/* Cuts the list to what there is room for. */
static void limit(struct loader *l, struct layers_names *names, size_t max, const char *what)
{
	const struct diag_place at = { .file = str_of(l->layers.paths->dir) };

	if (names->n > max) {
		diag_add(l->reader.diag, DIAG_ERROR, &at,
			 "there are more than %zu %s; those after %.*s are left out", max, what,
			 STR_ARG(names->at[max - 1]));
		names->n = max;
	}
}

static int load_filters(struct loader *l)
{
	struct layers_names names;
	int r = list_parts(l, LAYERS_FILTERS, &names);

	if (r < 0) {
		return r;
	}
	limit(l, &names, FILTERS_MAX, "filters");
	r = make_filter_room(l, names.n);
	for (size_t i = 0; i < names.n && r >= 0; i++) {
		struct filter_part *p = &l->parts.filters[l->parts.n_filters];

		p->part = &l->config->filters[l->config->n_filters++];
		l->parts.n_filters++;
		r = open_part(l, LAYERS_FILTERS, names.at[i], p->part);
		if (r == 0) {
			r = add_filter(l, p);
		}
	}
	return r < 0 ? r : 0;
}

static int read_jail(struct loader *l, struct jail_part *p)
{
	struct parts_mark mark = parts_mark(&l->reader);
	int r = jail_file_read(p->part->document, p->part->name, l->main, &l->reader,
			       l->config->ruleset, &p->file);

	if (r < 0) {
		return r;
	}
	p->part->about = p->file.values.about.text;
	p->part->automatic = p->file.values.enabled == ENABLED_AUTO;
	parts_judge(p->part, &l->reader, mark);
	if (p->file.values.enabled == ENABLED_NO) {
		p->part->state = PART_DISABLED;
		p->part->why = STR_NONE;
	}
	return 0;
}

static int load_jails(struct loader *l)
{
	struct config *c = l->config;
	struct layers_names names;
	int r = list_parts(l, LAYERS_JAILS, &names);

	if (r < 0) {
		return r;
	}
	limit(l, &names, JAILS_MAX, "jails");
	c->jails = arena_alloc(c->arena, names.n, sizeof(*c->jails));
	l->parts.jails = arena_alloc(c->arena, names.n, sizeof(*l->parts.jails));
	if (!c->jails || !l->parts.jails) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < names.n && r >= 0; i++) {
		struct jail_part *p = &l->parts.jails[l->parts.n_jails++];

		p->part = &c->jails[c->n_jails++];
		r = open_part(l, LAYERS_JAILS, names.at[i], p->part);
		if (r == 0) {
			r = read_jail(l, p);
		}
	}
	return r < 0 ? r : 0;
}

static int run_samples(struct loader *l)
{
	for (size_t i = 0; i < l->parts.n_filters; i++) {
		struct filter_part *p = &l->parts.filters[i];
		struct parts_mark mark = parts_mark(&l->reader);
		int r;

		if (p->part->state != PART_OK) {
			continue;
		}
		r = samples_run(&p->file, l->config->ruleset->filters[p->part->index].filter,
				l->config->ruleset, &l->reader);
		if (r < 0) {
			return r;
		}
		parts_judge(p->part, &l->reader, mark);
	}
	return 0;
}

static int load_all(struct loader *l, unsigned flags)
{
	int r = load_main(l);

	r = r < 0 ? r : load_filters(l);
	r = r < 0 ? r : load_jails(l);
	r = r < 0 ? r : build_ruleset(&l->parts);
	if (r == 0 && (flags & CONFIG_SAMPLES)) {
		r = run_samples(l);
	}
	return r < 0 || !l->reader.failed ? r : -ENOMEM;
}

int config_load(const struct config_access *access, const struct config_paths *paths,
		unsigned flags, struct diag *diag, struct config **ret)
{
	CLEANUP(config_freep) struct config *config = NULL;
	struct loader l = { .main_broken = false };
	size_t before = diag_count(diag, DIAG_ERROR);
	int r = begin(&l, access, paths, diag);

	if (r < 0) {
		return r;
	}
	config = l.config;
	r = load_all(&l, flags);
	if (r < 0) {
		return r;
	}
	if (l.main_broken || ((flags & CONFIG_STRICT) && diag_count(diag, DIAG_ERROR) > before)) {
		config->ruleset = ruleset_free(config->ruleset);
		r = -EINVAL;
	}
	*ret = TAKE(config);
	return r;
}

/* ---- one filter alone ---- */

/* The name of the part in DIR/NAME.conf. */
static struct str name_in_path(struct str path)
{
	size_t from = path.n;

	while (from > 0 && path.p[from - 1] != '/') {
		from--;
	}
	path = str_slice(path, from, SIZE_MAX);
	return str_has_suffix(path, STR(".conf")) ? str_slice(path, 0, path.n - 5) : path;
}

/* A name is looked for among the filters first; anything may be a path. */
static int open_alone(struct loader *l, struct str name_or_path, struct config_part *part)
{
	struct document *document = NULL;
	int r = -ENOENT;

	*part = (struct config_part){ .index = NAMES_NONE };
	part->file = arena_str(l->config->arena, name_or_path);
	part->name = part->file;
	if (!part->file.p) {
		return -ENOMEM;
	}
	if (str_find_char(name_or_path, '/') == STR_NOT_FOUND) {
		r = layers_read(&l->layers, LAYERS_FILTERS, name_or_path, &part->file, &document);
	}
	if (r == -ENOENT) {
		part->name = name_in_path(part->name);
		r = layers_read_file(&l->layers, name_or_path, &document);
	}
	part->document = document;
	return r;
}

/* Of ipsd.conf only the zone matters to a filter alone; what is wrong there is not its affair. */
static int load_zone_only(struct loader *l)
{
	struct diag *diag = l->reader.diag;
	CLEANUP(diag_freep) struct diag *aside = diag_new();
	int r;

	if (!aside) {
		return -ENOMEM;
	}
	l->layers.diag = l->reader.diag = l->zones.diag = aside;
	r = load_main(l);
	l->layers.diag = l->reader.diag = l->zones.diag = diag;
	return r;
}

static int load_alone(struct loader *l, struct str name_or_path)
{
	struct parts_mark mark = parts_mark(&l->reader);
	int r = load_zone_only(l);

	r = r < 0 ? r : make_filter_room(l, 1);

	if (r < 0) {
		return r;
	}
	l->parts.filters[0].part = &l->config->filters[0];
	r = open_alone(l, name_or_path, &l->config->filters[0]);
	if (r < 0) {
		return r;
	}
	l->parts.n_filters = l->config->n_filters = 1;
	r = r == 0 ? add_filter(l, &l->parts.filters[0]) : -EINVAL;
	if (r == 0 && parts_erred(&l->reader, mark)) {
		r = -EINVAL;
	}
	if (r == 0) {
		r = build_alone(&l->parts);
	}
	return r < 0 || !l->reader.failed ? r : -ENOMEM;
}

int config_load_filter(const struct config_access *access, const struct config_paths *paths,
		       struct str name_or_path, struct diag *diag, struct config **ret)
{
	CLEANUP(config_freep) struct config *config = NULL;
	struct loader l = { .main_broken = false };
	int r = begin(&l, access, paths, diag);

	if (r < 0) {
		return r;
	}
	config = l.config;
	r = load_alone(&l, name_or_path);
	if (r < 0) {
		return r;
	}
	*ret = TAKE(config);
	return 0;
}
