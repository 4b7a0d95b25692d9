/* SPDX-License-Identifier: MIT */
/* seal_calls.c - the lists.
 *
 * Made by watching each process through its life (strace, and what the kernel's log said was
 * refused while all of the lab's tests ran), and by reading what its libraries may do on other
 * days. Where a call has an older and a newer form both are there, for another C library takes the
 * other one.
 *
 * A keeper's list holds its enforcer's, a starter's its resolver's: filters add up, and the child's
 * own seal only takes away. clone3 is on no list, for its flags are behind a pointer and a filter
 * cannot see a new namespace in them: the C library falls back to clone. */
#include "sys/seal_calls.h"

#include <linux/netlink.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/attr.h"

enum {
	FOR_PARENTS = FOR_KEEPER | FOR_STARTER,
	FOR_NETFILTER = FOR_KEEPER | FOR_ENFORCER,
	FOR_NAMES = FOR_STARTER | FOR_RESOLVER,
};

#define WHOLE UINT64_MAX
#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
	 CLONE_NEWCGROUP)

/* Which argument of clone has the flags. */
#ifdef __s390__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/* The C library names its memory by it, with kernels that know how. */
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* Memory, time, signals of its own, descriptors that are open. */
static const char *const everyday[] = {
	"brk",
	"clock_getres",
	"clock_gettime",
	"clock_gettime64",
	"clock_nanosleep",
	"clock_nanosleep_time64",
	"close",
	"close_range",
	"dup",
	"dup2",
	"dup3",
	"exit",
	"exit_group",
	"fcntl",
	"fcntl64",
	"fstat",
	"fstat64",
	"fstatat64",
	"futex",
	"futex_time64",
	"futex_waitv",
	"getegid",
	"geteuid",
	"getgid",
	"getpeername",
	"getpid",
	"getppid",
	"getrandom",
	"getresgid",
	"getresuid",
	"getrlimit",
	"getrusage",
	"getsockname",
	"getsockopt",
	"gettid",
	"gettimeofday",
	"getuid",
	"lseek",
	"_llseek",
	"madvise",
	"mremap",
	"munmap",
	"nanosleep",
	"newfstatat",
	"poll",
	"ppoll",
	"ppoll_time64",
	"pselect6",
	"pselect6_time64",
	"read",
	"readv",
	"recv",
	"recvfrom",
	"recvmmsg",
	"recvmmsg_time64",
	"recvmsg",
	"restart_syscall",
	"rseq",
	"rt_sigaction",
	"rt_sigpending",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigsuspend",
	"rt_sigtimedwait",
	"sched_getaffinity",
	"sched_yield",
	"select",
	"_newselect",
	"send",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"set_robust_list",
	"setsockopt",
	"shutdown",
	"sigaltstack",
	"sigreturn",
	"statx",
	"sysinfo",
	"time",
	"ugetrlimit",
	"uname",
	"write",
	"writev",
	NULL,
};

/* The log's end, the turn of the wheel, the socket for people. */
static const char *const waits_for_many[] = {
	"accept",
	"accept4",
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"eventfd2",
	"inotify_add_watch",
	"inotify_init",
	"inotify_init1",
	"inotify_rm_watch",
	"pidfd_open",
	"signalfd",
	"signalfd4",
	"timerfd_create",
	"timerfd_gettime",
	"timerfd_settime",
	"timerfd_settime64",
	"wait4",
	"waitid",
	"waitpid",
	NULL,
};

/* A keeper's child has libnftables read its files before its own seal. */
static const char *const reads_files[] = {
	"access",  "faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fstatfs",  "fstatfs64",
	"getcwd",  "getdents",  "getdents64", "lstat",     "lstat64",      "open",     "openat",
	"openat2", "pread64",   "preadv",     "preadv2",   "readahead",    "readlink", "readlinkat",
	"stat",    "stat64",    "statfs",     "statfs64",  NULL,
};

/* SQLite in the state directory; a memory file for what the journal takes, and for countries. */
static const char *const writes_files[] = {
	"fallocate", "fchmod",          "fdatasync",    "flock",  "fsync",
	"ftruncate", "ftruncate64",     "memfd_create", "msync",  "name_to_handle_at",
	"pwrite64",  "pwritev",         "pwritev2",     "rename", "renameat",
	"renameat2", "sync_file_range", "umask",        "unlink", "unlinkat",
	NULL,
};

/* What they do themselves, and what a child needs for its own seal. */
static const char *const begins_another[] = {
	"fork",
	"landlock_add_rule",
	"landlock_create_ruleset",
	"landlock_restrict_self",
	"seccomp",
	"tgkill",
	"vfork",
	"wait4",
	"waitid",
	"waitpid",
	NULL,
};

static const char *const asks_others[] = {
	"bind",
	"connect",
	NULL,
};

/* Modules of the name service are libraries that are loaded then; a look-up has its end. */
static const char *const looks_up[] = {
	"alarm",        "arch_prctl",     "epoll_create1",   "epoll_ctl",         "epoll_pwait",
	"epoll_wait",   "eventfd2",       "inotify_init1",   "setitimer",         "socketpair",
	"epoll_pwait2", "timerfd_create", "timerfd_settime", "timerfd_settime64", NULL,
};

const struct seal_group seal_groups[] = {
	{ FOR_ALL, everyday },          { FOR_ALL, asks_others },
	{ FOR_READER, waits_for_many }, { FOR_ALL & ~FOR_ENFORCER, reads_files },
	{ FOR_READER, writes_files },   { FOR_PARENTS, begins_another },
	{ FOR_NAMES, looks_up },
};

const size_t seal_n_groups = ARRAY_SIZE(seal_groups);

#define WHEN(argument, mask, value)                                                                \
	1,                                                                                         \
	{                                                                                          \
		{                                                                                  \
			argument, mask, value                                                      \
		}                                                                                  \
	}
#define WHEN_BOTH(a, b, value_a, value_b)                                                          \
	2,                                                                                         \
	{                                                                                          \
		{ a, WHOLE, value_a },                                                             \
		{                                                                                  \
			b, WHOLE, value_b                                                          \
		}                                                                                  \
	}

const struct seal_rule seal_rules[] = {
	/* sd_notify, the journal, name service daemons; the kernel's addresses and routes. */
	{ FOR_READER | FOR_NAMES, "socket", WHEN(0, WHOLE, AF_UNIX) },
	{ FOR_READER | FOR_NAMES, "socket", WHEN_BOTH(0, 2, AF_NETLINK, NETLINK_ROUTE) },
	{ FOR_NAMES, "socket", WHEN(0, WHOLE, AF_INET) },
	{ FOR_NAMES, "socket", WHEN(0, WHOLE, AF_INET6) },
	/* Tables and sets; the interfaces that rules name; connections to cut. */
	{ FOR_NETFILTER, "socket", WHEN_BOTH(0, 2, AF_NETLINK, NETLINK_NETFILTER) },
	{ FOR_NETFILTER, "socket", WHEN_BOTH(0, 2, AF_NETLINK, NETLINK_ROUTE) },
	{ FOR_NETFILTER, "socket", WHEN_BOTH(0, 2, AF_NETLINK, NETLINK_SOCK_DIAG) },

	/* Compiled patterns are written and then run; modules of the name service are loaded. */
	{ FOR_READER | FOR_NAMES, "mmap", 0, { { 0 } } },
	{ FOR_READER | FOR_NAMES, "mmap2", 0, { { 0 } } },
	{ FOR_READER | FOR_NAMES, "mprotect", 0, { { 0 } } },
	{ FOR_NETFILTER, "mmap", WHEN(2, PROT_EXEC, 0) },
	{ FOR_NETFILTER, "mmap2", WHEN(2, PROT_EXEC, 0) },
	{ FOR_NETFILTER, "mprotect", WHEN(2, PROT_EXEC, 0) },

	{ FOR_PARENTS, "clone", WHEN(CLONE_FLAGS, NAMESPACES, 0) },

	{ FOR_ALL, "prctl", WHEN(0, WHOLE, PR_SET_NAME) },
	{ FOR_ALL, "prctl", WHEN(0, WHOLE, PR_SET_PDEATHSIG) },
	{ FOR_ALL, "prctl", WHEN(0, WHOLE, PR_SET_VMA) },
	{ FOR_PARENTS, "prctl", WHEN(0, WHOLE, PR_SET_NO_NEW_PRIVS) },
	{ FOR_PARENTS, "prctl", WHEN(0, WHOLE, PR_GET_SECCOMP) },

	{ FOR_ALL, "ioctl", WHEN(1, WHOLE, FIONREAD) },
	{ FOR_ALL, "ioctl", WHEN(1, WHOLE, FIONBIO) },
	{ FOR_ALL, "ioctl", WHEN(1, WHOLE, TCGETS) },
	{ FOR_ALL, "ioctl", WHEN(1, WHOLE, TIOCGWINSZ) },
	{ FOR_ALL, "ioctl", WHEN(1, WHOLE, SIOCGIFNAME) },
	{ FOR_ALL, "ioctl", WHEN(1, WHOLE, SIOCGIFINDEX) },

	/* Limits are read, not set. */
	{ FOR_ALL, "prlimit64", WHEN(2, WHOLE, 0) },
};

const size_t seal_n_rules = ARRAY_SIZE(seal_rules);

const char *const seal_fatal[] = {
	/* other programs, others' memory */
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev",
	/* another user, more rights */
	"setuid", "setuid32", "setgid", "setgid32", "setreuid", "setreuid32", "setregid",
	"setregid32", "setresuid", "setresuid32", "setresgid", "setresgid32", "setgroups",
	"setgroups32", "setfsuid", "setfsuid32", "setfsgid", "setfsgid32", "capset",
	/* another world */
	"mount", "umount", "umount2", "move_mount", "fsopen", "fsmount", "open_tree",
	"mount_setattr", "pivot_root", "chroot", "unshare", "setns", "mknod", "mknodat",
	/* the kernel itself */
	"init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "bpf",
	"perf_event_open", "io_uring_setup", "reboot", "swapon", "swapoff", "settimeofday",
	"clock_settime", NULL
};
