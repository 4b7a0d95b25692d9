/* SPDX-License-Identifier: MIT */
#pragma once
/* answer_show.h - what the two forms of Show share: of an address or prefix, and of an account. */
#include "daemon/call.h"

enum {
	SHOW_SLICE = 5000,       /* events that one step looks at */
	SHOW_SCAN_MAX = 1000000, /* that are looked at in all, from the newest */
};

/* A row of `scores`, of the `n` entries that make it up, as far as they are known. */
struct value *show_score_row(const struct ruleset *rules, const struct jail *jail,
			     const struct engine_score *has, const struct evidence *entries,
			     size_t n);
/* `name` is part of the request. */
enum call_next answer_show_account(struct call *call, struct str name);
