/* SPDX-License-Identifier: MIT */
/* geo_none.c - geo.h where libmaxminddb is not there. */
#include <errno.h>
#include <stddef.h>

#include "lookup/geo.h"

int geo_open(const char *path, struct geo **ret)
{
	(void)path;
	(void)ret;
	return -ENOTSUP;
}

struct geo *geo_free(struct geo *g)
{
	(void)g;
	return NULL;
}

bool geo_is_current(const struct geo *g)
{
	(void)g;
	return true;
}

/* The other geo_country() writes there. NOLINTNEXTLINE(readability-non-const-parameter) */
const char *geo_country(const struct geo *g, const struct addr *addr, char ret[static GEO_TEXT_MAX])
{
	(void)g;
	(void)addr;
	(void)ret;
	return NULL;
}
