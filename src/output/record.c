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
_Static_assert(sizeof(struct found) == 32, "no padding");
_Static_assert(sizeof(struct report) == 24 + REPORT_TEXT, "no padding");

static struct prefix prefix_from(uint8_t family, uint8_t len, const uint8_t bytes[static 16])
{
	struct prefix p = { .addr = { .family = family }, .len = len };

	memcpy(p.addr.bytes, bytes, sizeof(p.addr.bytes));
	return p;
}

struct prefix record_prefix(const struct record *r)
{
	return prefix_from(r->family, r->len, r->bytes);
}

struct record record_about(enum record_kind kind, const struct prefix *p, uint16_t scope)
{
	struct record r = {
		.kind = (uint8_t)kind, .family = p->addr.family, .len = p->len, .scope = scope
	};

	memcpy(r.bytes, p->addr.bytes, sizeof(r.bytes));
	return r;
}

struct prefix found_prefix(const struct found *f)
{
	return prefix_from(f->family, f->len, f->bytes);
}

/* Whether family and length fit each other and no bit behind the length is set. */
static bool is_clean(const struct prefix *p)
{
	struct prefix clean;

	if ((p->addr.family != 4 && p->addr.family != 6) || p->len > addr_bits(&p->addr)) {
		return false;
	}
	clean = prefix_of(&p->addr, p->len);
	return prefix_eq(p, &clean);
}

static bool has_prefix(const struct record *r)
{
	struct prefix p = record_prefix(r);

	return is_clean(&p);
}

static bool is_zero(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != 0) {
			return false;
		}
	}
	return true;
}

static bool has_nothing(const struct record *r)
{
	return r->family == 0 && r->len == 0 && r->scope == 0 && r->cookie == 0 &&
	       r->deadline == 0 && is_zero(r->bytes, sizeof(r->bytes));
}

static bool is_list(const struct record *r)
{
	struct record other = *r;

	other.cookie = 0;
	return r->cookie <= RECORD_LIST_MAX && has_nothing(&other);
}

static bool is_plan(const struct record *r)
{
	return r->scope >= 1 && r->scope <= SCOPES_MAX && r->cookie <= RECORD_NEVER_MAX &&
	       r->family == 0 && r->len == 0 && r->deadline >= 0 &&
	       is_zero(r->bytes, sizeof(r->bytes));
}

/* Whether the bytes are letters, digits and `_`, then nothing. */
static bool has_name(const struct record *r)
{
	size_t n = 0;

	while (n < sizeof(r->bytes) &&
	       (r->bytes[n] == '_' || (r->bytes[n] >= '0' && r->bytes[n] <= '9') ||
		(r->bytes[n] >= 'a' && r->bytes[n] <= 'z') ||
		(r->bytes[n] >= 'A' && r->bytes[n] <= 'Z'))) {
		n++;
	}
	return n > 0 && is_zero(r->bytes + n, sizeof(r->bytes) - n);
}

static bool is_scope(const struct record *r)
{
	return r->scope < SCOPES_MAX && r->family <= VERDICT_REJECT && r->len <= SCOPE_RANGES_MAX &&
	       r->cookie == 0 && r->deadline == 0 && has_name(r);
}

static bool is_ports(const struct record *r)
{
	uint16_t ports[2];

	memcpy(ports, r->bytes, sizeof(ports));
	return r->scope < SCOPES_MAX && (r->family == PROTO_TCP || r->family == PROTO_UDP) &&
	       r->len == 0 && r->cookie == 0 && r->deadline == 0 && ports[0] >= 1 &&
	       ports[0] <= ports[1] &&
	       is_zero(r->bytes + sizeof(ports), sizeof(r->bytes) - sizeof(ports));
}

static bool is_good(const struct record *r, size_t n_scopes)
{
	switch ((enum record_kind)r->kind) {
	case RECORD_HOLD:
		return has_prefix(r) && r->scope < n_scopes && r->cookie <= 1 && r->deadline > 0;
	case RECORD_RELEASE:
		return has_prefix(r) && r->scope < n_scopes && r->cookie == 0 && r->deadline == 0;
	case RECORD_ASK: return has_prefix(r) && r->scope < n_scopes && r->deadline == 0;
	case RECORD_PLAN: return is_plan(r);
	case RECORD_SCOPE: return is_scope(r);
	case RECORD_PORTS: return is_ports(r);
	case RECORD_NEVER:
		return has_prefix(r) && r->scope == 0 && r->cookie == 0 && r->deadline == 0;
	case RECORD_LIST: return is_list(r);
	case RECORD_RELEASE_ALL:
	case RECORD_PLAN_END: return has_nothing(r);
	}
	return false;
}

int record_parse(const uint8_t *bytes, size_t n, size_t n_scopes, struct record *ret)
{
	struct record r;

	if (n != sizeof(r)) {
		return -EMSGSIZE;
	}
	memcpy(&r, bytes, sizeof(r));
	if (r.seq == 0 || r.zero != 0 || r.zeros != 0 || !is_good(&r, n_scopes)) {
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
	if (r.kind != REPLY_REPORT || r.state < REPORT_STARTED || r.state > REPORT_UNCUT ||
	    r.error < 0 || !memchr(r.text, '\0', sizeof(r.text))) {
		return -EBADMSG;
	}
	*ret = r;
	return 0;
}

int found_parse(const uint8_t *bytes, size_t n, struct found *ret)
{
	struct found f;
	struct prefix p;

	if (n != sizeof(f)) {
		return -EMSGSIZE;
	}
	memcpy(&f, bytes, sizeof(f));
	p = found_prefix(&f);
	if (f.kind != REPLY_FOUND || f.zero != 0 || f.zeros != 0 || f.left < 0 ||
	    f.scope >= SCOPES_MAX || !is_clean(&p)) {
		return -EBADMSG;
	}
	*ret = f;
	return 0;
}
