/* SPDX-License-Identifier: MIT */
/* jail_file.c - what does a jail's file say?
 *
 * The schema reads the keys one by one; what is left is what two of them say together. A jail that
 * can never ban is an error, because whoever wrote it believes to be protected. */
#include "config/jail_file.h"

#include <errno.h>

#include "base/span.h"
#include "config/reader.h"
#include "config/reader_one.h"
#include "config/schema.h"
#include "config/scopes.h"

/* A jail while it is read. */
struct making {
	const struct document *document;
	const struct main_file *main;
	struct reader *r;
	struct ruleset *rules;
	struct jail_file *file;
};

struct diag_place jail_file_place(const struct jail_file *j, const char *key)
{
	const struct setting *s =
		section_setting(document_section(j->document, STR("jail")), str_of(key));
	struct diag_place at = j->at;

	if (schema_is_set(s)) {
		return setting_place(s, 0);
	}
	at.key = str_of(key);
	return at;
}

static struct diag_place place_of(const struct making *m, const char *key)
{
	return jail_file_place(m->file, key);
}

static void read_multiplier(struct making *m, const struct setting *s, struct jail_multiplier *all)
{
	static const struct reader_rule rule = { .kind = READ_POINTS };
	struct jail_multiplier *ret = &all[m->file->n_multipliers];
	const struct spec_text name = { .text = s->key, .at = setting_place(s, s->n) };
	struct spec_text unused;

	if (!reader_one_name(m->r, &rule, &name, &unused) || !schema_is_set(s) ||
	    !reader_read(m->r, &rule, s, &ret->points)) {
		return;
	}
	ret->at = setting_place(s, 0);
	switch (names_add(&m->rules->types, m->rules->arena, s->key, &ret->type)) {
	case 0: m->file->n_multipliers++; break;
	case -ENOSPC:
		diag_add(m->r->diag, DIAG_ERROR, &ret->at, "there are more than %d event types",
			 NAMES_MAX);
		break;
	default: m->r->failed = true; break;
	}
}

static int read_multipliers(struct making *m)
{
	const struct section *s = document_section(m->document, STR("multipliers"));
	struct jail_multiplier *all = arena_alloc(m->r->arena, s ? s->n : 0, sizeof(*all));

	if (!all) {
		return -ENOMEM;
	}
	m->file->multipliers = all;
	for (const struct setting *k = s ? s->first : NULL; k; k = k->next) {
		read_multiplier(m, k, all);
	}
	return m->r->failed ? -ENOMEM : 0;
}

static int make_points(struct making *m)
{
	struct jail *jail = &m->file->jail;
	points *all = arena_alloc(m->rules->arena, m->rules->types.n, sizeof(*all));

	if (!all) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->file->n_multipliers; i++) {
		all[m->file->multipliers[i].type] = m->file->multipliers[i].points;
	}
	jail->points = all;
	jail->n_points = m->rules->types.n;
	return 0;
}

/* Whether every multiplier that stands there could be read. */
static bool has_all_multipliers(const struct making *m)
{
	const struct section *s = document_section(m->document, STR("multipliers"));
	size_t n = 0;

	for (const struct setting *k = s ? s->first : NULL; k; k = k->next) {
		n += schema_is_set(k);
	}
	return n == m->file->n_multipliers;
}

static bool has_threshold(const struct making *m)
{
	const struct section *own = document_section(m->document, STR("jail"));

	return m->file->values.threshold > 0 ||
	       schema_is_set(section_setting(own, STR("threshold")));
}

/* Whether there is a way to the threshold at all. What could not be read was told. */
static void check_reach(struct making *m)
{
	const struct jail_file *f = m->file;
	const struct diag_place at = place_of(m, "threshold");
	bool bans = false, adds = false;

	for (size_t i = 0; i < f->n_multipliers; i++) {
		bans = bans || f->multipliers[i].points == POINTS_BAN;
		adds = adds || f->multipliers[i].points > 0;
	}
	if (!bans && !adds && has_all_multipliers(m)) {
		diag_add(m->r->diag, DIAG_ERROR, &at,
			 "cannot be reached: [multipliers] gives no type of event any points");
	} else if (adds && !has_threshold(m)) {
		diag_add(m->r->diag, DIAG_ERROR, &at,
			 "is missing: the score at which an address is banned");
	}
}

/* A value that is the subject itself counts once at all; and of many values each event is compared
 * with each. */
static void check_distinct(struct making *m)
{
	const struct jail *jail = &m->file->jail;
	struct diag_place at = place_of(m, "distinct");
	bool same = (jail->distinct == DISTINCT_ADDRESS && jail->subject == SUBJECT_ADDRESS) ||
		    (jail->distinct == DISTINCT_ACCOUNT && jail->subject == SUBJECT_ACCOUNT);

	if (same) {
		diag_add(m->r->diag, DIAG_ERROR, &at,
			 "is what the jail counts by: each subject would have one value, whatever "
			 "it does");
	} else if (jail->distinct != DISTINCT_NONE && jail_kept_values(jail) > DISTINCT_MAX) {
		diag_add(m->r->diag, DIAG_ERROR, &at,
			 "would have to keep %u values of a subject (threshold by smallest "
			 "multiplier), at most %d can be",
			 jail_kept_values(jail), DISTINCT_MAX);
	}
}

/* Keys of an account jail in another one. */
static void check_account_keys(struct making *m)
{
	static const char *const keys[] = { "share", "spare-known" };
	const struct section *own = document_section(m->document, STR("jail"));

	for (size_t i = 0; m->file->jail.subject != SUBJECT_ACCOUNT && i < ARRAY_SIZE(keys); i++) {
		struct diag_place at = place_of(m, keys[i]);

		if (schema_is_set(section_setting(own, str_of(keys[i])))) {
			diag_add(m->r->diag, DIAG_WARNING, &at,
				 "means something only with subject = account");
		}
	}
}

/* A step of the ladder is taken only while the bans before it are remembered, from their beginnings
 * on; and events are kept as long as any window is, whatever `retention` says. */
static void check_times(struct making *m)
{
	const struct jail *jail = &m->file->jail;
	duration kept = m->main->values.retention.span, before = { 0 };
	struct diag_place ban = place_of(m, "ban"), window = place_of(m, "window");
	char step[SPAN_TEXT_MAX], sum[SPAN_TEXT_MAX], memory[SPAN_TEXT_MAX];

	for (unsigned i = 1; i < jail->steps; i++) {
		before.us += jail->ladder[i - 1].us;
		if (before.us >= jail->ban_memory.us) {
			diag_add(
				m->r->diag, DIAG_WARNING, &ban,
				"the step %s is never reached: the bans before it last %s together, and a ban is "
				"remembered for %s from its beginning (ban-memory)",
				span_format(jail->ladder[i], step), span_format(before, sum),
				span_format(jail->ban_memory, memory));
			break;
		}
	}
	if (jail->window.us > kept.us) {
		diag_add(
			m->r->diag, DIAG_NOTE, &window,
			"is longer than the retention of [ipsd] (%s); events are kept as long as the "
			"longest window",
			span_format(kept, memory));
	}
}

static int add_service(struct making *m, const struct spec_text *name, uint64_t *bits)
{
	uint16_t number;
	int r = names_add(&m->rules->services, m->rules->arena, name->text, &number);

	if (r == -ENOSPC) {
		diag_add(m->r->diag, DIAG_ERROR, &name->at, "there are more than %d services",
			 NAMES_MAX);
		return 0;
	}
	if (r == 0) {
		bits[number / 64] |= UINT64_C(1) << number % 64;
	}
	return r;
}

static int make_services(struct making *m)
{
	const struct spec_texts *names = &m->file->values.services;
	uint64_t *bits;
	int r = 0;

	for (size_t i = 0; i < names->n; i++) {
		if (str_eq(names->at[i].text, STR("all")) && names->n > 1) {
			diag_add(m->r->diag, DIAG_ERROR, &names->at[i].at,
				 "\"all\" stands alone, or names of services do");
		}
	}
	if (names->n == 0 || str_eq(names->at[0].text, STR("all"))) {
		return 0;
	}
	bits = arena_alloc(m->rules->arena, NAMES_MAX / 64, sizeof(*bits));
	for (size_t i = 0; bits && i < names->n && r == 0; i++) {
		r = add_service(m, &names->at[i], bits);
	}
	m->file->jail.services = bits;
	m->file->jail.n_services = NAMES_MAX;
	return bits ? r : -ENOMEM;
}

/* The PORTS column: the words with commas between them. */
static void put_label(const struct spec_texts *words, struct buf *label)
{
	for (size_t i = 0; i < words->n; i++) {
		buf_add_str(label, i > 0 ? STR(",") : STR_NONE);
		buf_add_str(label, words->at[i].text);
	}
}

static int make_scope(struct making *m)
{
	CLEANUP(buf_done) struct buf label = { 0 };
	const struct spec_texts *words = &m->file->values.ports;
	struct port_list list = { .n = 0 };
	int r;

	if (!main_file_ports(words, &m->main->groups, m->r, &list)) {
		return 0;
	}
	put_label(words, &label);
	r = buf_ok(&label);
	if (r == 0) {
		r = scopes_add(m->rules, &list, (enum verdict)m->file->values.verdict,
			       list.all ? STR("all") : buf_str(&label), &m->file->jail.scope);
	}
	if (r == -ENOSPC) {
		struct diag_place at = place_of(m, "ports");

		diag_add(m->r->diag, DIAG_ERROR, &at,
			 "all jails together name more than %d different lists of ports",
			 SCOPES_MAX);
		return 0;
	}
	return r;
}

static struct str keep(struct making *m, struct str text)
{
	struct str copy = arena_str(m->rules->arena, text);

	m->r->failed = m->r->failed || !copy.p;
	return copy;
}

static int make_jail(struct making *m)
{
	const struct jail_values *v = &m->file->values;
	struct jail *jail = &m->file->jail;
	int r;

	jail->name = keep(m, m->file->name);
	jail->about = keep(m, v->about.text);
	jail->type = keep(m, v->type.text.n > 0 ? v->type.text : m->file->name);
	jail->mode = (enum jail_mode)v->mode;
	jail->subject = (enum subject_kind)v->subject;
	jail->distinct = (enum distinct)v->distinct;
	jail->share = (uint32_t)v->share;
	jail->spare_known = v->spare_known;
	jail->window = v->window;
	jail->steps = v->ban.n;
	for (size_t i = 0; i < v->ban.n; i++) {
		jail->ladder[i] = v->ban.at[i];
	}
	jail->ban_memory = v->ban_memory;
	jail->after_ban = (enum after_ban)v->after_ban;
	jail->threshold = v->threshold > 0 ? (uint32_t)v->threshold : 1;
	check_reach(m);
	r = make_points(m);
	if (r == 0) {
		check_distinct(m);
		check_account_keys(m);
		check_times(m);
	}
	r = r < 0 ? r : make_services(m);
	r = r < 0 ? r : make_scope(m);
	return r < 0 || !m->r->failed ? r : -ENOMEM;
}

int jail_file_read(const struct document *d, struct str name, const struct main_file *m,
		   struct reader *r, struct ruleset *rules, struct jail_file *ret)
{
	const struct section *s = document_section(d, STR("jail"));
	struct making making = {
		.document = d,
		.main = m,
		.r = r,
		.rules = rules,
		.file = ret,
	};
	const struct schema_source from = {
		.kind = CONFIG_JAIL,
		.name = "jail",
		.section = s,
		.fallback = m->defaults,
		.missing = &ret->at,
	};
	int e;

	ret->name = name;
	ret->document = d;
	ret->at = s ? section_place(s)
		    : (struct diag_place){ .file = d->file, .section = STR("jail") };
	schema_check(d, CONFIG_JAIL, r);
	schema_read(&from, r, &ret->values);
	e = read_multipliers(&making);
	return e < 0 ? e : make_jail(&making);
}

int jail_file_never_block(const struct jail_file *j, struct netset **ret)
{
	CLEANUP(netset_freep) struct netset *set = NULL;
	const struct networks *own = &j->values.never_block;

	if (own->n > 0) {
		set = netset_new();
		if (!set) {
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < own->n; i++) {
		int r = netset_add(set, &own->at[i].prefix, own->at[i].at.line);

		if (r < 0) {
			return r;
		}
	}
	if (set) {
		netset_seal(set);
	}
	*ret = TAKE(set);
	return 0;
}
