/* SPDX-License-Identifier: MIT */
#include "daemon/countries.h"

#include <errno.h>
#include <string.h>

#include "lookup/geo.h"
#include "sys/clock.h"

/* Where geoipupdate and the packages of distributions put them. */
static const char *const usual[] = {
	"/var/lib/GeoIP/GeoLite2-Country.mmdb",  "/usr/share/GeoIP/GeoLite2-Country.mmdb",
	"/var/lib/GeoIP/GeoLite2-City.mmdb",     "/usr/share/GeoIP/GeoLite2-City.mmdb",
	"/var/lib/GeoIP/dbip-country-lite.mmdb", "/usr/share/GeoIP/dbip-country-lite.mmdb",
	"/usr/share/GeoIP/GeoIP2-Country.mmdb",
};

static const duration look_every = { .us = 10000000 };

static void open_named(struct daemon *d, struct str path)
{
	CLEANUP(buf_done) struct buf name = { 0 };
	int r;

	buf_add_str(&name, path);
	r = buf_ok(&name) < 0 ? -ENOMEM : geo_open(buf_text(&name), &d->geo);
	if (r < 0 && r != d->geo_error) {
		log_warning("[geo] database = %s cannot be used: %s; countries are not told",
			    buf_text(&name),
			    r == -EBADMSG   ? "it is no database in MaxMind's format"
			    : r == -ENOTSUP ? "ipsd was built without libmaxminddb"
					    : strerror(-r));
	}
	d->geo_error = r;
}

static void open_usual(struct daemon *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		if (geo_open(usual[i], &d->geo) == 0) {
			log_info("countries are told from %s", usual[i]);
			return;
		}
	}
}

static void open_again(struct daemon *d)
{
	struct str named = d->config->settings.geo_database;

	d->geo_at = clock_now();
	d->geo = geo_free(d->geo);
	if (named.n) {
		open_named(d, named);
	} else {
		open_usual(d);
	}
}

void countries_open(struct daemon *d)
{
	d->geo_error = 0;
	open_again(d);
}

const char *countries_find(struct daemon *d, const struct addr *addr, instant now,
			   char ret[static 3])
{
	if (now.us >= instant_add(d->geo_at, look_every).us) {
		d->geo_at = now;
		if (!d->geo || !geo_is_current(d->geo)) {
			open_again(d);
		}
	}
	return d->geo && addr->family ? geo_country(d->geo, addr, ret) : NULL;
}

void countries_close(struct daemon *d)
{
	d->geo = geo_free(d->geo);
}
