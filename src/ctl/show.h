/* SPDX-License-Identifier: MIT */
#pragma once
/* show.h - what the pages of `show` share. */
#include "ctl/ctl.h"

enum show_kind { SHOW_ADDRESS, SHOW_ACCOUNT, SHOW_HOST };

/* What a person means by a word: an address or prefix when it reads as one; `account:NAME` and
 * `host:NAME` as they say; an account with @ or without a dot; else a host name if there is one,
 * and if not, an account. Of a host name *ret_addresses gets the addresses, each ended by a blank.
 * *ret_word is the word without account: or host:. */
enum show_kind show_what(const char *word, struct str *ret_word, struct buf *ret_addresses);
/* The page of an account. */
void show_account(const struct value *p);
/* A score, what it is made from, and when it falls. */
void show_score(const struct value *score);
/* Adds to the answer what other nftables sets hold the address: `other_sets`, null when not asked
 * (it is blocked, a network, or there is no right), and `other_sets_error`, why. */
void show_find_sets(struct value *p);
/* Who else stops it. */
void show_others(const struct value *p);
/* An event in VPOP3's columns, cut at the terminal's width. `points`: with what it counted;
 * `address`: with whose it is. */
void show_event(const struct value *event, bool points, bool address);
/* "12 x ", for an event that stands for so many; nothing for one. */
void show_times(const struct value *event, struct buf *line);
