/* SPDX-License-Identifier: MIT */
/* parts.c - which filters and jails are there, and which of them can be used?
 *
 * Whatever reads a part tells errors to the one diag that all share. A mark before and a look after
 * say whose they are. */
#include "config/parts.h"

struct parts_mark parts_mark(const struct reader *r)
{
	return (struct parts_mark){
		.items = diag_total(r->diag),
		.errors = diag_count(r->diag, DIAG_ERROR),
	};
}

bool parts_erred(const struct reader *r, struct parts_mark since)
{
	return diag_count(r->diag, DIAG_ERROR) > since.errors;
}

void parts_judge(struct config_part *p, struct reader *r, struct parts_mark since)
{
	CLEANUP(buf_done) struct buf why = { 0 };
	const struct diag_item *item;

	if (!parts_erred(r, since) || p->state == PART_FAILED) {
		return;
	}
	p->state = PART_FAILED;
	p->index = NAMES_NONE;
	for (size_t i = since.items; (item = diag_item(r->diag, i)); i++) {
		if (item->level == DIAG_ERROR) {
			diag_format(item, &why);
			p->why = arena_str(r->arena, buf_str(&why));
			return;
		}
	}
}
