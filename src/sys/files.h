/* SPDX-License-Identifier: MIT */
#pragma once
/* files.h - files as wholes: read one, list a directory, make one's own directories.
 *
 * EINTR is handled here; descriptors are closed on exec. Fits struct config_access. */
#include "base/buf.h"

/* Closes and sets to -1; nothing for -1. For CLEANUP(). */
void fd_close(int *fd);
/* Is there no room left on the disk of this directory? */
bool files_is_full(const char *dir);
/* Moves a descriptor out of a variable, which becomes -1. */
int fd_take(int *fd);
/* Appends the file's bytes. Only regular files, FIFOs and character devices. -EFBIG when it has
 * more than `max`; other negative errno. */
NODISCARD int files_read(const char *path, size_t max, struct buf *ret);
/* Appends the names in the directory that end in `suffix`, sorted, each followed by NUL; none that
 * begins with a dot. */
NODISCARD int files_list(const char *dir, const char *suffix, struct buf *ret);
/* Is there such a file or directory? With * or ? in the last component: one that fits, whose name
 * does not begin with a dot. */
bool files_exist(const char *path);
/* Makes the directory (not its parents) with this mode and owner if it is missing; an existing one
 * is left as it is. */
NODISCARD int files_make_dir(const char *path, unsigned mode, unsigned uid, unsigned gid);
/* Takes a lock on the file (made 0600, given to this owner when we are root) that ends with the
 * process. -EAGAIN: another process has it.
 */
NODISCARD int files_lock(const char *path, unsigned uid, unsigned gid, int *ret_fd);
/* Reads up to n bytes at an offset, EINTR handled. Bytes read, 0 at the end, negative errno. */
NODISCARD int64_t files_pread(int fd, void *buf, size_t n, uint64_t offset);
/* Does the kernel tell (inotify) whatever is written there? Not where others write to the same
 * files over a network, or a program stands behind the file system. */
bool files_tell_changes(int fd);
bool files_dir_tells_changes(const char *dir);
/* n random bytes from the kernel. */
void files_random(void *bytes, size_t n);
