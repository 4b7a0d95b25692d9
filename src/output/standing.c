/* SPDX-License-Identifier: MIT */
/* standing.c - does our nft table stand as we made it, and what is in its sets?
 *
 * libnftables would read everybody's tables to answer that. The kernel gives each table, chain,
 * rule and set a handle, and never gives one twice; so a digest of handles and of what can be
 * changed without another handle says whether anything of ours is another thing than it was. Only
 * attributes that are named here go in: newer kernels tell more, as the number of a set's elements,
 * and what may count is no shape.
 *
 * A list that is read while somebody changes something may lack half of it. That is seen by the
 * kernel's mark, or by another generation after it than before it; then it is read again. */
#include "output/standing.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/table.h"
#include "output/dump.h"
#include "output/netlink_answer.h"
#include "sys/files.h"

enum { TRIES = 5, FEW = 20000 };

struct standing {
	struct dump *dump;
	uint8_t seed[TABLE_SEED_SIZE];
};

int standing_open(const char *table, struct standing **ret)
{
	struct standing *s = calloc(1, sizeof(*s));
	int r = s ? dump_open(table, &s->dump) : -ENOMEM;

	if (r < 0) {
		return standing_close(s), r;
	}
	files_random(s->seed, sizeof(s->seed));
	*ret = s;
	return 0;
}

struct standing *standing_close(struct standing *s)
{
	if (s) {
		(void)dump_close(s->dump);
		free(s);
	}
	return NULL;
}

/* --- The shape ----------------------------------------------------------------------------------
 */

struct digest {
	const struct standing *standing;
	const struct kernel_plan *plan;
	uint64_t value;
	struct buf part;
};

static void begin_part(struct digest *d)
{
	buf_clear(&d->part);
	buf_add(&d->part, &d->value, sizeof(d->value));
}

static void add_bytes(struct digest *d, struct str bytes)
{
	uint64_t n = bytes.n;

	buf_add(&d->part, &n, sizeof(n));
	buf_add_str(&d->part, bytes);
}

static int end_part(struct digest *d)
{
	d->value = siphash(buf_text(&d->part), d->part.n, d->standing->seed);
	return buf_ok(&d->part);
}

/* The attributes of these types; 0 ends them. */
static int add_attributes(struct digest *d, const struct nlmsghdr *h, const unsigned *types)
{
	begin_part(d);
	for (size_t i = 0; types[i] != 0; i++) {
		add_bytes(d, netlink_answer_attribute(h, types[i]));
	}
	return end_part(d);
}

static int add_table(void *arg, const struct nlmsghdr *h)
{
	static const unsigned types[] = { NFTA_TABLE_HANDLE, NFTA_TABLE_FLAGS, 0 };

	return add_attributes(arg, h, types);
}

static int add_chain(void *arg, const struct nlmsghdr *h)
{
	static const unsigned types[] = { NFTA_CHAIN_HANDLE, NFTA_CHAIN_HOOK,  NFTA_CHAIN_POLICY,
					  NFTA_CHAIN_TYPE,   NFTA_CHAIN_FLAGS, 0 };

	return add_attributes(arg, h, types);
}

static int add_rule(void *arg, const struct nlmsghdr *h)
{
	static const unsigned types[] = { NFTA_RULE_HANDLE, NFTA_RULE_EXPRESSIONS, 0 };

	return add_attributes(arg, h, types);
}

/* Sets that are not of the plan are somebody's own; no rule of ours asks them. */
static bool is_ours(const struct kernel_plan *plan, struct str name)
{
	struct kernel_set set;

	return str_eq(name, STR("never4")) || str_eq(name, STR("never6")) ||
	       kernel_set_parse(plan, name, &set);
}

static int add_set(void *arg, const struct nlmsghdr *h)
{
	static const unsigned types[] = { NFTA_SET_HANDLE,   NFTA_SET_FLAGS,
					  NFTA_SET_KEY_TYPE, NFTA_SET_KEY_LEN,
					  NFTA_SET_DESC,     NFTA_SET_TIMEOUT,
					  NFTA_SET_EXPR,     0 };
	struct digest *d = arg;
	struct netlink_set set;
	int r = netlink_answer_set(h, &set);

	if (r < 0 || !is_ours(d->plan, str_of(set.name))) {
		return r;
	}
	return add_attributes(d, h, types);
}

static int add_element(void *arg, const struct netlink_element *e)
{
	struct digest *d = arg;

	begin_part(d);
	add_bytes(d, e->key);
	add_bytes(d, e->ends_interval ? STR("end") : STR("begin"));
	return end_part(d);
}

static int add_elements(void *arg, const struct nlmsghdr *h)
{
	return netlink_answer_each(h, add_element, arg);
}

static int read_shape(struct standing *s, struct digest *d)
{
	int r = dump_table(s->dump, add_table, d);

	r = r < 0 ? r : dump_chain(s->dump, "prerouting", add_chain, d);
	r = r < 0 ? r : dump_chain(s->dump, "bans", add_chain, d);
	r = r < 0 ? r : dump_rules(s->dump, "prerouting", add_rule, d);
	r = r < 0 ? r : dump_rules(s->dump, "bans", add_rule, d);
	r = r < 0 ? r : dump_sets(s->dump, add_set, d);
	r = r < 0 ? r : dump_elements(s->dump, "never4", add_elements, d);
	return r < 0 ? r : dump_elements(s->dump, "never6", add_elements, d);
}

int standing_shape(struct standing *s, const struct kernel_plan *plan, uint64_t *ret)
{
	struct digest d = { .standing = s, .plan = plan };
	int r = -EINTR;

	for (int i = 0; i < TRIES && r == -EINTR; i++) {
		d.value = 0;
		r = read_shape(s, &d);
	}
	buf_done(&d.part);
	if (r == 0 || r == -ENOENT) {
		*ret = r == 0 ? d.value : ~d.value;
		return 0;
	}
	return r;
}

/* --- Elements -----------------------------------------------------------------------------------
 */

struct elements_found {
	const struct kernel_set *set; /* whose elements come */
	struct standing_element *at;
	size_t n, max;
};

/* Rules look up masked addresses, so one with bits behind the mask meets no packet. */
static int note_element(void *arg, const struct netlink_element *e)
{
	struct elements_found *f = arg;
	struct addr key = { .family = f->set->family };
	struct prefix prefix;

	if (e->key.n != addr_bits(&key) / 8U) {
		return -EBADMSG;
	}
	memcpy(key.bytes, e->key.p, e->key.n);
	prefix = prefix_of(&key, f->set->len);
	if (!addr_eq(&prefix.addr, &key)) {
		return 0;
	}
	if (f->n == f->max) {
		return -E2BIG;
	}
	f->at[f->n++] = (struct standing_element){
		.prefix = prefix,
		.scope = f->set->scope,
		.has_timeout = e->has_timeout,
		.left_ms = e->left_ms,
	};
	return 0;
}

static int note_elements(void *arg, const struct nlmsghdr *h)
{
	return netlink_answer_each(h, note_element, arg);
}

/* -EINTR: something has changed meanwhile. */
static int read_elements(struct standing *s, const struct kernel_plan *plan,
			 const struct kernel_set *sets, size_t n, struct elements_found *f)
{
	uint32_t before, after;
	int r = dump_generation(s->dump, &before);

	f->n = 0;
	for (size_t i = 0; r >= 0 && i < n; i++) {
		char name[KERNEL_NAME_MAX];

		kernel_set_name(&plan->scopes[sets[i].scope], sets[i].family, sets[i].len, name);
		f->set = &sets[i];
		r = dump_elements(s->dump, name, note_elements, f);
	}
	r = r < 0 ? r : dump_generation(s->dump, &after);
	return r < 0 ? r : before == after ? 0 : -EINTR;
}

int standing_elements(struct standing *s, const struct kernel_plan *plan,
		      const struct kernel_set *sets, size_t n, size_t max,
		      struct standing_list *ret)
{
	struct elements_found f = { .max = max };
	int r = -EINTR;

	f.at = calloc(max ? max : 1, sizeof(*f.at));
	if (!f.at) {
		return -ENOMEM;
	}
	/* Many take seconds, in which nobody is blocked. */
	for (int i = 0; i < (max > FEW ? 1 : TRIES) && r == -EINTR; i++) {
		r = read_elements(s, plan, sets, n, &f);
	}
	if (r < 0) {
		free(f.at);
		return r;
	}
	*ret = (struct standing_list){ .at = f.at, .n = f.n };
	return 0;
}
