/* SPDX-License-Identifier: MIT */
/* scanner - the only door to libhs.
 *
 * The end of a chunk. Vectorscan (5.4.9, Debian 12's) does not see some literals that end in the
 * last 30 bytes of what it is given: which ones depends on the address of the buffer. What ends
 * further from the end it finds. So hits in the last TAIL bytes of a chunk are not believed, and
 * these bytes are scanned again in a copy with as many bytes behind them that mean nothing.
 *
 * Order and doubles. libhs promises no order of hits, and does not say what it makes of one literal
 * under two numbers. Equal literals are given to it once, as a group, and a hit is passed on for
 * each index of the group. Hits wait in a window that is kept sorted by their end (so far they
 * always came sorted: it costs one comparison) and are passed on when it is full and when the scan
 * is over.
 *
 * HS_FLAG_SINGLEMATCH means one hit a scan, not a line, and is never used. libhs folds the case of
 * ASCII letters only, as long as it is not asked for UTF-8: what struct literal promises. */
#include "detect/scanner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hs/hs.h>

enum { WINDOW_HITS = 1024, TAIL = 128 };

struct hit {
	uint32_t group;
	uint32_t end;
};

struct scanner {
	hs_database_t *db;
	hs_scratch_t *scratch;
	uint32_t *index; /* the caller's indices, those of equal literals side by side */
	uint32_t *first; /* where in `index` each group begins, and one end more */
	size_t waiting;
	struct hit window[WINDOW_HITS];
	char tail[LITERAL_MAX_BYTES + TAIL + TAIL];
};

struct scan {
	struct scanner *s;
	scanner_hit hit;
	void *arg;
	size_t base; /* where in the chunk the scanned bytes begin */
	size_t after,
		last; /* hits are believed whose end is behind `after` and not behind `last` */
};

struct entry {
	const struct literal *literal;
	uint32_t index;
};

/* One of each group, as libhs wants them. */
struct expressions {
	const char **text;
	size_t *length;
	unsigned *flags, *id;
	unsigned n;
};

static void expressions_done(struct expressions *e)
{
	free(e->text);
	free(e->length);
	free(e->flags);
	free(e->id);
}

static int expressions_init(struct expressions *e, size_t n)
{
	*e = (struct expressions){
		.text = calloc(n, sizeof(*e->text)),
		.length = calloc(n, sizeof(*e->length)),
		.flags = calloc(n, sizeof(*e->flags)),
		.id = calloc(n, sizeof(*e->id)),
	};
	return e->text && e->length && e->flags && e->id ? 0 : -ENOMEM;
}

static uint8_t fold(char c, bool nocase)
{
	return (uint8_t)(nocase && c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Any order will do that puts equal ones side by side. */
static int entry_cmp(const void *left, const void *right)
{
	const struct literal *a = ((const struct entry *)left)->literal;
	const struct literal *b = ((const struct entry *)right)->literal;

	if (a->nocase != b->nocase) {
		return a->nocase ? 1 : -1;
	}
	if (a->text.n != b->text.n) {
		return a->text.n > b->text.n ? 1 : -1;
	}
	for (size_t i = 0; i < a->text.n; i++) {
		uint8_t x = fold(a->text.p[i], a->nocase), y = fold(b->text.p[i], b->nocase);

		if (x != y) {
			return x > y ? 1 : -1;
		}
	}
	return 0;
}

static void group(struct scanner *s, const struct entry *sorted, size_t n, struct expressions *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct literal *literal = sorted[i].literal;

		s->index[i] = sorted[i].index;
		if (i > 0 && entry_cmp(&sorted[i - 1], &sorted[i]) == 0) {
			continue;
		}
		s->first[e->n] = (uint32_t)i;
		e->text[e->n] = literal->text.p;
		e->length[e->n] = literal->text.n;
		e->flags[e->n] = literal->nocase ? HS_FLAG_CASELESS : 0;
		e->id[e->n] = e->n;
		e->n++;
	}
	s->first[e->n] = (uint32_t)n;
}

static int compile(struct scanner *s, const struct expressions *e)
{
	hs_compile_error_t *error = NULL;
	hs_error_t rc = hs_compile_lit_multi(e->text, e->flags, e->id, e->length, e->n,
					     HS_MODE_BLOCK, NULL, &s->db, &error);

	(void)hs_free_compile_error(error);
	if (rc == HS_SUCCESS) {
		rc = hs_alloc_scratch(s->db, &s->scratch);
	}
	if (rc != HS_SUCCESS) {
		return rc == HS_NOMEM ? -ENOMEM : -EINVAL;
	}
	return 0;
}

static int build(struct scanner *s, struct entry *entries, size_t n)
{
	CLEANUP(expressions_done) struct expressions e = { 0 };

	s->index = calloc(n, sizeof(*s->index));
	s->first = calloc(n + 1, sizeof(*s->first));
	if (expressions_init(&e, n) < 0 || !s->index || !s->first) {
		return -ENOMEM;
	}
	qsort(entries, n, sizeof(*entries), entry_cmp);
	group(s, entries, n, &e);
	return compile(s, &e);
}

static bool has_too_long(const struct literal *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (at[i].text.n > LITERAL_MAX_BYTES) {
			return true;
		}
	}
	return false;
}

int scanner_new(const struct literal *at, size_t n, struct scanner **ret)
{
	CLEANUP(scanner_freep) struct scanner *s = NULL;
	struct entry *entries;
	int r;

	if (n == 0 || n >= UINT32_MAX || has_too_long(at, n)) {
		return -EINVAL;
	}
	s = calloc(1, sizeof(*s));
	entries = calloc(n, sizeof(*entries));
	if (!s || !entries) {
		free(entries);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		entries[i] = (struct entry){ .literal = &at[i], .index = (uint32_t)i };
	}
	r = build(s, entries, n);
	free(entries);
	if (r < 0) {
		return r;
	}
	*ret = TAKE(s);
	return 0;
}

struct scanner *scanner_free(struct scanner *s)
{
	if (s) {
		(void)hs_free_scratch(s->scratch);
		(void)hs_free_database(s->db);
		free(s->first);
		free(s->index);
		free(s);
	}
	return NULL;
}

/* Passes on what waits. False when the caller wants no more. */
static bool pass_on(const struct scan *scan)
{
	struct scanner *s = scan->s;
	size_t n = s->waiting;

	s->waiting = 0;
	for (size_t i = 0; i < n; i++) {
		const struct hit *hit = &s->window[i];

		for (uint32_t k = s->first[hit->group]; k < s->first[hit->group + 1]; k++) {
			if (!scan->hit(scan->arg, s->index[k], hit->end)) {
				return false;
			}
		}
	}
	return true;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		    void *arg)
{
	const struct scan *scan = arg;
	struct scanner *s = scan->s;
	size_t end = scan->base + to, i;

	(void)from;
	(void)flags;
	if (end <= scan->after || end > scan->last) {
		return 0;
	}
	for (i = s->waiting++; i > 0 && s->window[i - 1].end > end; i--) {
		s->window[i] = s->window[i - 1];
	}
	s->window[i] = (struct hit){ .group = id, .end = (uint32_t)end };
	return s->waiting == WINDOW_HITS && !pass_on(scan);
}

static int scan_bytes(struct scan *scan, struct str bytes)
{
	struct scanner *s = scan->s;
	hs_error_t rc;

	s->waiting = 0;
	rc = hs_scan(s->db, bytes.p, (unsigned)bytes.n, 0, s->scratch, on_match, scan);
	if (rc == HS_SCAN_TERMINATED) {
		return 1;
	}
	if (rc != HS_SUCCESS) {
		return -EINVAL;
	}
	return pass_on(scan) ? 0 : 1;
}

/* Scans what ends behind `after`, in a copy that does not end where the chunk does. */
static int scan_tail(struct scan *scan, struct str chunk)
{
	struct scanner *s = scan->s;
	struct str tail;

	scan->base = scan->after > LITERAL_MAX_BYTES ? scan->after - LITERAL_MAX_BYTES : 0;
	scan->last = chunk.n;
	tail = str_slice(chunk, scan->base, SIZE_MAX);
	memcpy(s->tail, tail.p, tail.n);
	memset(s->tail + tail.n, '\n', TAIL);
	return scan_bytes(scan, (struct str){ .p = s->tail, .n = tail.n + TAIL });
}

int scanner_scan(struct scanner *s, struct str chunk, scanner_hit hit, void *arg)
{
	struct scan scan = { .s = s, .hit = hit, .arg = arg };

	if (chunk.n == 0) {
		return 0;
	}
	if (chunk.n > UINT32_MAX) {
		return -EINVAL;
	}
	if (chunk.n > TAIL) {
		int r;

		scan.last = chunk.n - TAIL;
		r = scan_bytes(&scan, chunk);
		if (r != 0) {
			return r;
		}
		scan.after = scan.last;
	}
	return scan_tail(&scan, chunk);
}
