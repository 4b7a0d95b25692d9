/* SPDX-License-Identifier: MIT */
/* diff.c - what do the files say differently than before?
 *
 * Both sides are printed as `ipsctl cat` prints them, and the prints are compared key by key. They
 * are short and people wait for them, so each key is simply searched for in the other print. */
#include "config/diff.h"

#include <errno.h>

/* Values longer than this are not repeated. */
enum { VALUE_SHOWN = 60 };

/* One key of a print; the value with the lines that go on with it. */
struct setting {
	struct str section, key, value;
};

struct diff {
	struct str what; /* "jail mail", "ipsd.conf" */
	bool is_main;
	struct buf *out;
};

/* Takes the next setting off a print. */
static bool next_setting(struct str *rest, struct setting *s)
{
	struct str line;

	while (rest->n > 0) {
		size_t end;

		(void)str_split(rest, '\n', &line);
		end = str_find_char(line, '=');
		if (str_has_prefix(line, STR("["))) {
			s->section = str_trim(line);
		} else if (end != STR_NOT_FOUND) {
			const char *from = line.p + end + 1;

			s->key = str_trim(str_slice(line, 0, end));
			while (rest->n > 0 && (rest->p[0] == ' ' || rest->p[0] == '\t')) {
				(void)str_split(rest, '\n', &line);
			}
			s->value = str_trim(
				(struct str){ .p = from, .n = (size_t)(line.p + line.n - from) });
			return true;
		}
	}
	return false;
}

static bool find(struct str print, const struct setting *wanted, struct str *ret)
{
	struct setting s = { .section = STR_NONE };

	while (next_setting(&print, &s)) {
		if (str_eq(s.section, wanted->section) && str_eq(s.key, wanted->key)) {
			*ret = s.value;
			return true;
		}
	}
	return false;
}

static bool is_short(struct str value)
{
	return value.n <= VALUE_SHOWN && str_find_char(value, '\n') == STR_NOT_FOUND;
}

static void put_name(const struct diff *d, const struct setting *s)
{
	buf_printf(d->out, "%.*s: ", STR_ARG(d->what));
	if (!str_eq(s->section, STR("[jail]")) && !str_eq(s->section, STR("[multipliers]")) &&
	    !str_eq(s->section, STR("[filter]"))) {
		buf_printf(d->out, "%.*s ", STR_ARG(s->section));
	}
	buf_add_str(d->out, s->key);
}

static void put_end(const struct diff *d, const struct setting *s)
{
	if (d->is_main &&
	    (str_eq(s->section, STR("[nft]")) || str_eq(s->key, STR("read-any-log")))) {
		buf_add_str(d->out, STR(": takes effect at the next start"));
	}
	buf_add_char(d->out, '\n');
}

static void put_change(const struct diff *d, const struct setting *s, struct str before)
{
	put_name(d, s);
	if (is_short(before) && is_short(s->value)) {
		buf_printf(d->out, " %.*s -> %.*s", STR_ARG(before), STR_ARG(s->value));
	} else {
		buf_add_str(d->out, STR(" changed"));
	}
	put_end(d, s);
}

static void put_one(const struct diff *d, const struct setting *s, const char *word)
{
	put_name(d, s);
	if (is_short(s->value)) {
		buf_printf(d->out, " %.*s", STR_ARG(s->value));
	}
	buf_printf(d->out, " %s", word);
	put_end(d, s);
}

static void compare(const struct diff *d, struct str before, struct str now)
{
	struct setting s = { .section = STR_NONE };
	struct str rest = now, other;

	if (str_eq(before, now)) {
		return;
	}
	while (next_setting(&rest, &s)) {
		if (!find(before, &s, &other)) {
			put_one(d, &s, "added");
		} else if (!str_eq(other, s.value)) {
			put_change(d, &s, other);
		}
	}
	rest = before;
	s.section = STR_NONE;
	while (next_setting(&rest, &s)) {
		if (!find(now, &s, &other)) {
			put_one(d, &s, "removed");
		}
	}
}

/* A part without files, as an ipsd.conf that is missing, is empty. */
static int print(const struct config *c, enum config_kind kind, struct str name, struct buf *ret)
{
	int r = config_cat(c, kind, name, false, ret);

	return r == -ENOENT ? 0 : r;
}

static int compare_parts(const struct diff *d, enum config_kind kind, struct str name,
			 const struct config *before, const struct config *now)
{
	CLEANUP(buf_done) struct buf old = { 0 }, fresh = { 0 };
	int r = print(before, kind, name, &old);

	r = r < 0 ? r : print(now, kind, name, &fresh);
	if (r < 0) {
		return r;
	}
	compare(d, buf_str(&old), buf_str(&fresh));
	return 0;
}

static const struct config_part *find_part(const struct config *c, enum config_kind kind,
					   struct str name)
{
	const struct config_part *parts = kind == CONFIG_FILTER ? c->filters : c->jails;
	size_t n = kind == CONFIG_FILTER ? c->n_filters : c->n_jails;

	for (size_t i = 0; i < n; i++) {
		if (str_eq(parts[i].name, name)) {
			return &parts[i];
		}
	}
	return NULL;
}

static const char *state_word(const struct config_part *part)
{
	if (!part) {
		return "removed";
	}
	switch (part->state) {
	case PART_OK: return "added";
	case PART_DISABLED: return "disabled";
	case PART_FAILED: return "failed";
	}
	return "";
}

static bool runs(const struct config_part *part)
{
	return part && part->state == PART_OK;
}

static int diff_part(enum config_kind kind, struct str name, const struct config *before,
		     const struct config *now, struct buf *out)
{
	const struct config_part *old = find_part(before, kind, name),
				 *fresh = find_part(now, kind, name);
	CLEANUP(buf_done) struct buf what = { 0 };
	struct diff d = { .out = out };

	buf_printf(&what, "%s %.*s", kind == CONFIG_JAIL ? "jail" : "filter", STR_ARG(name));
	d.what = buf_str(&what);
	if (runs(old) && runs(fresh)) {
		return compare_parts(&d, kind, name, before, now);
	}
	if (runs(old) != runs(fresh)) {
		buf_printf(out, "%.*s %s\n", STR_ARG(d.what),
			   runs(fresh) && old ? "runs again" : state_word(fresh));
	}
	return buf_ok(&what);
}

static int diff_kind(enum config_kind kind, const struct config *before, const struct config *now,
		     struct buf *out)
{
	const struct config_part *old = kind == CONFIG_FILTER ? before->filters : before->jails,
				 *fresh = kind == CONFIG_FILTER ? now->filters : now->jails;
	size_t n_old = kind == CONFIG_FILTER ? before->n_filters : before->n_jails,
	       n_fresh = kind == CONFIG_FILTER ? now->n_filters : now->n_jails;
	int r = 0;

	for (size_t i = 0; i < n_fresh && r == 0; i++) {
		r = diff_part(kind, fresh[i].name, before, now, out);
	}
	for (size_t i = 0; i < n_old && r == 0; i++) {
		if (!find_part(now, kind, old[i].name)) {
			r = diff_part(kind, old[i].name, before, now, out);
		}
	}
	return r;
}

int diff_configs(const struct config *before, const struct config *now, struct buf *out)
{
	const struct diff d = { .what = STR("ipsd.conf"), .is_main = true, .out = out };
	int r = compare_parts(&d, CONFIG_MAIN, STR_NONE, before, now);

	r = r < 0 ? r : diff_kind(CONFIG_FILTER, before, now, out);
	r = r < 0 ? r : diff_kind(CONFIG_JAIL, before, now, out);
	return r < 0 ? r : buf_ok(out);
}
