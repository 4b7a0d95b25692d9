/* SPDX-License-Identifier: MIT */
/* Where ipsd is: a network namespace of its own sees the packets of no other, and what it blocks
 * there nobody feels. That is well where the servers run in it, too. Who may ask it is the other
 * thing that its place decides. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/doctor.h"
#include "ctl/terminal.h"
#include "lookup/links.h"
#include "lookup/listeners.h"

/* The number of the network namespace of a process; 0: nobody may know. */
static int64_t namespace_of(const char *process)
{
	CLEANUP(buf_done) struct buf path = { 0 };
	struct stat st;

	buf_printf(&path, "/proc/%s/ns/net", process);
	return stat(buf_text(&path), &st) < 0 ? 0 : (int64_t)st.st_ino;
}

/* Does every cable lead into another network namespace, as those of containers do? */
static bool is_inside(void)
{
	static struct links links;
	size_t n = 0;

	if (links_list(&links) < 0) {
		return false;
	}
	for (size_t i = 0; i < links.n; i++) {
		const struct link *link = &links.at[i];

		if (!link->loopback && link->up && !link->elsewhere) {
			return false;
		}
		n += link->elsewhere;
	}
	return n > 0;
}

static void judge_place(struct doctor *d, bool inside, size_t servers)
{
	if (inside && !servers) {
		doctor_find(
			d, "place",
			(struct remedy){
				"run it in the host's (podman, docker: --network host), or where the servers are",
				"ip -d link; ss -lnt" },
			"ipsd is in a network namespace of its own, a container's, in which no server listens: packets for others do not pass its rules");
	} else if (inside) {
		doctor_fine(
			d, "place",
			"a network namespace of its own, in which servers listen on %zu socket%s",
			servers, str_plural(servers));
	} else {
		doctor_fine(d, "place",
			    "the host's network namespace; servers listen on %zu socket%s", servers,
			    str_plural(servers));
	}
}

/* ---- the ports of the jails ---- */

/* Does the daemon have somebody in sight for this jail? */
static bool is_busy(const struct doctor *d, struct str jail)
{
	const struct value *jails = value_get(d->status, "jails");

	for (size_t i = 0; i < value_length(jails); i++) {
		const struct value *row = value_at(jails, i);

		if (str_eq(member(row, "name", ""), jail)) {
			return value_int(value_get(row, "subjects"), 0) > 0 ||
			       value_int(value_get(row, "bans"), 0) > 0;
		}
	}
	return false;
}

/* Has the scope TCP ports, and does nobody listen to any of them? */
static bool is_deserted(const struct scope *scope, const struct listeners *listeners)
{
	bool tcp = false;

	for (size_t i = 0; i < scope->n_ranges; i++) {
		const struct port_range *range = &scope->ranges[i];

		if (range->proto == PROTO_TCP) {
			tcp = true;
			if (listeners_has(listeners, range->low, range->high)) {
				return false;
			}
		}
	}
	return tcp;
}

/* A jail that blocks ports at which nobody listens blocks nobody, if its server listens at others.
 */
static void check_ports(struct doctor *d, const struct listeners *listeners)
{
	const struct ruleset *rules = d->config ? d->config->ruleset : NULL;

	for (size_t i = 0; rules && listeners->n && i < rules->n_jails; i++) {
		const struct scope *scope = &rules->scopes[rules->jails[i].scope];
		CLEANUP(buf_done) struct buf command = { 0 };

		if (!is_busy(d, rules->jails[i].name) || !is_deserted(scope, listeners)) {
			continue;
		}
		buf_printf(&command, "ss -lntp; ipsctl cat jail %.*s",
			   STR_ARG(rules->jails[i].name));
		doctor_find(
			d, "ports",
			(struct remedy){
				"if its server listens at others, whom it blocks goes on there: set `ports` of the jail, or `all`",
				buf_text(&command) },
			"jail %.*s blocks the ports %.*s, and no server listens at any of them here",
			STR_ARG(rules->jails[i].name), STR_ARG(scope->label));
	}
}

void doctor_place(struct doctor *d)
{
	int64_t own = namespace_of("self"), first = namespace_of("1"),
		theirs = value_int(value_get(d->facts, "network_namespace"), 0);
	CLEANUP(buf_done) struct buf command = { 0 };
	static struct listeners listeners;

	if (theirs && theirs != own) {
		buf_printf(&command, "nsenter -n -t %lld ipsctl doctor",
			   (long long)value_int(value_get(d->facts, "pid"), 0));
		doctor_unseen(
			d, "place", buf_text(&command),
			"ipsd is in another network namespace than this ipsctl: what is said of nftables, conntrack and interfaces holds for here");
		return;
	}
	listeners_look(&listeners);
	judge_place(d, (first && first != own) || is_inside(), listeners.n);
	check_ports(d, &listeners);
}

/* ---- who may ask ---- */

static bool is_ipsd_group(unsigned gid)
{
	const struct group *group = getgrnam("ipsd"); /* NOLINT(concurrency-mt-unsafe) */

	return gid == 0 || (group && group->gr_gid == gid);
}

void doctor_socket(struct doctor *d)
{
	CLEANUP(buf_done) struct buf path = { 0 }, command = { 0 };
	struct stat st;

	buf_printf(&path, "%s/control", d->ctl->runtime_dir);
	if (stat(buf_text(&path), &st) < 0) {
		return;
	}
	buf_printf(&command, "chown root:ipsd %s; chmod 660 %s", buf_text(&path), buf_text(&path));
	if (st.st_mode & (S_IROTH | S_IWOTH)) {
		doctor_find(d, "socket",
			    (struct remedy){ "whoever asks may also unban", buf_text(&command) },
			    "everybody on this host may ask ipsd at %s (mode %03o)",
			    buf_text(&path), st.st_mode & 0777U);
	} else if (!is_ipsd_group(st.st_gid) && (st.st_mode & S_IWGRP)) {
		doctor_find(d, "socket",
			    (struct remedy){ "whoever asks may also unban", buf_text(&command) },
			    "group %u may ask ipsd at %s, not the group ipsd", (unsigned)st.st_gid,
			    buf_text(&path));
	} else {
		doctor_fine(d, "socket", "only root and its group may ask at %s", buf_text(&path));
	}
}
