/* SPDX-License-Identifier: MIT */
/* libmaxminddb maps the file that it is given, and whoever cuts a mapped file short kills its
 * readers (SIGBUS). So it is given a copy of our own, in memory, that nobody else can write to. */
#include "lookup/geo.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <maxminddb.h>

#include "sys/files.h"

struct geo {
	char *path;
	struct stat stat;
	bool opened;
	MMDB_s db;
};

/* Where the code stands: MaxMind, DB-IP; IPinfo; and where MaxMind knows only who registered it. */
static const char *const places[][3] = {
	{ "country", "iso_code" },
	{ "country_code" },
	{ "country" },
	{ "registered_country", "iso_code" },
};

static int write_all(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		bytes = str_slice(bytes, n < 0 ? 0 : (size_t)n, bytes.n);
	}
	return 0;
}

static int open_copy(struct geo *g, struct str bytes)
{
	CLEANUP(fd_close) int fd = memfd_create("geo", MFD_CLOEXEC);
	char name[64];
	int r;

	if (fd < 0) {
		return -errno;
	}
	r = write_all(fd, bytes);
	if (r < 0) {
		return r;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	r = MMDB_open(name, MMDB_MODE_MMAP, &g->db);
	g->opened = r == MMDB_SUCCESS;
	return g->opened ? 0 : r == MMDB_OUT_OF_MEMORY_ERROR ? -ENOMEM : -EBADMSG;
}

int geo_open(const char *path, struct geo **ret)
{
	CLEANUP(geo_freep) struct geo *g = calloc(1, sizeof(*g));
	CLEANUP(buf_done) struct buf bytes = { 0 };
	int r;

	if (!g || !(g->path = strdup(path))) {
		return -ENOMEM;
	}
	if (stat(path, &g->stat) < 0) {
		return -errno;
	}
	r = files_read(path, GEO_FILE_MAX, &bytes);
	if (r >= 0) {
		r = open_copy(g, buf_str(&bytes));
	}
	if (r < 0) {
		return r;
	}
	*ret = TAKE(g);
	return 0;
}

struct geo *geo_free(struct geo *g)
{
	if (g) {
		if (g->opened) {
			MMDB_close(&g->db);
		}
		free(g->path);
		free(g);
	}
	return NULL;
}

bool geo_is_current(const struct geo *g)
{
	const struct stat *was = &g->stat;
	struct stat is;

	return stat(g->path, &is) == 0 && is.st_dev == was->st_dev && is.st_ino == was->st_ino &&
	       is.st_size == was->st_size && is.st_mtim.tv_sec == was->st_mtim.tv_sec &&
	       is.st_mtim.tv_nsec == was->st_mtim.tv_nsec;
}

static bool is_letter(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool take_code(MMDB_entry_s *entry, const char *const *place, char ret[static GEO_TEXT_MAX])
{
	MMDB_entry_data_s data;

	if (MMDB_aget_value(entry, &data, place) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size != 2 ||
	    !is_letter(data.utf8_string[0]) || !is_letter(data.utf8_string[1])) {
		return false;
	}
	ret[0] = data.utf8_string[0];
	ret[1] = data.utf8_string[1];
	ret[2] = '\0';
	return true;
}

static MMDB_lookup_result_s look_up(const struct geo *g, const struct addr *addr, int *ret_error)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (addr->family == 4) {
		memcpy(&in.sin_addr, addr->bytes, sizeof(in.sin_addr));
		return MMDB_lookup_sockaddr(&g->db, (const struct sockaddr *)&in, ret_error);
	}
	memcpy(&in6.sin6_addr, addr->bytes, sizeof(in6.sin6_addr));
	return MMDB_lookup_sockaddr(&g->db, (const struct sockaddr *)&in6, ret_error);
}

const char *geo_country(const struct geo *g, const struct addr *addr, char ret[static GEO_TEXT_MAX])
{
	int error = MMDB_SUCCESS;
	MMDB_lookup_result_s found = look_up(g, addr, &error);

	if (error != MMDB_SUCCESS || !found.found_entry) {
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (take_code(&found.entry, places[i], ret)) {
			return ret;
		}
	}
	return NULL;
}
