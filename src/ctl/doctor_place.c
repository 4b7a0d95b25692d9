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
			"a network namespace of its own, in which servers listen on %zu sockets",
			servers);
	} else {
		doctor_fine(d, "place",
			    "the host's network namespace; servers listen on %zu sockets", servers);
	}
}

void doctor_place(struct doctor *d)
{
	int64_t own = namespace_of("self"), first = namespace_of("1"),
		theirs = value_int(value_get(d->facts, "network_namespace"), 0);
	CLEANUP(buf_done) struct buf command = { 0 };

	if (theirs && theirs != own) {
		buf_printf(&command, "nsenter -n -t %lld ipsctl doctor",
			   (long long)value_int(value_get(d->facts, "pid"), 0));
		doctor_unseen(
			d, "place", buf_text(&command),
			"ipsd is in another network namespace than this ipsctl: what is said of nftables, conntrack and interfaces holds for here");
		return;
	}
	judge_place(d, (first && first != own) || is_inside(), listeners_count());
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
