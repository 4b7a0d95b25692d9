/* SPDX-License-Identifier: MIT */
/* record.c - what the daemon and its enforcer say to each other.
 *
 * The daemon reads what strangers write into logs, the enforcer may change the firewall: between
 * them stands this file. A record says so little that each of its bytes can be judged. */
#include "output/record.h"

#include <errno.h>
#include <string.h>

_Static_assert(sizeof(struct record) == 48, "no padding, of which nobody knows what it holds");
_Static_assert(sizeof(struct reply) == 48, "no padding");
_Static_assert(sizeof(struct report) == 16 + REPORT_TEXT, "no padding");

struct prefix record_prefix(const struct record *r)
{
	struct prefix p = { .addr = { .family = r->family }, .len = r->len };

	memcpy(p.addr.bytes, r->bytes, sizeof(p.addr.bytes));
	return p;
}

/* Whether family and length fit each other and no bit behind the length is set. */
static bool has_prefix(const struct record *r)
{
	struct prefix p = record_prefix(r), clean;

	if ((r->family != 4 && r->family != 6) || r->len > addr_bits(&p.addr)) {
		return false;
	}
	clean = prefix_of(&p.addr, p.len);
	return prefix_eq(&p, &clean);
}

static bool has_nothing(const struct record *r)
{
	static const uint8_t zeros[sizeof(r->bytes)];

	return r->family == 0 && r->len == 0 && r->scope == 0 &&
	       memcmp(r->bytes, zeros, sizeof(zeros)) == 0;
}

int record_parse(const uint8_t *bytes, size_t n, size_t n_scopes, struct record *ret)
{
	struct record r;
	bool ok = false;

	if (n != sizeof(r)) {
		return -EMSGSIZE;
	}
	memcpy(&r, bytes, sizeof(r));
	switch ((enum record_kind)r.kind) {
	case RECORD_HOLD:
		ok = has_prefix(&r) && r.scope < n_scopes && r.cookie == 0 && r.deadline > 0;
		break;
	case RECORD_RELEASE:
		ok = has_prefix(&r) && r.scope < n_scopes && r.cookie == 0 && r.deadline == 0;
		break;
	case RECORD_RELEASE_ALL: ok = has_nothing(&r) && r.cookie == 0 && r.deadline == 0; break;
	case RECORD_ASK: ok = has_prefix(&r) && r.scope < n_scopes && r.deadline == 0; break;
	}
	if (!ok || r.seq == 0 || r.zero != 0 || r.zeros != 0) {
		return -EBADMSG;
	}
	*ret = r;
	return 0;
}

int reply_parse(const uint8_t *bytes, size_t n, struct reply *ret)
{
	struct reply r;

	if (n != sizeof(r)) {
		return -EMSGSIZE;
	}
	memcpy(&r, bytes, sizeof(r));
	if ((r.kind != REPLY_FATE && r.kind != REPLY_ANSWER) || r.held > 1 || r.has_end > 1 ||
	    r.error < 0) {
		return -EBADMSG;
	}
	*ret = r;
	return 0;
}

int report_parse(const uint8_t *bytes, size_t n, struct report *ret)
{
	struct report r;

	if (n != sizeof(r)) {
		return -EMSGSIZE;
	}
	memcpy(&r, bytes, sizeof(r));
	if (r.kind != REPLY_REPORT || r.state < REPORT_READY || r.state > REPORT_ENDED ||
	    r.error < 0 || !memchr(r.text, '\0', sizeof(r.text))) {
		return -EBADMSG;
	}
	*ret = r;
	return 0;
}
