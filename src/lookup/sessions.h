/* SPDX-License-Identifier: MIT */
#pragma once
/* sessions.h - from where is someone logged in just now, by what logind knows? */
#include "lookup/facts.h"

/* Adds each remote session whose host is an address, as "session of root". Without logind there is
 * none. */
NODISCARD int sessions_find(struct facts *ret);
