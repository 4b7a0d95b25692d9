/* SPDX-License-Identifier: MIT */
#pragma once
/* damage.h - what if the database turns out to be damaged while ipsd runs?
 *
 * It is set aside, and a fresh one begins with what is known: the bans that run, never-block, the
 * mode, how far everything was read, and what waited. What happened before, and so the scores of
 * before after a restart, stays in the one that was set aside. */
#include "daemon/daemon.h"

/* Looks, and does it. -ENOMEM; what wheel_apply() gave. A fresh one that cannot be made is told
 * like any trouble of writing, and tried again. */
NODISCARD int damage_mend(struct daemon *d);
