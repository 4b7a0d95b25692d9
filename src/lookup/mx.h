/* SPDX-License-Identifier: MIT */
#pragma once
/* mx.h - which hosts take a domain's mail, by what a name server has sent?
 *
 * The bytes are hostile. Pure, allocates nothing. */
#include "base/attr.h"
#include "base/str.h"

enum { MX_MAX = 16, MX_NAME_MAX = 256 };

struct mx_hosts {
	size_t n;
	char at[MX_MAX][MX_NAME_MAX]; /* in the order of the message; "." (no mail at all) is left
					 out */
};

/* Adds the hosts of the message's MX records; of more than MX_MAX the first. 1: it has at least one
 * MX record; 0: none. -EBADMSG. */
NODISCARD int mx_parse(const void *bytes, size_t n, struct mx_hosts *ret);
