/* SPDX-License-Identifier: MIT */
#include "sys/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "sys/files.h"
#include "unit/sys/folder.h"

static int listen_at(const char *path)
{
	int fd = -1;

	assert_int_equal(sockets_listen(path, 0660, -1, -1, &fd), 0);
	return fd;
}

static void the_two_ends_of_a_pair_talk_in_messages_and_do_not_block(void **state)
{
	char bytes[16];
	int fds[2];

	(void)state;
	assert_int_equal(sockets_pair(fds), 0);
	for (int i = 0; i < 2; i++) {
		assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		assert_int_equal(sockets_read(fds[i], bytes, sizeof(bytes)), -EAGAIN);
	}
	assert_int_equal(sockets_write(fds[0], "one", 3), 3);
	assert_int_equal(sockets_write(fds[0], "three", 5), 5);
	assert_int_equal(sockets_read(fds[1], bytes, sizeof(bytes)), 3);
	assert_int_equal(sockets_read(fds[1], bytes, sizeof(bytes)), 5);
	assert_memory_equal(bytes, "three", 5);
	fd_close(&fds[0]);
	assert_int_equal(sockets_read(fds[1], bytes, sizeof(bytes)), 0);
	assert_int_equal(sockets_write(fds[1], "late", 4), -EPIPE);
	fd_close(&fds[1]);
}

static void a_full_pair_says_so(void **state)
{
	static const char bytes[4096] = "";
	int fds[2];
	int64_t r = 0;

	(void)state;
	assert_int_equal(sockets_pair(fds), 0);
	for (int i = 0; i < 100000 && r >= 0; i++) {
		r = sockets_write(fds[0], bytes, sizeof(bytes));
	}
	assert_int_equal(r, -EAGAIN);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

static void a_guest_is_known_by_the_kernel(void **state)
{
	int door CLEANUP(fd_close) = listen_at(in_folder("control"));
	int guest CLEANUP(fd_close) = -1, host CLEANUP(fd_close) = -1;
	struct peer peer = { 0 };
	const struct passwd *me = getpwuid(getuid()); /* NOLINT(concurrency-mt-unsafe) */
	char bytes[8];

	(void)state;
	assert_int_equal(sockets_accept(door, &host, &peer), -EAGAIN);
	assert_int_equal(sockets_connect(in_folder("control"), &guest), 0);
	assert_false(fcntl(guest, F_GETFL) & O_NONBLOCK);
	assert_int_equal(sockets_accept(door, &host, &peer), 0);
	assert_true(fcntl(host, F_GETFL) & O_NONBLOCK);
	assert_int_equal(peer.pid, getpid());
	assert_int_equal(peer.uid, getuid());
	assert_int_equal(peer.gid, getgid());
	if (me) {
		assert_string_equal(peer.user, me->pw_name);
	}
	assert_int_equal(sockets_write(guest, "hello", 5), 5);
	assert_int_equal(sockets_read(host, bytes, sizeof(bytes)), 5);
}

static void the_door_has_its_mode_whatever_the_mask(void **state)
{
	mode_t mask = umask(0);
	struct stat st;
	int door;

	(void)state;
	door = listen_at(in_folder("open"));
	(void)umask(077);
	assert_int_equal(stat(in_folder("open"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	fd_close(&door);
	door = listen_at(in_folder("closed"));
	(void)umask(mask);
	assert_int_equal(stat(in_folder("closed"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	fd_close(&door);
}

static void a_stale_socket_is_replaced_and_a_live_one_is_not(void **state)
{
	int first = listen_at(in_folder("control")), second = -1;

	(void)state;
	assert_int_equal(sockets_listen(in_folder("control"), 0660, -1, -1, &second), -EADDRINUSE);
	fd_close(&first);
	assert_int_equal(sockets_connect(in_folder("control"), &second), -ECONNREFUSED);
	second = listen_at(in_folder("control"));
	assert_int_equal(sockets_connect(in_folder("control"), &first), 0);
	fd_close(&first);
	fd_close(&second);
}

static void what_is_no_socket_is_left_alone(void **state)
{
	int fd = -1;

	(void)state;
	write_file(in_folder("notes"), "mine", 4);
	assert_int_equal(sockets_listen(in_folder("notes"), 0660, -1, -1, &fd), -ENOTSOCK);
	assert_int_equal(access(in_folder("notes"), F_OK), 0);
	assert_int_equal(sockets_listen(in_folder("no/where"), 0660, -1, -1, &fd), -ENOENT);
	assert_int_equal(fd, -1);
}

static void paths_that_no_socket_can_have_are_refused(void **state)
{
	char path[200];
	int fd = -1;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(sockets_listen(path, 0660, -1, -1, &fd), -ENAMETOOLONG);
	assert_int_equal(sockets_connect(path, &fd), -ENAMETOOLONG);
	assert_int_equal(sockets_listen("", 0660, -1, -1, &fd), -EINVAL);
	assert_int_equal(sockets_connect(in_folder("missing"), &fd), -ENOENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_two_ends_of_a_pair_talk_in_messages_and_do_not_block),
		cmocka_unit_test(a_full_pair_says_so),
		cmocka_unit_test_setup_teardown(a_guest_is_known_by_the_kernel, folder_make,
						folder_remove),
		cmocka_unit_test_setup_teardown(the_door_has_its_mode_whatever_the_mask,
						folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(a_stale_socket_is_replaced_and_a_live_one_is_not,
						folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(what_is_no_socket_is_left_alone, folder_make,
						folder_remove),
		cmocka_unit_test_setup_teardown(paths_that_no_socket_can_have_are_refused,
						folder_make, folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
