/* SPDX-License-Identifier: MIT */
#include "sys/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "unit/sys/folder.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void a_closed_descriptor_becomes_minus_one_and_errno_stays(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), same = fd;

	(void)state;
	errno = 77;
	fd_close(&fd);
	assert_int_equal(fd, -1);
	assert_false(is_open(same));
	errno = 77;
	fd_close(&fd);
	assert_int_equal(errno, 77);
}

static void a_taken_descriptor_is_open_elsewhere(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), same = fd;

	(void)state;
	assert_int_equal(fd_take(&fd), same);
	assert_int_equal(fd, -1);
	assert_true(is_open(same));
	fd_close(&same);
}

static void reads_all_bytes_behind_those_that_are_there(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };

	(void)state;
	write_file(in_folder("nul"), "a\0b\xff", 4);
	write_file(in_folder("empty"), "", 0);
	buf_add_str(&b, STR("before "));
	assert_int_equal(files_read(in_folder("nul"), 4, &b), 0);
	assert_int_equal(b.n, 11);
	assert_memory_equal(b.p, "before a\0b\xff", 12);
	assert_int_equal(files_read(in_folder("empty"), 0, &b), 0);
	assert_int_equal(b.n, 11);
	assert_int_equal(files_read("/dev/null", 0, &b), 0);
	assert_int_equal(b.n, 11);
}

static void reads_what_is_longer_than_one_read(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	size_t n = 300000;
	char *bytes = malloc(n);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < n; i++) {
		bytes[i] = (char)(i * 7 >> 3);
	}
	write_file(in_folder("long"), bytes, n);
	assert_int_equal(files_read(in_folder("long"), n, &b), 0);
	assert_int_equal(b.n, n);
	assert_memory_equal(b.p, bytes, n);
	free(bytes);
}

static void a_file_over_the_bound_leaves_nothing_behind(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };

	(void)state;
	write_file(in_folder("five"), "12345", 5);
	buf_add_str(&b, STR("x"));
	assert_int_equal(files_read(in_folder("five"), 4, &b), -EFBIG);
	assert_string_equal(buf_text(&b), "x");
	assert_int_equal(files_read(in_folder("five"), 5, &b), 0);
	assert_string_equal(buf_text(&b), "x12345");
}

static void a_device_without_end_meets_the_bound(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };

	(void)state;
	assert_int_equal(files_read("/dev/zero", 1000, &b), -EFBIG);
	assert_int_equal(b.n, 0);
}

static void what_is_no_file_is_refused(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", in_folder("socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(files_read(in_folder("missing"), 10, &b), -ENOENT);
	assert_int_equal(files_read(folder, 10, &b), -EISDIR);
	assert_true(files_read(a.sun_path, 10, &b) < 0);
	assert_int_equal(b.n, 0);
	fd_close(&fd);
}

static void a_fifo_without_a_writer_is_empty_and_holds_nobody_up(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };

	(void)state;
	assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
	assert_int_equal(files_read(in_folder("fifo"), 10, &b), 0);
	assert_int_equal(b.n, 0);
}

static void a_fifo_is_read_to_its_end(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	int status = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
	int keep = open(in_folder("pipe"), O_RDWR | O_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		int fd = open(in_folder("pipe"), O_WRONLY | O_CLOEXEC);

		_exit(write(fd, "through the pipe", 16) == 16 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	int reader = open(in_folder("pipe"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	fd_close(&keep);
	assert_int_equal(files_read(in_folder("pipe"), 100, &b), 0);
	assert_string_equal(buf_text(&b), "through the pipe");
	fd_close(&reader);
}

static void lists_names_with_the_suffix_in_order_without_dot_files(void **state)
{
	static const char *const names[] = { "b.conf",  "a.conf", ".c.conf",
					     "d.conf~", "conf",   "Z.conf" };
	struct buf b CLEANUP(buf_done) = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		write_file(in_folder(names[i]), "", 0);
	}
	assert_int_equal(files_list(folder, ".conf", &b), 0);
	assert_int_equal(b.n, 21);
	assert_memory_equal(b.p, "Z.conf\0a.conf\0b.conf", 21);
	buf_clear(&b);
	assert_int_equal(files_list(folder, ".none", &b), 0);
	assert_int_equal(b.n, 0);
	assert_int_equal(files_list(in_folder("missing"), "", &b), -ENOENT);
	assert_int_equal(files_list(in_folder("conf"), "", &b), -ENOTDIR);
}

static void a_pattern_exists_when_a_file_fits_it(void **state)
{
	(void)state;
	assert_int_equal(fclose(fopen(in_folder("2026-a.log"), "w")), 0);
	assert_int_equal(fclose(fopen(in_folder(".hidden"), "w")), 0);
	assert_true(files_exist(folder));
	assert_true(files_exist(in_folder("2026-a.log")));
	assert_true(files_exist(in_folder("*-a.log")));
	assert_true(files_exist(in_folder("2026-?.log")));
	assert_false(files_exist(in_folder("*-b.log")));
	assert_false(files_exist(in_folder("*hidden")));
	assert_false(files_exist(in_folder("none")));
	assert_false(files_exist(in_folder("none/*")));
}

static void makes_a_directory_with_its_mode_and_leaves_another_as_it_is(void **state)
{
	struct stat st;
	mode_t mask = umask(077);

	(void)state;
	assert_int_equal(files_make_dir(in_folder("new"), 0755, getuid(), getgid()), 0);
	(void)umask(mask);
	assert_int_equal(stat(in_folder("new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(files_make_dir(in_folder("new"), 0700, getuid(), getgid()), 0);
	assert_int_equal(stat(in_folder("new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	write_file(in_folder("file"), "", 0);
	assert_int_equal(files_make_dir(in_folder("file"), 0700, getuid(), getgid()), -ENOTDIR);
	assert_int_equal(files_make_dir(in_folder("no/where"), 0700, getuid(), getgid()), -ENOENT);
}

static void a_lock_keeps_others_out_until_it_is_closed(void **state)
{
	int first = -1, second = -1;
	struct stat st;

	(void)state;
	assert_int_equal(files_lock(in_folder("lock"), getuid(), getgid(), &first), 0);
	assert_int_equal(stat(in_folder("lock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fcntl(first, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(files_lock(in_folder("lock"), getuid(), getgid(), &second), -EAGAIN);
	assert_int_equal(second, -1);
	fd_close(&first);
	assert_int_equal(files_lock(in_folder("lock"), getuid(), getgid(), &second), 0);
	fd_close(&second);
}

static void a_lock_does_not_follow_a_link(void **state)
{
	int fd = -1;

	(void)state;
	assert_int_equal(symlink(in_folder("elsewhere"), in_folder("link")), 0);
	assert_int_equal(files_lock(in_folder("link"), getuid(), getgid(), &fd), -ELOOP);
	assert_int_equal(access(in_folder("elsewhere"), F_OK), -1);
}

static void reads_at_an_offset(void **state)
{
	char bytes[8] = "";
	int fd;

	(void)state;
	write_file(in_folder("digits"), "0123456789", 10);
	fd = open(in_folder("digits"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(files_pread(fd, bytes, 4, 3), 4);
	assert_memory_equal(bytes, "3456", 4);
	assert_int_equal(files_pread(fd, bytes, 8, 8), 2);
	assert_int_equal(files_pread(fd, bytes, 8, 10), 0);
	assert_int_equal(files_pread(fd, bytes, 8, UINT64_MAX), -EOVERFLOW);
	assert_int_equal(files_pread(-1, bytes, 8, 0), -EBADF);
	fd_close(&fd);
}

static void random_bytes_differ(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 }, none = 7;

	(void)state;
	files_random(a, sizeof(a));
	files_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	files_random(&none, 0);
	assert_int_equal(none, 7);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_descriptor_becomes_minus_one_and_errno_stays),
		cmocka_unit_test(a_taken_descriptor_is_open_elsewhere),
		IN_FOLDER(reads_all_bytes_behind_those_that_are_there),
		IN_FOLDER(reads_what_is_longer_than_one_read),
		IN_FOLDER(a_file_over_the_bound_leaves_nothing_behind),
		cmocka_unit_test(a_device_without_end_meets_the_bound),
		IN_FOLDER(what_is_no_file_is_refused),
		IN_FOLDER(a_fifo_without_a_writer_is_empty_and_holds_nobody_up),
		IN_FOLDER(a_fifo_is_read_to_its_end),
		IN_FOLDER(lists_names_with_the_suffix_in_order_without_dot_files),
		IN_FOLDER(a_pattern_exists_when_a_file_fits_it),
		IN_FOLDER(makes_a_directory_with_its_mode_and_leaves_another_as_it_is),
		IN_FOLDER(a_lock_keeps_others_out_until_it_is_closed),
		IN_FOLDER(a_lock_does_not_follow_a_link),
		IN_FOLDER(reads_at_an_offset),
		cmocka_unit_test(random_bytes_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
