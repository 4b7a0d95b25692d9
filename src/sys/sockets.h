/* SPDX-License-Identifier: MIT */
#pragma once
/* sockets.h - Unix sockets: listen, connect, who is the other side?
 *
 * All descriptors are non-blocking (unless said otherwise) and closed on exec. */
#include "base/buf.h"

/* Who has connected, by SO_PEERCRED. */
struct peer {
	int pid;
	unsigned uid, gid;
	char user[64]; /* name, or the number */
};

/* The name of a user by /etc/passwd alone, or the number: no name server of the system is asked. */
void sockets_user_name(unsigned uid, char *out, size_t size);
/* A listening stream socket at `path` with mode and owner (group -1: leave). A stale one is
 * replaced, a live one is -EADDRINUSE. */
NODISCARD int sockets_listen(const char *path, unsigned mode, int uid, int gid, int *ret_fd);
/* -EAGAIN: nobody waits. */
NODISCARD int sockets_accept(int listen_fd, int *ret_fd, struct peer *ret_peer);
/* A blocking stream socket connected to `path`. -ENOENT, -ECONNREFUSED, -EACCES. */
NODISCARD int sockets_connect(const char *path, int *ret_fd);
/* A pair of SOCK_SEQPACKET ends, both non-blocking. */
NODISCARD int sockets_pair(int ret_fds[static 2]);
/* Bytes read or written; -EAGAIN when it would block; 0 from a read: the other side has closed. */
NODISCARD int64_t sockets_read(int fd, void *buf, size_t n);
NODISCARD int64_t sockets_write(int fd, const void *buf, size_t n);
