/* SPDX-License-Identifier: MIT */
/* Enters a seal and tries one thing from inside, each time in a fresh child.
 *
 *   sandbox_tool PROFILE DIR    PROFILE: reader keeper enforcer starter resolver, or none
 *
 * DIR has the directories `state` (where the reader may write), `outside`, and in each a file
 * `file`. For each thing that it knows it prints a line: its name and what came of it: `done`, the
 * name of an errno, or of the signal that ended the child. Exit code 77: this build has no seal. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "sys/seal.h"

/* How a child ends; below the last of them errno is added to EXIT_SKIP. */
enum { EXIT_DONE = 0, EXIT_SKIP = 77, EXIT_ERRNO = 200, EXIT_BROKEN = 201, PAGE = 4096 };

static pid_t bystander, parent;

/* 0: done; negative errno. */
static int result(long r)
{
	return r < 0 ? -errno : 0;
}

static int try_listen(void)
{
	int fds[2];

	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0
		       ? -errno
		       : result(listen(fds[0], 1));
}

static int try_exec(void)
{
	char *const args[] = { (char[]){ "true" }, NULL };

	return result(execv("/bin/true", args));
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		_exit(0);
	}
	return pid < 0 ? -errno : result(waitpid(pid, NULL, 0));
}

static int try_memory_to_code(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return result(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
}

static int try_kill_child(void)
{
	return result(kill(bystander, SIGKILL));
}

static int try_stop_child(void)
{
	return result(kill(bystander, SIGSTOP));
}

static int try_kill_other(void)
{
	return result(kill(parent, 0));
}

static int try_trace(void)
{
	return result(ptrace(PTRACE_ATTACH, bystander, NULL, NULL));
}

static int try_abort(void)
{
	abort();
}

#define OPEN(path, flags)                                                                          \
	SYS_openat,                                                                                \
	{                                                                                          \
		(uintptr_t) AT_FDCWD, (uintptr_t)(path), (flags), 0600                             \
	}
#define PATHS(from, to)                                                                            \
	{                                                                                          \
		(uintptr_t) AT_FDCWD, (uintptr_t)(from), (uintptr_t)AT_FDCWD, (uintptr_t)(to)      \
	}
#define PATH(path)                                                                                 \
	{                                                                                          \
		(uintptr_t) AT_FDCWD, (uintptr_t)(path)                                            \
	}
#define SOCKET(...)                                                                                \
	SYS_socket,                                                                                \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define MEMORY(rights)                                                                             \
	SYS_mmap,                                                                                  \
	{                                                                                          \
		0, PAGE, (rights), MAP_PRIVATE | MAP_ANONYMOUS, (uintptr_t)-1                      \
	}

static const struct {
	uint64_t flags, mode, resolve;
} how = { .flags = O_RDONLY };

static const struct rlimit limit = { .rlim_cur = 64, .rlim_max = 64 };

/* A function, or a call with its arguments. Those that would change the world are made with
 * arguments that cannot succeed: a filter of system calls comes first. */
static const struct thing {
	const char *name;
	int (*fn)(void);
	long number;
	uintptr_t arguments[6];
} things[] = {
	{ "read", NULL, OPEN("/etc/passwd", O_RDONLY) },
	{ "read-openat2",
	  NULL,
	  SYS_openat2,
	  { (uintptr_t)AT_FDCWD, (uintptr_t) "/etc/passwd", (uintptr_t)&how, sizeof(how) } },
	{ "list", NULL, OPEN("/etc", O_RDONLY | O_DIRECTORY) },
	{ "write-inside", NULL, OPEN("state/file", O_RDWR) },
	{ "make-inside", NULL, OPEN("state/new", O_RDWR | O_CREAT | O_EXCL) },
	{ "cut-inside", NULL, OPEN("state/file", O_RDWR | O_TRUNC) },
	{ "rename-inside", NULL, SYS_renameat2, PATHS("state/file", "state/other") },
	{ "unlink-inside", NULL, SYS_unlinkat, PATH("state/file") },
	{ "symlink-inside",
	  NULL,
	  SYS_symlinkat,
	  { (uintptr_t) "/etc/shadow", (uintptr_t)AT_FDCWD, (uintptr_t) "state/link" } },
	{ "write-outside", NULL, OPEN("outside/file", O_WRONLY) },
	{ "make-outside", NULL, OPEN("outside/new", O_WRONLY | O_CREAT) },
	{ "cut-outside", NULL, OPEN("outside/file", O_RDONLY | O_TRUNC) },
	{ "unlink-outside", NULL, SYS_unlinkat, PATH("outside/file") },
	{ "rename-outside", NULL, SYS_renameat2, PATHS("outside/file", "outside/other") },
	{ "carry-in", NULL, SYS_renameat2, PATHS("outside/file", "state/other") },
	{ "mkdir", NULL, SYS_mkdirat, PATH("outside/dir") },
	{ "chmod", NULL, SYS_fchmodat, PATH("outside/file") },
	{ "chown", NULL, SYS_fchownat, PATH("outside/file") },
	{ "mknod", NULL, SYS_mknodat, PATH("state/null") },
	{ "open-handle", NULL, SYS_open_by_handle_at, { 0 } },
	{ "exec", try_exec, 0, { 0 } },
	{ "exec-descriptor", NULL, SYS_execveat, { (uintptr_t)-1 } },
	{ "fork", try_fork, 0, { 0 } },
	{ "clone-namespace", NULL, SYS_clone, { CLONE_NEWUSER | SIGCHLD } },
	{ "unix", NULL, SOCKET(AF_UNIX, SOCK_DGRAM) },
	{ "inet", NULL, SOCKET(AF_INET, SOCK_STREAM) },
	{ "inet6", NULL, SOCKET(AF_INET6, SOCK_DGRAM) },
	{ "packet", NULL, SOCKET(AF_PACKET, SOCK_RAW) },
	{ "vsock", NULL, SOCKET(AF_VSOCK, SOCK_STREAM) },
	{ "netlink-route", NULL, SOCKET(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) },
	{ "netlink-netfilter", NULL, SOCKET(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) },
	{ "netlink-diag", NULL, SOCKET(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG) },
	{ "netlink-audit", NULL, SOCKET(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT) },
	{ "listen", try_listen, 0, { 0 } },
	{ "memory", NULL, MEMORY(PROT_READ | PROT_WRITE) },
	{ "memory-code", NULL, MEMORY(PROT_READ | PROT_EXEC) },
	{ "memory-to-code", try_memory_to_code, 0, { 0 } },
	{ "trace", try_trace, 0, { 0 } },
	{ "read-memory", NULL, SYS_process_vm_readv, { 0 } },
	{ "kill-child", try_kill_child, 0, { 0 } },
	{ "stop-child", try_stop_child, 0, { 0 } },
	{ "kill-other", try_kill_other, 0, { 0 } },
	{ "setuid", NULL, SYS_setuid, { 65534 } },
	{ "setgroups", NULL, SYS_setgroups, { 0 } },
	{ "capset", NULL, SYS_capset, { 0 } },
	{ "mount", NULL, SYS_mount, { 0 } },
	{ "unshare", NULL, SYS_unshare, { CLONE_NEWUSER } },
	{ "chroot", NULL, SYS_chroot, { (uintptr_t) "outside" } },
	{ "module", NULL, SYS_init_module, { 0 } },
	{ "bpf", NULL, SYS_bpf, { 0 } },
	{ "perf", NULL, SYS_perf_event_open, { 0 } },
	{ "io-uring", NULL, SYS_io_uring_setup, { 1 } },
	{ "type", NULL, SYS_ioctl, { STDIN_FILENO, TIOCSTI, (uintptr_t) "x" } },
	{ "dumpable", NULL, SYS_prctl, { PR_SET_DUMPABLE, 1 } },
	{ "limit", NULL, SYS_prlimit64, { 0, RLIMIT_NOFILE, (uintptr_t)&limit } },
	{ "unknown-call", NULL, 987654, { 0 } },
	{ "filter", NULL, SYS_seccomp, { 0, 1 } },
	{ "abort", try_abort, 0, { 0 } },
};

static int try_thing(const struct thing *t)
{
	const uintptr_t *a = t->arguments;

	return t->fn ? t->fn() : result(syscall(t->number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static const char *const profiles[] = {
	[SEAL_READER] = "reader",   [SEAL_KEEPER] = "keeper",     [SEAL_ENFORCER] = "enforcer",
	[SEAL_STARTER] = "starter", [SEAL_RESOLVER] = "resolver",
};

/* The children are sealed as those of ipsd are: within their parents' seals. */
static int enter(int profile)
{
	struct seal seal = { .profile = (enum seal_profile)profile };
	int r = 0;

	if (profile == SEAL_READER) {
		seal.writes = "state";
		seal.ends = bystander;
	}
	if (profile == SEAL_ENFORCER) {
		r = enter(SEAL_KEEPER);
	} else if (profile == SEAL_RESOLVER) {
		r = enter(SEAL_STARTER);
	}
	return r != 0 ? r : seal_process(&seal);
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0) {
		(void)close(fd);
	}
}

static pid_t start_bystander(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;) {
			(void)pause();
		}
	}
	return pid;
}

static int try_in_child(int profile, const struct thing *thing)
{
	int status = -1, r = 0;
	pid_t pid;

	make_file("state/file");
	make_file("outside/file");
	bystander = start_bystander();
	parent = getpid();
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && profile >= 0) {
			r = enter(profile);
		}
		if (r != SEAL_WHOLE) {
			_exit(r < 0 ? EXIT_BROKEN : EXIT_SKIP);
		}
		r = try_thing(thing);
		_exit(r < 0 ? (-r < EXIT_ERRNO - EXIT_SKIP ? EXIT_SKIP - r : EXIT_ERRNO)
			    : EXIT_DONE);
	}
	(void)waitpid(pid, &status, 0);
	(void)kill(bystander, SIGKILL);
	(void)waitpid(bystander, NULL, 0);
	(void)unlink("state/new");
	(void)unlink("state/other");
	(void)unlink("state/link");
	return status;
}

static void tell(const char *name, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	if (WIFSIGNALED(status)) {
		(void)printf("%s SIG%s\n", name, sigabbrev_np(WTERMSIG(status)));
	} else if (code == EXIT_DONE) {
		(void)printf("%s done\n", name);
	} else {
		(void)printf("%s %s\n", name, strerrorname_np(code - EXIT_SKIP));
	}
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	int profile = -1;

	for (size_t i = 0; argc == 3 && i < ARRAY_SIZE(profiles); i++) {
		profile = strcmp(argv[1], profiles[i]) == 0 ? (int)i : profile;
	}
	if (argc != 3 || (profile < 0 && strcmp(argv[1], "none") != 0) || chdir(argv[2]) < 0) {
		(void)fprintf(stderr, "usage: sandbox_tool PROFILE DIR\n");
		return 2;
	}
	for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
		int status = try_in_child(profile, &things[i]);

		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP) {
			return EXIT_SKIP;
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_BROKEN) {
			(void)fprintf(stderr, "the seal failed\n");
			return 1;
		}
		tell(things[i].name, status);
	}
	return 0;
}
