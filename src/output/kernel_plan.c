/* SPDX-License-Identifier: MIT */
/* kernel_plan.c - our nft table as text.
 *
 * prerouting at priority mangle is behind the connection tracker and before address translation:
 * the ports are those that the client dialled. A banned host's packets in the direction of a
 * connection that it began stop, as do packets of no connection at all: untracked ones, and those
 * that the tracker calls invalid (with nf_conntrack_tcp_loose = 0 the middle of a connection whose
 * entry was flushed is invalid, and the local TCP would go on talking). Answers to what this host
 * or a host behind it began are neither, and pass.
 *
 * Neighbour discovery is untracked, too, but cannot come from beyond the link; without it our own
 * connection to a banned neighbour would not even find its Ethernet address.
 *
 * The bans' sets are hash sets: no flag `interval`, so a prefix is one element whose key is its
 * first address, looked up under a mask, and each length has a set of its own. The port is asked
 * before the set: an element's counter counts each look-up that finds it, and shall count what is
 * dropped.
 *
 * The whole chain `bans` is written anew whenever a set is added: its order is always that of this
 * file, and no rule stands in it twice. A transaction swaps it, no packet sees it half. */
#include "output/kernel_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/cover.h"

enum { ELEMENTS_PER_LINE = 512 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What nft takes in an identifier and neither shell nor terminal minds. */
static bool is_name(struct str name, size_t max)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!is_digit(c) && !is_letter(c) && c != '_') {
			return false;
		}
	}
	return name.n > 0 && name.n <= max;
}

int kernel_plan_check(const struct kernel_plan *plan)
{
	struct str table = str_of(plan->table);

	if (!is_name(table, KERNEL_TABLE_MAX - 1) || is_digit(table.p[0]) ||
	    plan->n_scopes > SCOPES_MAX) {
		return -EINVAL;
	}
	for (size_t i = 0; i < plan->n_scopes; i++) {
		char name[KERNEL_NAME_MAX];
		struct kernel_set found;

		if (!is_name(plan->scopes[i].name, SCOPE_NAME_MAX)) {
			return -EINVAL;
		}
		kernel_set_name(&plan->scopes[i], 4, 32, name);
		if (!kernel_set_parse(plan, str_of(name), &found) || found.scope != i) {
			return -EEXIST;
		}
	}
	return 0;
}

void kernel_set_name(const struct scope *scope, uint8_t family, uint8_t len,
		     char out[static KERNEL_NAME_MAX])
{
	bool digit = scope->name.n > 0 && is_digit(scope->name.p[0]);

	(void)snprintf(out, KERNEL_NAME_MAX, "%s%.*s%u_%u", digit ? "_" : "", STR_ARG(scope->name),
		       (unsigned)family, (unsigned)len);
}

/* Behind the last `_` of a name: where the length of a prefix stands. */
static size_t find_length(struct str name)
{
	size_t at = name.n;

	while (at > 0 && name.p[at - 1] != '_') {
		at--;
	}
	return at;
}

bool kernel_set_parse(const struct kernel_plan *plan, struct str name, struct kernel_set *ret)
{
	struct kernel_set set;
	size_t at = find_length(name);
	uint64_t len;

	if (at < 2 || str_to_uint(str_slice(name, at, SIZE_MAX), 128, &len) < 0) {
		return false;
	}
	set.family = name.p[at - 2] == '4' ? 4 : 6;
	set.len = (uint8_t)len;
	for (set.scope = 0; set.scope < plan->n_scopes; set.scope++) {
		char own[KERNEL_NAME_MAX];

		kernel_set_name(&plan->scopes[set.scope], set.family, set.len, own);
		if (str_eq(name, str_of(own)) && (set.family == 6 || set.len <= 32)) {
			*ret = set;
			return true;
		}
	}
	return false;
}

bool kernel_set_is_of_some_plan(struct str name)
{
	size_t at = find_length(name);
	struct scope scope = { .name = str_slice(name, 0, at < 2 ? 0 : at - 2) };
	const struct kernel_plan plan = { .scopes = &scope, .n_scopes = 1 };
	struct kernel_set set;

	if (scope.name.n > 1 && scope.name.p[0] == '_' && is_digit(scope.name.p[1])) {
		scope.name = str_slice(scope.name, 1, SIZE_MAX);
	}
	return is_name(scope.name, SCOPE_NAME_MAX) && kernel_set_parse(&plan, name, &set);
}

static void write_never(const struct kernel_plan *plan, uint8_t family, struct buf *out)
{
	struct prefix *list = NULL;
	size_t n = 0;

	buf_printf(out, "add set inet %s never%u { type ipv%u_addr; flags interval; }\n",
		   plan->table, (unsigned)family, (unsigned)family);
	buf_printf(out, "flush set inet %s never%u\n", plan->table, (unsigned)family);
	if (cover_of(plan->never_block, family, &list, &n) < 0) {
		out->failed = true;
	}
	for (size_t i = 0; i < n; i++) {
		char text[PREFIX_TEXT_MAX];

		if (i % ELEMENTS_PER_LINE == 0) {
			buf_printf(out, "%sadd element inet %s never%u { ", i > 0 ? " }\n" : "",
				   plan->table, (unsigned)family);
		}
		buf_printf(out, "%s%s", i % ELEMENTS_PER_LINE > 0 ? ", " : "",
			   prefix_format(&list[i], text));
	}
	if (n > 0) {
		buf_printf(out, " }\n");
	}
	free(list);
}

static void write_prerouting(const struct kernel_plan *plan, struct buf *out)
{
	const char *t = plan->table;

	buf_printf(out, "flush chain inet %s prerouting\n", t);
	buf_printf(out, "add rule inet %s prerouting iif lo return\n", t);
	if (!plan->both) {
		buf_printf(out, "add rule inet %s prerouting ct direction original jump bans\n", t);
	}
	buf_printf(out, "add rule inet %s prerouting icmpv6 type 133-137 return\n", t);
	if (plan->both) {
		buf_printf(out, "add rule inet %s prerouting jump bans\n", t);
	} else {
		buf_printf(
			out,
			"add rule inet %s prerouting ct state { invalid, untracked } jump bans\n",
			t);
	}
}

/* The part of a rule that looks the source up: `ip saddr & 255.255.255.0 @all4_24`. */
static void write_lookup(const struct kernel_plan *plan, const struct kernel_set *set,
			 struct buf *out)
{
	struct addr ones = { .family = set->family };
	char text[ADDR_TEXT_MAX], name[KERNEL_NAME_MAX];

	kernel_set_name(&plan->scopes[set->scope], set->family, set->len, name);
	buf_printf(out, " %s saddr", set->family == 4 ? "ip" : "ip6");
	if (set->len < addr_bits(&ones)) {
		memset(ones.bytes, 0xff, addr_bits(&ones) / 8U);
		ones = prefix_of(&ones, set->len).addr;
		buf_printf(out, " & %s", addr_format(&ones, text));
	}
	buf_printf(out, " @%s ", name);
}

static void write_rule(const struct kernel_plan *plan, const struct kernel_set *set,
		       const char *match, const char *verdict, struct buf *out)
{
	buf_printf(out, "add rule inet %s bans%s", plan->table, match);
	write_lookup(plan, set, out);
	buf_printf(out, "%s\n", verdict);
}

/* One rule for the scope's ports of a protocol; none when it has none. */
static void write_port_rule(const struct kernel_plan *plan, const struct kernel_set *set,
			    uint8_t proto, const char *verdict, struct buf *out)
{
	const struct scope *scope = &plan->scopes[set->scope];
	struct buf match CLEANUP(buf_done) = { 0 };

	for (size_t i = 0; i < scope->n_ranges; i++) {
		const struct port_range *r = &scope->ranges[i];

		if (r->proto != proto) {
			continue;
		}
		if (match.n > 0) {
			buf_printf(&match, ", %u", (unsigned)r->low);
		} else {
			buf_printf(&match, " %s dport { %u", proto == PROTO_TCP ? "tcp" : "udp",
				   (unsigned)r->low);
		}
		if (r->high > r->low) {
			buf_printf(&match, "-%u", (unsigned)r->high);
		}
	}
	if (match.n > 0) {
		buf_printf(&match, " }");
		write_rule(plan, set, buf_text(&match), verdict, out);
	}
	out->failed |= match.failed;
}

static void write_rules(const struct kernel_plan *plan, const struct kernel_set *set,
			struct buf *out)
{
	const struct scope *scope = &plan->scopes[set->scope];
	bool drops = scope->verdict == VERDICT_DROP;

	if (scope->n_ranges > 0) {
		write_port_rule(plan, set, PROTO_TCP, drops ? "drop" : "reject with tcp reset",
				out);
		write_port_rule(plan, set, PROTO_UDP, drops ? "drop" : "reject", out);
	} else if (drops) {
		write_rule(plan, set, "", "drop", out);
	} else {
		write_rule(plan, set, " meta l4proto tcp", "reject with tcp reset", out);
		write_rule(plan, set, " meta l4proto != tcp", "reject", out);
	}
}

void kernel_plan_write_bans(const struct kernel_plan *plan, const struct kernel_set *sets, size_t n,
			    struct buf *out)
{
	static const enum verdict order[] = { VERDICT_DROP, VERDICT_REJECT };

	for (size_t i = 0; i < n; i++) {
		char name[KERNEL_NAME_MAX];

		kernel_set_name(&plan->scopes[sets[i].scope], sets[i].family, sets[i].len, name);
		buf_printf(out,
			   "add set inet %s %s { type ipv%u_addr; flags timeout; size %d;%s }\n",
			   plan->table, name, (unsigned)sets[i].family, (int)KERNEL_SET_SIZE,
			   plan->counters ? " counter;" : "");
	}
	buf_printf(out, "flush chain inet %s bans\n", plan->table);
	buf_printf(out, "add rule inet %s bans ip saddr @never4 return\n", plan->table);
	buf_printf(out, "add rule inet %s bans ip6 saddr @never6 return\n", plan->table);
	for (size_t v = 0; v < ARRAY_SIZE(order); v++) {
		for (size_t i = 0; i < n; i++) {
			if (plan->scopes[sets[i].scope].verdict == order[v]) {
				write_rules(plan, &sets[i], out);
			}
		}
	}
}

void kernel_plan_write(const struct kernel_plan *plan, const struct kernel_set *sets, size_t n,
		       struct buf *out)
{
	buf_printf(out, "add table inet %s\n", plan->table);
	buf_printf(
		out,
		"add chain inet %s prerouting { type filter hook prerouting priority mangle; policy accept; }\n",
		plan->table);
	buf_printf(out, "add chain inet %s bans\n", plan->table);
	write_never(plan, 4, out);
	write_never(plan, 6, out);
	write_prerouting(plan, out);
	kernel_plan_write_bans(plan, sets, n, out);
}
