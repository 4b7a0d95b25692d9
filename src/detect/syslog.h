/* SPDX-License-Identifier: MIT */
#pragma once
/* syslog.h - which program wrote this line, when, and what did it say?
 *
 * Takes off the head that a syslog daemon put before what a program said, and only that: the first
 * bytes of the line decide, the message is not looked at for a head. Known are
 *
 *   [<PRI>]STAMP [HOST ]PROGRAM[PID]: MESSAGE      RFC 3164, rsyslog, journalctl -o short...
 *   [<PRI>][HOST ]PROGRAM[PID]: MESSAGE            the same without a stamp
 *   <PRI>1 STAMP HOST PROGRAM PID MSGID SD MESSAGE RFC 5424
 *
 * [PID] may be missing. A message "message repeated N times: [ TEXT]" is TEXT, N times. Pure,
 * allocates nothing. */
#include "detect/stamp.h"

enum { SYSLOG_PROGRAM_MAX = 128, SYSLOG_HOST_MAX = 255, SYSLOG_COUNT_MAX = 1000 };

/* What the line said; the texts are pieces of it. */
struct syslog_line {
	struct str stamp;   /* empty: it has none */
	struct str program; /* "postfix/smtpd" */
	struct str message;
	uint16_t count; /* how many times, 1..SYSLOG_COUNT_MAX */
};

/* `format`: of stamps in the form of RFC 3164 (RFC 5424 has its own). False: there is no such head,
 * *ret is untouched. */
bool syslog_read(struct str line, const struct stamp_format *format, struct syslog_line *ret);
