/* SPDX-License-Identifier: MIT */
/* check_postfix.c - a relay that is banned is mail that does not arrive.
 *
 * What was put on never-block by hand, and what the daemon has learnt of host names, is known to
 * the daemon alone; a note too many names a line that does no harm. */
#include "ctl/check_postfix.h"

#include <stdlib.h>

#include "base/hostname.h"
#include "config/postfix.h"
#include "lookup/network.h"
#include "sys/files.h"

static const char *main_cf(void)
{
	const char *path = getenv("IPSD_POSTFIX_MAIN_CF"); /* NOLINT(concurrency-mt-unsafe) */

	return path ? path : "/etc/postfix/main.cf";
}

static bool is_own(const struct config *config, const struct prefix *p)
{
	static struct facts own;

	if (!config->settings.never_own || p->len != addr_bits(&p->addr)) {
		return false;
	}
	if (own.n == 0 && network_own_addresses(&own) < 0) {
		return false;
	}
	for (size_t i = 0; i < own.n; i++) {
		if (addr_eq(&own.at[i].addr, &p->addr)) {
			return true;
		}
	}
	return false;
}

static bool is_spared(const struct config *config, const struct prefix *p)
{
	return netset_covering(config->ruleset->never_block, p, NULL) || is_own(config, p);
}

/* By its name, or by the domain whose mail it takes. */
static bool is_spared_name(const struct config *config, struct str name)
{
	for (size_t i = 0; i < config->settings.n_never_hosts; i++) {
		struct str host = config->settings.never_hosts[i], domain = hostname_mx(host);

		if (str_eq_nocase(domain.n ? domain : host, name)) {
			return true;
		}
	}
	return false;
}

static void check_relay(const struct config *config, const struct diag_place *at, struct str name,
			bool mx, struct diag *diag)
{
	struct prefix p;

	if (prefix_parse(name, &p) == 0) {
		if (!is_spared(config, &p)) {
			diag_add(
				diag, DIAG_NOTE, at,
				"mail goes through %.*s, which is not on never-block; ipsd.conf: [never-block] addresses = %.*s",
				STR_ARG(name), STR_ARG(name));
		}
	} else if (hostname_is_name(name) && !is_spared_name(config, name)) {
		diag_add(
			diag, DIAG_NOTE, at,
			"mail goes through %.*s, which is not on never-block; ipsd.conf: [never-block] hosts = %s%.*s",
			STR_ARG(name), mx ? "mx:" : "", STR_ARG(name));
	}
}

static void check_network(const struct config *config, const struct diag_place *at,
			  const struct prefix *p, struct diag *diag)
{
	char text[PREFIX_TEXT_MAX];

	if (!is_spared(config, p)) {
		(void)prefix_format_short(p, text);
		diag_add(
			diag, DIAG_NOTE, at,
			"Postfix trusts %s, which is not on never-block; ipsd.conf: [never-block] addresses = %s",
			text, text);
	}
}

static void check_values(const struct config *config, const struct postfix *postfix,
			 const char *path, struct diag *diag)
{
	struct diag_place at = { .file = str_of(path), .key = STR("relayhost") };
	struct str rest = buf_str(&postfix->relayhost.text), name;
	struct prefix p;
	bool mx;

	at.line = postfix->relayhost.line;
	while (postfix_destination(&rest, &name, &mx)) {
		check_relay(config, &at, name, mx, diag);
	}
	at.line = postfix->mynetworks.line;
	at.key = STR("mynetworks");
	rest = buf_str(&postfix->mynetworks.text);
	while (postfix_network(&rest, &p)) {
		check_network(config, &at, &p, diag);
	}
}

void check_postfix(const struct config *config, struct diag *diag)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	CLEANUP(postfix_done) struct postfix postfix = { .relayhost = { .line = 0 } };
	const char *path = main_cf();

	if (config->ruleset && files_read(path, CONFIG_FILE_MAX, &text) == 0 &&
	    postfix_parse(buf_str(&text), &postfix) == 0) {
		check_values(config, &postfix, path, diag);
	}
}
