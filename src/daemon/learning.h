/* SPDX-License-Identifier: MIT */
#pragma once
/* learning.h - whom does this host itself say must never be banned?
 *
 * The addresses of host names, its own, its name servers, gateways, and those from which someone is
 * logged in: looked for once a minute and when something says that it changed, told to the engine
 * when it did. What is known of names and logins survives a restart. */
#include "daemon/learnt.h"

/* To be called while the rights are still there: forks the resolver. */
NODISCARD int learning_start(struct daemon *d, const struct sandbox_user *user);
/* With an engine, a store and a loop: learns what can be known at once. */
NODISCARD int learning_begin(struct daemon *d);
void learning_stop(struct daemon *d);
/* Logins in the batch. */
void learning_note(struct daemon *d, const struct batch *batch);
/* The rules, or the list of never-block, are others: names are collected anew in this turn. */
void learning_hurry(struct daemon *d);
/* Does what is due. */
NODISCARD int learning_turn(struct daemon *d, instant now);
/* When something is due again. */
instant learning_deadline(const struct daemon *d);
/* Calls `add` for each thing that a person should know. */
void learning_findings(const struct daemon *d, learnt_finding_fn add, void *arg);
