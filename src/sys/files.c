/* SPDX-License-Identifier: MIT */
/* files.c - files as wholes.
 *
 * A config file may be a FIFO (process substitution in a shell) or /dev/null (an emptied drop-in),
 * so those are read, too; a block device or a socket is a mistake. A FIFO is opened without
 * blocking: one that nobody writes to is empty instead of a stand-still.
 *
 * The lock is flock(), which belongs to the open file: children that inherit it would keep it, so
 * it is close-on-exec and the processes that are forked without exec close it with everything else.
 */
#include "sys/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { READ_STEP = 65536 };

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
	errno = saved;
}

bool files_is_full(const char *dir)
{
	const uint64_t least = 65536; /* what SQLite needs to begin with */
	struct statvfs disk;

	return statvfs(dir, &disk) == 0 && disk.f_bavail * disk.f_frsize < least;
}

int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static int64_t read_some(int fd, void *to, size_t n)
{
	ssize_t got;

	do {
		got = read(fd, to, n);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static int open_readable(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int r = 0;

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &st) < 0) {
		r = -errno;
	} else if (S_ISDIR(st.st_mode)) {
		r = -EISDIR;
	} else if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)) {
		r = -EINVAL;
	} else if (!S_ISREG(st.st_mode) && fcntl(fd, F_SETFL, O_RDONLY) < 0) {
		r = -errno;
	}
	if (r < 0) {
		fd_close(&fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int files_read(const char *path, size_t max, struct buf *ret)
{
	int fd CLEANUP(fd_close) = -1;
	size_t before = ret->n;
	int r = open_readable(path, &fd);

	while (r == 0) {
		char *to = buf_reserve(ret, READ_STEP);
		int64_t got = to ? read_some(fd, to, READ_STEP) : -ENOMEM;

		if (got <= 0) {
			r = (int)got;
			break;
		}
		ret->n += (size_t)got;
		if (ret->n - before > max) {
			r = -EFBIG;
		}
	}
	if (r < 0) {
		buf_truncate(ret, before);
	} else {
		buf_add(ret, "", 0); /* the NUL behind the bytes */
		r = buf_ok(ret);
	}
	return r;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

struct list {
	char **at;
	size_t n, cap;
};

static void list_done(struct list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->at[i]);
	}
	free(l->at);
}

static int list_add(struct list *l, const char *name)
{
	if (l->n == l->cap) {
		size_t cap = l->cap > 0 ? l->cap * 2 : 16;
		char **grown = reallocarray(l->at, cap, sizeof(*grown));

		if (!grown) {
			return -ENOMEM;
		}
		l->at = grown;
		l->cap = cap;
	}
	l->at[l->n] = strdup(name);
	if (!l->at[l->n]) {
		return -ENOMEM;
	}
	l->n++;
	return 0;
}

static int list_fill(struct list *l, DIR *dir, const char *suffix)
{
	for (;;) {
		const struct dirent *e;
		int r;

		errno = 0;
		e = readdir(dir);
		if (!e) {
			return -errno;
		}
		if (e->d_name[0] == '.' || !str_has_suffix(str_of(e->d_name), str_of(suffix))) {
			continue;
		}
		r = list_add(l, e->d_name);
		if (r < 0) {
			return r;
		}
	}
}

int files_list(const char *dir, const char *suffix, struct buf *ret)
{
	struct list names CLEANUP(list_done) = { 0 };
	DIR *d = opendir(dir);
	int r;

	if (!d) {
		return -errno;
	}
	r = list_fill(&names, d, suffix);
	(void)closedir(d);
	if (r < 0) {
		return r;
	}
	if (names.n > 0) {
		qsort(names.at, names.n, sizeof(*names.at), compare_names);
	}
	for (size_t i = 0; i < names.n; i++) {
		buf_add(ret, names.at[i], strlen(names.at[i]) + 1);
	}
	return buf_ok(ret);
}

bool files_exist(const char *path)
{
	CLEANUP(buf_done) struct buf names = { 0 }, dir = { 0 };
	const char *slash = strrchr(path, '/');

	if (!slash || !strpbrk(slash, "*?")) {
		return access(path, F_OK) == 0;
	}
	buf_add(&dir, path, (size_t)(slash - path) + 1);
	if (files_list(buf_text(&dir), "", &names) < 0 || buf_ok(&names) < 0) {
		return false;
	}
	for (size_t at = 0; at < names.n; at += strlen(names.p + at) + 1) {
		if (str_glob(str_of(slash + 1), str_of(names.p + at))) {
			return true;
		}
	}
	return false;
}

int files_make_dir(const char *path, unsigned mode, unsigned uid, unsigned gid)
{
	int fd CLEANUP(fd_close) = -1;
	struct stat st;

	if (mkdir(path, 0700) < 0) {
		if (errno != EEXIST) {
			return -errno;
		}
		if (stat(path, &st) < 0) {
			return -errno;
		}
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0) {
		return -errno;
	}
	return 0;
}

int files_lock(const char *path, unsigned uid, unsigned gid, int *ret_fd)
{
	int fd CLEANUP(fd_close) =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, 0600);
	int r;

	if (fd < 0) {
		return -errno;
	}
	do {
		r = flock(fd, LOCK_EX | LOCK_NB);
	} while (r < 0 && errno == EINTR);
	if (r < 0 || (geteuid() == 0 && fchown(fd, uid, gid) < 0)) {
		return -errno;
	}
	*ret_fd = fd_take(&fd);
	return 0;
}

int64_t files_pread(int fd, void *buf, size_t n, uint64_t offset)
{
	ssize_t got;

	if (offset > INT64_MAX) {
		return -EOVERFLOW;
	}
	do {
		got = pread(fd, buf, n, (off_t)offset);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* f_type of statfs(2): NFS, SMB (1, 2), CIFS, FUSE, 9P, Ceph, AFS, Coda, GFS2, OCFS2, Lustre,
 * VirtualBox. */
static bool tells(const struct statfs *fs)
{
	static const uint32_t silent[] = {
		0x00006969, 0x0000517b, 0xfe534d42, 0xff534d42, 0x65735546, 0x01021997, 0x00c36400,
		0x5346414f, 0x73757245, 0x01161970, 0x7461636f, 0x0bd00bd0, 0x786f4256,
	};

	for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
		if ((uint32_t)fs->f_type == silent[i]) {
			return false;
		}
	}
	return true;
}

bool files_tell_changes(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) < 0 || tells(&fs);
}

bool files_dir_tells_changes(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) < 0 || tells(&fs);
}

void files_random(void *bytes, size_t n)
{
	uint8_t *to = bytes;

	while (n > 0) {
		ssize_t got = getrandom(to, n, 0);

		if (got > 0) {
			to += got;
			n -= (size_t)got;
		} else if (errno != EINTR) {
			abort(); /* a guessable secret is worse than no daemon */
		}
	}
}
