/* SPDX-License-Identifier: MIT */
/* sockets.c - Unix sockets.
 *
 * A socket file outlives a process that was killed. Whether one is stale is found out by
 * connecting: a refusal means that nobody listens. Two daemons that start at the same moment do not
 * meet here, the lock on the state directory has sent one of them away before.
 *
 * The peer's name is read from the local user file alone: asking a directory service could stand
 * still, and the number says it, too. */
#include "sys/sockets.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/files.h"

enum { BACKLOG = 64 };

static int fill_address(const char *path, struct sockaddr_un *ret)
{
	size_t n = strlen(path);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n == 0) {
		return -EINVAL;
	}
	if (n >= sizeof(ret->sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(ret->sun_path, path, n);
	return 0;
}

static int connect_to(int fd, const struct sockaddr_un *address)
{
	int r;

	do {
		r = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* 0: the path is free (a stale socket was removed). */
static int make_way(const struct sockaddr_un *address)
{
	int fd CLEANUP(fd_close) = -1;
	struct stat st;
	int r;

	if (lstat(address->sun_path, &st) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (!S_ISSOCK(st.st_mode)) {
		return -ENOTSOCK;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	r = connect_to(fd, address);
	if (r == 0 || r == -EAGAIN) {
		return -EADDRINUSE;
	}
	if (r != -ECONNREFUSED && r != -ENOENT) {
		return r;
	}
	return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

int sockets_listen(const char *path, unsigned mode, int uid, int gid, int *ret_fd)
{
	int fd CLEANUP(fd_close) = -1;
	struct sockaddr_un address;
	mode_t mask;
	int r = fill_address(path, &address);

	if (r == 0) {
		r = make_way(&address);
	}
	if (r < 0) {
		return r;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	mask = umask(0177);
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	(void)umask(mask);
	if (r < 0) {
		return r;
	}
	if (((uid >= 0 || gid >= 0) && lchown(path, (uid_t)uid, (gid_t)gid) < 0) ||
	    chmod(path, mode) < 0 || listen(fd, BACKLOG) < 0) {
		r = -errno;
		(void)unlink(path);
		return r;
	}
	*ret_fd = fd_take(&fd);
	return 0;
}

void sockets_user_name(unsigned uid, char *out, size_t size)
{
	FILE *f = fopen("/etc/passwd", "re");
	char line[1024];
	struct passwd entry;
	struct passwd *found = NULL;

	(void)snprintf(out, size, "%u", uid);
	while (f && fgetpwent_r(f, &entry, line, sizeof(line), &found) == 0) {
		if (found->pw_uid == uid) {
			(void)snprintf(out, size, "%s", found->pw_name);
			break;
		}
	}
	if (f) {
		(void)fclose(f);
	}
}

int sockets_accept(int listen_fd, int *ret_fd, struct peer *ret_peer)
{
	int fd CLEANUP(fd_close) = -1;
	struct ucred cred;
	socklen_t n = sizeof(cred);

	do {
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0) {
		return errno == ECONNABORTED || errno == EWOULDBLOCK ? -EAGAIN : -errno;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0) {
		return -errno;
	}
	*ret_peer = (struct peer){ .pid = cred.pid, .uid = cred.uid, .gid = cred.gid };
	sockets_user_name(cred.uid, ret_peer->user, sizeof(ret_peer->user));
	*ret_fd = fd_take(&fd);
	return 0;
}

int sockets_connect(const char *path, int *ret_fd)
{
	int fd CLEANUP(fd_close) = -1;
	struct sockaddr_un address;
	int r = fill_address(path, &address);

	if (r < 0) {
		return r;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	r = connect_to(fd, &address);
	if (r < 0) {
		return r;
	}
	*ret_fd = fd_take(&fd);
	return 0;
}

int sockets_pair(int ret_fds[static 2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fds) < 0) {
		return -errno;
	}
	return 0;
}

int64_t sockets_read(int fd, void *buf, size_t n)
{
	ssize_t got;

	do {
		got = recv(fd, buf, n, 0);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

int64_t sockets_write(int fd, const void *buf, size_t n)
{
	ssize_t sent;

	do {
		sent = send(fd, buf, n, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}
