/* SPDX-License-Identifier: MIT */
#pragma once
/* doctor.h - what makes bans void on this host?
 *
 * Each check looks at one thing and says what came of it by one of the three calls below; a check
 * that cannot look says so and never keeps silent. All texts are copied, and escaped when they are
 * printed. */
#include "config/config.h"
#include "ctl/ctl.h"

struct doctor {
	const struct ctl *ctl;
	const struct config *config; /* NULL: cannot be read */
	const struct value *status;  /* the daemon's; NULL: it was not asked */
	const struct value *facts;   /* what only it knows: the answer of Doctor; NULL */
	const char *ask;             /* what to type so that it can be asked */
	bool may;                    /* we have CAP_NET_ADMIN */
	struct value *findings, *fine, *unseen;
};

/* What to do: a sentence, and the command to type. */
struct remedy {
	const char *advice, *command;
};

/* Something makes bans void, or some of them. `check` is a word. */
void doctor_find(struct doctor *d, const char *check, struct remedy remedy, const char *fmt, ...)
	PRINTF(4, 5);
/* It was looked at and is well. */
void doctor_fine(struct doctor *d, const char *check, const char *fmt, ...) PRINTF(3, 4);
/* It could not be looked at, and why; `command` may help. */
void doctor_unseen(struct doctor *d, const char *check, const char *command, const char *fmt, ...)
	PRINTF(4, 5);

/* doctor_daemon.c: what the daemon itself finds. */
void doctor_daemon(struct doctor *d);
/* doctor_kernel.c: does the kernel take our table, and does its connection tracker work? */
void doctor_table(struct doctor *d);
void doctor_conntrack(struct doctor *d);
/* doctor_paths.c: which packets go past our rules? */
void doctor_interfaces(struct doctor *d);
void doctor_tables(struct doctor *d);
/* doctor_place.c: where is ipsd, and who may ask it? */
void doctor_place(struct doctor *d);
void doctor_socket(struct doctor *d);
/* doctor_others.c: who else blocks? */
void doctor_sets(struct doctor *d);
void doctor_programs(struct doctor *d);
/* doctor_logs.c: what comes of the logs, and from where events come. */
void doctor_readings(struct doctor *d);
void doctor_zones(struct doctor *d);
void doctor_events(struct doctor *d);
/* doctor_lost.c: which lines never came? */
void doctor_journal(struct doctor *d);
void doctor_syslog(struct doctor *d);
/* doctor_host.c: clock, disk. */
void doctor_clock(struct doctor *d);
void doctor_disk(struct doctor *d);
