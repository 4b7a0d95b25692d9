/* SPDX-License-Identifier: MIT */
#pragma once
/* rights.h - what does the daemon give up before it reads a byte that strangers wrote? */
#include "daemon/daemon.h"

/* Becomes the user, keeps no capability (but the one of read-any-log), and seals the process: it
 * writes below the state directory only, and starts no program. <0: it said why, and must not go
 * on. */
NODISCARD int rights_give_up(const struct daemon *d, const struct sandbox_user *user);
