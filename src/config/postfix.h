/* SPDX-License-Identifier: MIT */
#pragma once
/* postfix.h - whom does the Postfix of this host trust, by its main.cf?
 *
 * `relayhost` and `mynetworks`, as far as they stand there in so many words: what a `$name`, a file
 * or a table would bring is left out. Of a parameter given twice the last counts, as in Postfix.
 * Pure. */
#include "base/addr.h"
#include "base/buf.h"

struct postfix_value {
	struct buf text; /* continued lines in one */
	unsigned line;   /* where it begins; 0: it is not given */
};

struct postfix {
	struct postfix_value relayhost, mynetworks;
};

/* -ENOMEM. *ret is to be postfix_done() in any case. */
NODISCARD int postfix_parse(struct str main_cf, struct postfix *ret);
void postfix_done(struct postfix *p);
/* Takes the next destination off `*rest`, without its port. *ret_mx: no brackets are around it, so
 * the hosts that take its mail are meant. False: there is none. */
bool postfix_destination(struct str *rest, struct str *ret, bool *ret_mx);
/* Takes the next network off `*rest`; host bits that are set are cleared. False: there is none. */
bool postfix_network(struct str *rest, struct prefix *ret);
