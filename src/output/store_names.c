/* SPDX-License-Identifier: MIT */
/* Names as numbers. A handful of names stands in every row that is written, so the latest that were
 * asked for are remembered; what a transaction made that is undone, is forgotten with it. */
#include <string.h>

#include "output/store_db.h"

static struct remembered *place_of(struct store *s, struct str name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < name.n; i++) {
		h = (h ^ (unsigned char)name.p[i]) * UINT64_C(0x100000001b3);
	}
	return &s->remembered[(h ^ h >> 32) % STORE_REMEMBERED];
}

void store_forget_names(struct store *s)
{
	memset(s->remembered, 0, sizeof(s->remembered));
}

static int find_name(struct store *s, struct str name, int64_t *ret)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, "SELECT id FROM names WHERE name = ?", &st);
	if (r < 0) {
		return r;
	}
	sql_bind_bytes(st, 1, name);
	r = sql_step(st);
	if (r == 1) {
		*ret = sql_int(st, 0);
	}
	sql_done(st);
	if (r != 0) {
		return r < 0 ? r : 0;
	}
	r = sql_prepare(s->sql, "INSERT INTO names (name) VALUES (?) RETURNING id", &st);
	if (r < 0) {
		return r;
	}
	sql_bind_bytes(st, 1, name);
	r = sql_step(st);
	if (r == 1) {
		*ret = sql_int(st, 0);
	}
	sql_done(st);
	return r < 0 ? r : 0;
}

int store_name(struct store *s, struct str name, int64_t *ret)
{
	struct remembered *place = place_of(s, name);
	int64_t id = 0;
	int r;

	*ret = 0;
	if (name.n == 0) {
		return 0;
	}
	if (place->n == name.n && memcmp(place->name, name.p, name.n) == 0) {
		*ret = place->id;
		return 0;
	}
	r = find_name(s, name, &id);
	if (r >= 0 && name.n <= sizeof(place->name)) {
		*place = (struct remembered){ .id = id, .n = name.n };
		memcpy(place->name, name.p, name.n);
	}
	*ret = id;
	return r;
}
