/* SPDX-License-Identifier: MIT */
/* zones.c - which time zone is meant by this name?
 *
 * Names are those of the IANA database, which are paths. A name from a config file becomes a part
 * of a path here, so it is judged by what it may hold and not by what it must not. */
#include "config/zones.h"

#include <errno.h>
#include <string.h>

enum { ZONE_FILE_MAX = 1 << 20, ZONE_NAME_MAX = 64 };

struct zone_named {
	struct str name;
	const struct zone *zone;
	struct zone_named *next;
};

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '+';
}

bool zones_is_name(struct str name)
{
	char before = '/';

	for (size_t i = 0; i < name.n; i++) {
		if (!is_name_byte(name.p[i]) && (name.p[i] != '/' || before == '/')) {
			return false;
		}
		before = name.p[i];
	}
	return before != '/' && name.n <= ZONE_NAME_MAX;
}

static void tell(const struct zones *z, const struct spec_text *name, const char *path, int r)
{
	if (r == -ENOENT) {
		diag_add(z->diag, DIAG_ERROR, &name->at,
			 "there is no zone \"%.*s\": no file %s. Names are like Europe/Berlin; the "
			 "package tzdata brings them",
			 STR_ARG(name->text), path);
	} else if (r == -EINVAL || r == -EFBIG) {
		diag_add(z->diag, DIAG_ERROR, &name->at, "%s is no file of a time zone", path);
	} else {
		diag_add(z->diag, DIAG_ERROR, &name->at, "%s cannot be read: %s", path,
			 strerrordesc_np(-r));
	}
}

static int read_file(const struct zones *z, const char *path, const struct zone **ret)
{
	CLEANUP(buf_done) struct buf bytes = { 0 };
	int r = z->access->read(path, ZONE_FILE_MAX, &bytes);

	r = r < 0 ? r : buf_ok(&bytes);
	return r < 0 ? r : zone_parse(buf_str(&bytes), z->arena, ret);
}

/* Reads the file of a zone that is not known yet. */
static int read_zone(const struct zones *z, const struct spec_text *name, const struct zone **ret)
{
	bool local = str_eq(name->text, STR("local"));
	CLEANUP(buf_done) struct buf path = { 0 };
	int r;

	if (local) {
		buf_add_str(&path, STR("/etc/localtime"));
	} else {
		buf_printf(&path, "/usr/share/zoneinfo/%.*s", STR_ARG(name->text));
	}
	r = buf_ok(&path);
	r = r < 0 ? r : read_file(z, buf_text(&path), ret);
	if (r == -ENOMEM || r == 0 || (local && r == -ENOENT)) {
		return r == -ENOENT ? 0 : r;
	}
	tell(z, name, buf_text(&path), r);
	return 1;
}

int zones_find(struct zones *z, const struct spec_text *name, const struct zone **ret)
{
	const struct zone *zone = NULL;
	struct zone_named *new;
	int r;

	*ret = NULL;
	if (str_eq(name->text, STR("UTC"))) {
		return 0;
	}
	for (const struct zone_named *known = z->first; known; known = known->next) {
		if (str_eq(known->name, name->text)) {
			*ret = known->zone;
			return 0;
		}
	}
	r = read_zone(z, name, &zone);
	if (r != 0) {
		return r;
	}
	new = arena_alloc(z->arena, 1, sizeof(*new));
	if (!new) {
		return -ENOMEM;
	}
	*new = (struct zone_named){ arena_str(z->arena, name->text), zone, z->first };
	z->first = new;
	*ret = zone;
	return new->name.p ? 0 : -ENOMEM;
}
