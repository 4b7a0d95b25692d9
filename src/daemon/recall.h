/* SPDX-License-Identifier: MIT */
#pragma once
/* recall.h - what did ipsd know when it ended?
 *
 * At the start, before any line is read: never-block by hand, logins, bans, scores. Tells the
 * service manager how far it is. -EBADMSG: a part of the database could not be read; what could be
 * is there. Other failures: store_error() says. */
#include "daemon/daemon.h"

/* What people put on never-block. */
NODISCARD int recall_never(struct daemon *d);
/* That, and all the rest. */
NODISCARD int recall_state(struct daemon *d);
