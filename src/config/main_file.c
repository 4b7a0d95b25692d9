/* SPDX-License-Identifier: MIT */
/* main_file.c - what does ipsd.conf say?
 *
 * Everything has a default, so an empty file is read like any other. [defaults] is read here only
 * to find what is wrong with it; jails ask it again, key by key, when they leave one out. */
#include "config/main_file.h"

#include <errno.h>

#include "base/hostname.h"
#include "config/reader.h"
#include "config/reader_one.h"
#include "config/schema.h"

static const char *const SECTIONS[] = { "ipsd", "ports", "never-block", "geo", "nft" };

/* RFC 1918, loopback, link-local, unique local. */
static const char *const PRIVATE[] = {
	"10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8",
	"169.254.0.0/16", "::1/128",       "fe80::/10",      "fc00::/7",
};

static void tell_bad_port(const struct spec_text *word, int e, const struct port_groups *groups,
			  struct reader *r)
{
	struct str similar = ports_similar(word->text, groups);

	if (e == -ENOSPC) {
		diag_add(r->diag, DIAG_ERROR, &word->at, "more than %d ranges of ports",
			 SCOPE_RANGES_MAX);
	} else if (e == -ERANGE) {
		diag_add(r->diag, DIAG_ERROR, &word->at,
			 "\"%.*s\" is no port: ports go from 1 to 65535, ranges from low to high",
			 STR_ARG(word->text));
	} else {
		diag_add(r->diag, DIAG_ERROR, &word->at, "\"%.*s\" is no port%s%s%.*s%s",
			 STR_ARG(word->text), groups ? " and no group of ports" : "",
			 similar.n > 0 ? "; did you mean " : "", STR_ARG(similar),
			 similar.n > 0 ? "?" : "");
	}
}

bool main_file_ports(const struct spec_texts *words, const struct port_groups *groups,
		     struct reader *r, struct port_list *ret)
{
	bool good = true;

	for (size_t i = 0; i < words->n; i++) {
		int e = ports_add(ret, words->at[i].text, groups);

		if (e < 0) {
			tell_bad_port(&words->at[i], e, groups, r);
			good = false;
		}
	}
	return good;
}

static void add_group(struct main_file *m, struct str name, const struct spec_texts *words,
		      struct reader *r)
{
	struct port_group *group = &m->groups.at[m->groups.n];

	group->name = name;
	if (main_file_ports(words, NULL, r, &group->list)) {
		m->groups.n++;
	}
}

/* A group that the admin made: its name may not have a meaning of its own. */
static void read_group(struct main_file *m, const struct setting *s, struct reader *r)
{
	static const struct reader_rule rule = { .kind = READ_WORDS };
	struct diag_place at = setting_place(s, s->n);
	struct spec_texts words = { .n = 0 };

	if (!reader_one_is_name(s->key) || (s->key.p[0] >= '0' && s->key.p[0] <= '9') ||
	    ports_is_name(s->key) || str_eq(s->key, STR("all"))) {
		diag_add(r->diag, DIAG_ERROR, &at,
			 "is no name for a group: small letters, digits and dashes, and no port's "
			 "name");
	} else if (m->groups.n == PORT_GROUPS_MAX) {
		diag_add(r->diag, DIAG_ERROR, &at, "there are more than %d groups",
			 PORT_GROUPS_MAX);
	} else if (schema_is_set(s) && reader_read(r, &rule, s, &words)) {
		add_group(m, s->key, &words, r);
	}
}

static void read_groups(struct main_file *m, const struct section *ports, struct reader *r)
{
	add_group(m, STR("mail"), &m->values.mail_ports, r);
	add_group(m, STR("web"), &m->values.web_ports, r);
	for (const struct setting *s = ports ? ports->first : NULL; s; s = s->next) {
		if (!str_eq(s->key, STR("mail")) && !str_eq(s->key, STR("web"))) {
			read_group(m, s, r);
		}
	}
}

static void check_prefixes(const struct main_file *m, const struct section *ipsd, struct reader *r)
{
	const struct setting *s = section_setting(ipsd, STR("network-prefix-v6"));
	struct diag_place at;

	if (m->values.network_v6 <= m->values.host_v6) {
		return;
	}
	s = s ? s : section_setting(ipsd, STR("ipv6-host-prefix"));
	if (s) {
		at = setting_place(s, 0);
		diag_add(r->diag, DIAG_ERROR, &at,
			 "a network of /%llu would be smaller than one subject, which is a /%llu",
			 (unsigned long long)m->values.network_v6,
			 (unsigned long long)m->values.host_v6);
	}
}

static void check_hosts(const struct main_file *m, struct reader *r)
{
	for (size_t i = 0; i < m->values.hosts.n; i++) {
		const struct spec_text *host = &m->values.hosts.at[i];
		struct prefix p;

		if (!hostname_is_entry(host->text)) {
			diag_add(r->diag, DIAG_ERROR, &host->at, "\"%.*s\" is no host name%s",
				 STR_ARG(host->text),
				 prefix_parse(host->text, &p) != -EINVAL
					 ? "; addresses and networks belong to addresses"
					 : " and no mx:DOMAIN");
		}
	}
}

static void read_defaults(const struct document *d, struct main_file *m, struct reader *r)
{
	const struct section *s = document_section(d, STR("defaults"));
	const struct schema_source from = { .kind = CONFIG_JAIL, .name = "jail", .section = s };
	size_t before = diag_count(r->diag, DIAG_ERROR);
	struct jail_values values = { .window = { 0 } };
	struct port_list ports = { .n = 0 };

	if (!s) {
		return;
	}
	schema_read(&from, r, &values);
	(void)main_file_ports(&values.ports, &m->groups, r, &ports);
	if (diag_count(r->diag, DIAG_ERROR) == before) {
		m->defaults = s;
	}
}

void main_file_read(const struct document *d, struct reader *r, struct main_file *ret)
{
	schema_check(d, CONFIG_MAIN, r);
	for (size_t i = 0; i < ARRAY_SIZE(SECTIONS); i++) {
		const struct schema_source from = {
			.kind = CONFIG_MAIN,
			.name = SECTIONS[i],
			.section = document_section(d, str_of(SECTIONS[i])),
		};

		schema_read(&from, r, &ret->values);
	}
	read_groups(ret, document_section(d, STR("ports")), r);
	check_hosts(ret, r);
	check_prefixes(ret, document_section(d, STR("ipsd")), r);
	read_defaults(d, ret, r);
}

static int add_never_block(const struct main_file *m, struct reader *r, struct netset *set)
{
	const struct networks *own = &m->values.never_block;
	int e = 0;

	for (size_t i = 0; i < own->n && e == 0; i++) {
		e = netset_add(set, &own->at[i].prefix, own->at[i].at.line);
		if (own->at[i].prefix.len == 0) {
			diag_add(r->diag, DIAG_WARNING, &own->at[i].at,
				 "covers every address, so nobody will ever be banned");
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(PRIVATE) && m->values.private_networks && e == 0; i++) {
		struct prefix p;

		e = prefix_parse(str_of(PRIVATE[i]), &p);
		e = e < 0 ? e : netset_add(set, &p, 0);
	}
	return e;
}

static int replace_never_block(const struct main_file *m, struct reader *r, struct ruleset *rules)
{
	CLEANUP(netset_freep) struct netset *set = netset_new();
	int e = set ? add_never_block(m, r, set) : -ENOMEM;

	if (e < 0) {
		return e;
	}
	netset_seal(set);
	if (m->values.never_block.n > 0) {
		rules->never_file = arena_str(rules->arena, m->values.never_block.at[0].at.file);
		if (!rules->never_file.p) {
			return -ENOMEM;
		}
	}
	netset_free(rules->never_block);
	rules->never_block = TAKE(set);
	return 0;
}

static int apply_hosts(const struct main_file *m, struct reader *r,
		       struct config_settings *settings)
{
	const struct spec_texts *hosts = &m->values.hosts;
	struct str *names = arena_alloc(r->arena, hosts->n, sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; names && i < hosts->n; i++) {
		if (hostname_is_entry(hosts->at[i].text)) {
			names[n] = arena_str(r->arena, hosts->at[i].text);
			if (!names[n++].p) {
				return -ENOMEM;
			}
		}
	}
	settings->never_hosts = names;
	settings->n_never_hosts = n;
	return names ? 0 : -ENOMEM;
}

int main_file_apply(const struct main_file *m, struct reader *r, struct config_settings *settings,
		    struct ruleset *rules)
{
	const struct main_values *v = &m->values;

	settings->observe = v->mode == JAIL_OBSERVE;
	settings->read_any_log = v->read_any_log;
	settings->nft_table = v->nft_table.text;
	settings->nft_both = v->nft_direction == DIRECTION_BOTH;
	settings->nft_cuts = v->cut_connections;
	settings->nft_counters = v->nft_counters == COUNTERS_YES;
	settings->nft_counters_auto = v->nft_counters == COUNTERS_AUTO;
	settings->geo_database = v->geo_database.text;
	settings->retention = v->retention.span;
	settings->retention_events = v->retention.events;
	settings->first_read = (enum first_read)v->first_read;
	rules->host_v6 = (uint8_t)v->host_v6;
	rules->network_v4 = (uint8_t)v->network_v4;
	rules->network_v6 = (uint8_t)v->network_v6;
	rules->max_subjects = (uint32_t)v->max_subjects;
	rules->observe = settings->observe;
	settings->never_own = v->own_addresses;
	settings->never_resolvers = v->resolvers;
	settings->never_gateways = v->gateways;
	settings->never_ssh_peers = v->ssh_peers;
	if (apply_hosts(m, r, settings) < 0) {
		return -ENOMEM;
	}
	return replace_never_block(m, r, rules);
}
