/* SPDX-License-Identifier: MIT */
#pragma once
/* geo.h - in which country is this address?
 *
 * Asks a database in MaxMind's format. The only door to libmaxminddb; without that library (meson
 * -Dgeo=disabled) geo_open() gives -ENOTSUP and there is no database ever. Nothing in the file is
 * believed: a damaged or hostile one gives wrong or no answers, nothing worse. */
#include "base/addr.h"

struct geo;

enum { GEO_TEXT_MAX = 3, GEO_FILE_MAX = 256 * 1024 * 1024 };

/* Reads the whole file. -EBADMSG: no such database. -EFBIG: over GEO_FILE_MAX. -ENOTSUP. Other
 * negative errno of reading it. */
NODISCARD int geo_open(const char *path, struct geo **ret);
struct geo *geo_free(struct geo *g);
DEFINE_FREEP(struct geo, geo_free)
/* Does the path still name the file that was read, unchanged? */
bool geo_is_current(const struct geo *g);
/* Two capital letters of ISO 3166, NUL-terminated; NULL: not known. */
const char *geo_country(const struct geo *g, const struct addr *addr,
			char ret[static GEO_TEXT_MAX]);
