/* SPDX-License-Identifier: MIT */
#pragma once
/* control.h - the control socket: who asks what?
 *
 * Varlink over a Unix stream socket: one JSON object a message, ended by NUL. Calls of one
 * connection are answered one after the other; connections do not wait for each other. A client
 * that does not read its answers costs at most one reply of memory. */
#include "daemon/daemon.h"

enum { CONTROL_CONNECTIONS_MAX = 64 };

NODISCARD int control_start(struct daemon *d, int listen_fd, struct control **ret);
struct control *control_free(struct control *c);
DEFINE_FREEP(struct control, control_free)
/* The kernel's answer to a call's enforcer_ask(). */
void control_answer(struct control *c, uint64_t cookie, const struct enforcer_answer *answer);
/* An element that nobody had wished was taken out of the kernel. */
void control_taken_out(struct control *c, const struct prefix *prefix, uint16_t scope);
/* Tells those who follow. */
void control_decided(struct control *c, const struct decision *decision);
/* Something moved that calls may wait for: fates of wishes, new events. */
void control_progress(struct control *c);
