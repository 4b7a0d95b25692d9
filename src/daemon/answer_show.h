/* SPDX-License-Identifier: MIT */
#pragma once
/* answer_show.h - what the two forms of Show share: of an address or prefix, and of an account. */
#include "daemon/call.h"

enum {
	SHOW_SLICE = 5000,       /* events that one step looks at */
	SHOW_SCAN_MAX = 1000000, /* that are looked at in all, from the newest */
};

/* `name` is part of the request. */
enum call_next answer_show_account(struct call *call, struct str name);
