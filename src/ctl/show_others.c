/* SPDX-License-Identifier: MIT */
/* Who else stops an address that ipsd lets in: the mail server itself, as its own log says, or
 * another set of nftables. ipsd may not read other people's tables; whoever runs ipsctl perhaps
 * may. Whether a set's rule blocks or lets in only its rules tell, so the page says "holds". */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "ctl/show.h"
#include "ctl/terminal.h"
#include "output/other_sets.h"
#include "sys/sandbox.h"

static void add_set(void *arg, const struct other_set *set)
{
	struct value *list = arg, *row = value_object();

	value_set_word(row, "family", set->family);
	value_set_text(row, "table", str_of(set->table));
	value_set_text(row, "set", str_of(set->name));
	value_set_bool(row, "map", set->is_map);
	value_add(list, row);
}

/* The address that was asked for; false: a network was, or nothing that nftables knows. */
static bool one_address(const struct value *p, struct addr *ret)
{
	struct prefix prefix;

	if (addr_parse(member(p, "query", ""), ret) == 0) {
		return true;
	}
	if (prefix_parse(member(p, "prefix", ""), &prefix) < 0 ||
	    prefix.len < addr_bits(&prefix.addr)) {
		return false;
	}
	*ret = prefix.addr;
	return true;
}

void show_find_sets(struct value *p)
{
	struct value *found = value_array();
	struct addr address;
	int r = -ENODATA;

	if (!value_bool(value_get(p, "banned"), false) && one_address(p, &address)) {
		r = sandbox_has_net_admin()
			    ? other_sets_find(member(p, "table", ""), &address, add_set, found)
			    : -EPERM;
	}
	if (r < 0) {
		value_free(found);
		value_set_null(p, "other_sets");
	} else {
		value_set(p, "other_sets", found);
	}
	value_set_word(p, "other_sets_error",
		       r == -ENODATA ? NULL
		       : r == 1      ? "there are too many sets to ask all"
		       : r < 0       ? strerror(-r)
				     : NULL);
}

static void print_table(const struct value *set)
{
	terminal_text(member(set, "family", ""), 0);
	printf(" ");
	terminal_text(member(set, "table", ""), 0);
}

static void print_name(const struct value *set)
{
	print_table(set);
	printf(" ");
	terminal_text(member(set, "set", ""), 0);
}

static void print_set(const struct value *set, struct str address)
{
	printf("\nAnother nftables %s holds it: ",
	       value_bool(value_get(set, "map"), false) ? "map" : "set");
	print_name(set);
	printf("\n  next: nft get element ");
	print_name(set);
	printf(" '{ ");
	terminal_text(address, 0);
	printf(" }'; its rules: nft list table ");
	print_table(set);
	printf("\n");
}

static void print_sets(const struct value *p)
{
	const struct value *sets = value_get(p, "other_sets");
	char address[ADDR_TEXT_MAX];
	struct addr asked;

	if (!one_address(p, &asked)) {
		return;
	}
	addr_format(&asked, address);
	for (size_t i = 0; i < value_length(sets); i++) {
		print_set(value_at(sets, i), str_of(address));
	}
	if (member(p, "other_sets_error", "").n) {
		printf("\nWhether another nftables set holds it was not looked up (");
		terminal_text(member(p, "other_sets_error", ""), 0);
		printf("); next, as root: ipsctl show %s\n", address);
	}
}

static void print_server(const struct value *events)
{
	for (size_t i = 0; i < value_length(events); i++) {
		const struct value *e = value_at(events, i);
		bool verdict = str_eq(member(e, "type", ""), STR("ids-verdict"));
		char local[32] = "";
		instant t;

		if (!verdict && !str_eq(member(e, "type", ""), STR("refused"))) {
			continue;
		}
		if (member_instant(e, "time", &t)) {
			terminal_local_time(t, local);
		}
		printf("\nThe server itself %s it, at %s (", verdict ? "banned" : "refused", local);
		terminal_text(member(e, "filter", ""), 40);
		printf("); ipsd cannot lift that.\n");
		return;
	}
}

void show_others(const struct value *p)
{
	print_server(value_get(p, "events"));
	print_sets(p);
}
