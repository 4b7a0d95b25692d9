/* SPDX-License-Identifier: MIT */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "unit/sys/folder.h"

/* Runs in a child, which answers by its exit code: 0 is well. */
static int in_child(void (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void only_as_root(void)
{
	if (getuid() != 0 || !sandbox_has_net_admin()) {
		skip();
	}
}

/* The permitted set, without the help of any library. */
static uint64_t permitted(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	(void)syscall(SYS_capget, &head, data);
	return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

/* In a child, where an assertion would end nothing but the child's copy of the test. */
static void must(bool condition, int line)
{
	if (!condition) {
		(void)fprintf(stderr, "# line %d\n", line);
		_exit(1);
	}
}

#define MUST(condition) must(condition, __LINE__)

static void drops_all(void)
{
	struct sandbox_user user;

	MUST(sandbox_find_user("nobody", &user) == 0);
	MUST(user.uid != 0);
	MUST(sandbox_drop_all(&user) == 0);
	MUST(getuid() == user.uid && geteuid() == user.uid && getgid() == user.gid);
	MUST(getgroups(0, NULL) == user.n_groups);
	MUST(permitted() == 0);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(setuid(0) < 0 && setgid(0) < 0);
	MUST(open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0);
	MUST(!sandbox_has_net_admin());
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		MUST(prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 1);
		MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) != 1);
	}
	MUST(sandbox_drop_all(&user) == 0);
}

static void keeps_one(void)
{
	struct sandbox_user user;

	MUST(sandbox_find_user("nobody", &user) == 0);
	MUST(sandbox_keep_net_admin(&user) == 0);
	MUST(getuid() == user.uid);
	MUST(permitted() == UINT64_C(1) << CAP_NET_ADMIN);
	MUST(sandbox_has_net_admin());
	MUST(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(setuid(0) < 0);
	MUST(sandbox_keep_net_admin(&user) == 0);
	MUST(sandbox_drop_all(&user) == 0);
	MUST(permitted() == 0);
	MUST(sandbox_keep_net_admin(&user) < 0);
}

static void keeps_reading(void)
{
	struct sandbox_user user;
	int fd;

	MUST(sandbox_has_read_any());
	MUST(sandbox_find_user("nobody", &user) == 0);
	MUST(sandbox_keep_read_any(&user) == 0);
	MUST(getuid() == user.uid && permitted() == UINT64_C(1) << CAP_DAC_READ_SEARCH);
	MUST(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	fd = open("/etc/shadow", O_RDONLY | O_CLOEXEC);
	MUST(fd >= 0);
	(void)close(fd);
	MUST(open("/etc/shadow", O_WRONLY | O_CLOEXEC) < 0);
	MUST(sandbox_drop_all(&user) == 0);
	MUST(!sandbox_has_read_any());
}

static void stays_root_without_rights(void)
{
	MUST(sandbox_drop_all(NULL) == 0);
	MUST(getuid() == 0);
	MUST(permitted() == 0);
	MUST(setgid(1) < 0);
}

static void dropping_all_leaves_nothing(void **state)
{
	(void)state;
	only_as_root();
	assert_int_equal(in_child(drops_all), 0);
}

static void keeping_one_keeps_that_one_alone(void **state)
{
	(void)state;
	only_as_root();
	assert_int_equal(in_child(keeps_one), 0);
	assert_int_equal(in_child(keeps_reading), 0);
}

static void without_a_user_root_stays_root_but_may_nothing(void **state)
{
	(void)state;
	only_as_root();
	assert_int_equal(in_child(stays_root_without_rights), 0);
}

static void an_unknown_user_is_told(void **state)
{
	struct sandbox_user user = { .uid = 12345 };

	(void)state;
	assert_int_equal(sandbox_find_user("no-such-user-here", &user), -ENOENT);
	assert_int_equal(sandbox_find_user("", &user), -ENOENT);
	assert_int_equal(user.uid, 12345);
	assert_int_equal(sandbox_find_user("root", &user), 0);
	assert_int_equal(user.uid, 0);
	assert_true(user.n_groups >= 1);
}

static void a_child_ends_with_its_parent(void **state)
{
	int fds[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			if (sandbox_die_with_parent() == 0) {
				(void)!write(fds[1], "", 1);
			}
			for (;;) {
				(void)pause();
			}
		}
		(void)!read(fds[0], &byte, 1);
		_exit(0);
	}
	(void)close(fds[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read(fds[0], &byte, 1),
			 0); /* when the grandchild is gone, and only then */
	(void)close(fds[0]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(dropping_all_leaves_nothing),
		cmocka_unit_test(keeping_one_keeps_that_one_alone),
		cmocka_unit_test(without_a_user_root_stays_root_but_may_nothing),
		cmocka_unit_test(an_unknown_user_is_told),
		cmocka_unit_test(a_child_ends_with_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
