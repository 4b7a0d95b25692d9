/* SPDX-License-Identifier: MIT */
#pragma once
/* learning_hosts.h - the host names on never-block, from ipsd.conf and by hand: asked for by the
 * resolver, told to the engine as addresses.
 *
 * Part of learning.h, which calls it. */
#include "daemon/learnt.h"

struct learning_hosts;

/* Forks the resolver. */
NODISCARD int learning_hosts_start(const struct sandbox_user *user, struct learning_hosts **ret);
struct learning_hosts *learning_hosts_free(struct learning_hosts *l);
/* With a store and a loop: what was known before. */
NODISCARD int learning_hosts_begin(struct daemon *d, struct learning_hosts *l);
/* Says anew which names there are. */
NODISCARD int learning_hosts_collect(struct daemon *d, struct learning_hosts *l);
/* Asks for what is due; tells the engine what has changed. */
NODISCARD int learning_hosts_turn(struct daemon *d, struct learning_hosts *l, instant now);
instant learning_hosts_deadline(const struct learning_hosts *l);
void learning_hosts_findings(const struct learning_hosts *l, learnt_finding_fn add, void *arg);
