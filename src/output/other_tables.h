/* SPDX-License-Identifier: MIT */
#pragma once
/* other_tables.h - what else stands in nftables: tables and flowtables of other programs?
 *
 * Names only; what comes or goes meanwhile may be missed. Needs CAP_NET_ADMIN in the network
 * namespace that the process is in. Not for two calls at once. */
#include "base/attr.h"

struct other_table {
	const char *family, *table; /* live as long as the call back */
	const char *flowtable;      /* NULL: the table itself */
};

/* Calls back with each table, then with each flowtable. -EPERM: no right; -ENOTSUP: no nf_tables.
 */
NODISCARD int other_tables_list(void (*fn)(void *arg, const struct other_table *table), void *arg);
