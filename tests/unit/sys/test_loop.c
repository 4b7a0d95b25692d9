/* SPDX-License-Identifier: MIT */
#include "sys/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/files.h"
#include "sys/sockets.h"
#include "unit/check.h"

/* What the callbacks of one test did, in order. */
struct diary {
	struct loop *loop;
	struct loop_watch *watch, *other;
	struct loop_timer *timer;
	int fds[2];
	char text[64];
	size_t n;
	int status, end_with;
};

static struct diary diary;

static int set_up(void **state)
{
	(void)state;
	diary = (struct diary){ .fds = { -1, -1 } };
	return loop_new(&diary.loop) < 0 || sockets_pair(diary.fds) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	loop_watch_free(diary.watch);
	loop_watch_free(diary.other);
	loop_timer_free(diary.timer);
	loop_free(diary.loop);
	fd_close(&diary.fds[0]);
	fd_close(&diary.fds[1]);
	return 0;
}

static void note(char c)
{
	assert_true(diary.n + 1 < sizeof(diary.text));
	diary.text[diary.n++] = c;
}

static int end(void *arg)
{
	(void)arg;
	note('e');
	loop_exit(diary.loop, diary.end_with);
	return 0;
}

static int on_readable(void *arg, int fd, uint32_t events)
{
	char byte = 0;

	(void)arg;
	assert_true(events & EPOLLIN);
	assert_int_equal(sockets_read(fd, &byte, 1), 1);
	note(byte);
	return byte == 'x' ? -EXDEV : 0;
}

static void send_byte(char c)
{
	assert_int_equal(sockets_write(diary.fds[1], &c, 1), 1);
}

static void run(int code)
{
	assert_int_equal(loop_run(diary.loop), code);
}

static void a_descriptor_calls_back_until_it_is_empty(void **state)
{
	(void)state;
	assert_int_equal(loop_add_fd(diary.loop, diary.fds[0], EPOLLIN, on_readable, NULL,
				     &diary.watch),
			 0);
	send_byte('1');
	send_byte('2');
	send_byte('x');
	send_byte('4');
	run(-EXDEV);
	assert_string_equal(diary.text, "12x");
}

static void a_regular_file_cannot_be_waited_on(void **state)
{
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	assert_int_equal(loop_add_fd(diary.loop, fileno(f), EPOLLIN, on_readable, NULL,
				     &diary.watch),
			 -EPERM);
	assert_null(diary.watch);
	(void)fclose(f);
}

static int on_writable(void *arg, int fd, uint32_t events)
{
	(void)arg;
	(void)fd;
	assert_true(events & EPOLLOUT);
	note('w');
	assert_int_equal(loop_watch_events(diary.watch, 0), 0);
	return loop_defer(diary.loop, end, NULL);
}

static void what_is_waited_for_can_be_changed(void **state)
{
	(void)state;
	assert_int_equal(loop_add_fd(diary.loop, diary.fds[0], EPOLLOUT, on_writable, NULL,
				     &diary.watch),
			 0);
	run(0);
	assert_string_equal(diary.text, "we");
}

static int free_both(void *arg, int fd, uint32_t events)
{
	(void)arg;
	(void)fd;
	(void)events;
	note('f');
	diary.watch = loop_watch_free(diary.watch);
	diary.other = loop_watch_free(diary.other);
	return loop_defer(diary.loop, end, NULL);
}

static void handles_may_be_freed_in_their_own_callback_and_in_another(void **state)
{
	(void)state;
	assert_int_equal(loop_add_fd(diary.loop, diary.fds[0], EPOLLOUT, free_both, NULL,
				     &diary.watch),
			 0);
	assert_int_equal(loop_add_fd(diary.loop, diary.fds[1], EPOLLOUT, free_both, NULL,
				     &diary.other),
			 0);
	run(0);
	assert_string_equal(diary.text, "fe");
	assert_null(loop_watch_free(NULL));
	assert_null(loop_timer_free(NULL));
	assert_null(loop_free(NULL));
}

static int on_timer(void *arg)
{
	const instant *at = arg;

	assert_true(clock_now().us >= at->us);
	note('t');
	diary.timer = loop_timer_free(diary.timer);
	return loop_defer(diary.loop, end, NULL);
}

static void a_timer_fires_once_and_not_too_early(void **state)
{
	static instant at;

	(void)state;
	at = instant_add(clock_now(), (duration){ .us = 3000 });
	assert_int_equal(loop_add_timer(diary.loop, on_timer, &at, &diary.timer), 0);
	assert_int_equal(loop_timer_set(diary.timer, at), 0);
	run(0);
	assert_string_equal(diary.text, "te");
	assert_true(clock_now().us < at.us + 200000);
}

static void a_timer_in_the_past_fires_at_once(void **state)
{
	static instant past = { .us = -5 };

	(void)state;
	assert_int_equal(loop_add_timer(diary.loop, on_timer, &past, &diary.timer), 0);
	assert_int_equal(loop_timer_set(diary.timer, past), 0);
	run(0);
	assert_string_equal(diary.text, "te");
}

static int on_late_timer(void *arg)
{
	(void)arg;
	note('l');
	return -ETIME;
}

static void a_timer_that_was_turned_off_is_silent(void **state)
{
	static instant soon;
	struct loop_timer *off = NULL;

	(void)state;
	soon = instant_add(clock_now(), (duration){ .us = 2000 });
	assert_int_equal(loop_add_timer(diary.loop, on_late_timer, NULL, &off), 0);
	assert_int_equal(loop_timer_set(off, clock_now()), 0);
	assert_int_equal(loop_timer_set(off, INSTANT_NEVER), 0);
	assert_int_equal(loop_add_timer(diary.loop, on_timer, &soon, &diary.timer), 0);
	assert_int_equal(loop_timer_set(diary.timer, soon), 0);
	run(0);
	assert_string_equal(diary.text, "te");
	loop_timer_free(off);
}

static int on_signal(void *arg, int signo)
{
	(void)arg;
	note(signo == SIGUSR1 ? '1' : '?');
	return loop_defer(diary.loop, end, NULL);
}

static void a_signal_calls_back(void **state)
{
	(void)state;
	diary.end_with = 7;
	assert_int_equal(loop_add_signal(diary.loop, SIGUSR1, on_signal, NULL), 0);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	run(7);
	assert_string_equal(diary.text, "1e");
	assert_true(loop_add_signal(diary.loop, 12345, on_signal, NULL) < 0);
}

static int on_child(void *arg, int pid, int status)
{
	const pid_t *expected = arg;

	assert_int_equal(pid, *expected);
	diary.status = status;
	note('c');
	return loop_defer(diary.loop, end, NULL);
}

static void the_end_of_a_child_is_told_as_waitpid_tells_it(void **state)
{
	static pid_t pid;

	(void)state;
	for (int round = 0; round < 2; round++) {
		pid = fork();
		if (pid == 0) {
			if (round == 1) {
				(void)kill(getpid(), SIGKILL);
			}
			_exit(42);
		}
		assert_int_equal(loop_add_child(diary.loop, pid, on_child, &pid), 0);
		run(0);
		if (round == 0) {
			assert_true(WIFEXITED(diary.status) && WEXITSTATUS(diary.status) == 42);
			assert_int_equal(tear_down(NULL), 0);
			assert_int_equal(set_up(NULL), 0);
		}
	}
	assert_true(WIFSIGNALED(diary.status) && WTERMSIG(diary.status) == SIGKILL);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
}

static int on_turn(void *arg)
{
	note(*(const char *)arg);
	return 0;
}

static int defer_end(void *arg)
{
	(void)arg;
	note('d');
	return loop_defer(diary.loop, end, NULL);
}

static int defer_from_fd(void *arg, int fd, uint32_t events)
{
	int r = on_readable(arg, fd, events);

	return r < 0 ? r : loop_defer(diary.loop, defer_end, NULL);
}

static void a_turn_ends_after_all_that_is_ready_and_all_that_was_deferred(void **state)
{
	static char first = '(', second = ')';

	(void)state;
	assert_int_equal(loop_on_turn(diary.loop, on_turn, &first), 0);
	assert_int_equal(loop_on_turn(diary.loop, on_turn, &second), 0);
	assert_int_equal(loop_add_fd(diary.loop, diary.fds[0], EPOLLIN, defer_from_fd, NULL,
				     &diary.watch),
			 0);
	send_byte('a');
	send_byte('b');
	run(0);
	assert_string_equal(diary.text, "abd()e");
}

static int read_for_ever(void *arg, int fd, uint32_t events)
{
	static int reads;

	(void)arg;
	(void)fd;
	(void)events;
	assert_true(++reads < 1000);
	return 0;
}

static void what_is_always_ready_keeps_no_turn_from_its_end(void **state)
{
	(void)state;
	assert_int_equal(loop_add_fd(diary.loop, diary.fds[0], EPOLLOUT, read_for_ever, NULL,
				     &diary.watch),
			 0);
	assert_int_equal(loop_on_turn(diary.loop, end, NULL), 0);
	run(0);
	assert_string_equal(diary.text, "e");
}

static int again(void *arg)
{
	int *left = arg;

	note('a');
	return --*left > 0 ? loop_defer(diary.loop, again, left)
			   : loop_defer(diary.loop, end, NULL);
}

static void deferred_work_goes_on_in_slices_without_sleep(void **state)
{
	int left = 3;

	(void)state;
	assert_int_equal(loop_defer(diary.loop, again, &left), 0);
	assert_int_equal(loop_defer(diary.loop, again, &left), 0);
	run(0);
	assert_string_equal(diary.text, "aaae");
}

static int fails(void *arg)
{
	(void)arg;
	note('x');
	return -EIO;
}

static int undefer_fail(void *arg)
{
	note('u');
	loop_undefer(diary.loop, fails, arg);
	return loop_defer(diary.loop, end, NULL);
}

static void what_was_deferred_can_be_taken_back(void **state)
{
	int arg = 0;

	(void)state;
	assert_int_equal(loop_defer(diary.loop, undefer_fail, &arg), 0);
	assert_int_equal(loop_defer(diary.loop, fails, &arg), 0);
	run(0);
	assert_string_equal(diary.text, "ue");
}

static void a_failure_ends_the_loop_with_its_code_and_nothing_follows(void **state)
{
	(void)state;
	assert_int_equal(loop_defer(diary.loop, fails, NULL), 0);
	assert_int_equal(loop_defer(diary.loop, end, NULL), 0);
	assert_int_equal(loop_on_turn(diary.loop, end, NULL), 0);
	run(-EIO);
	assert_string_equal(diary.text, "x");
}

static void without_a_service_manager_there_is_nobody_to_tell(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0); /* NOLINT(concurrency-mt-unsafe) */
	assert_int_equal(unsetenv("LISTEN_FDS"), 0);    /* NOLINT(concurrency-mt-unsafe) */
	assert_int_equal(unsetenv("WATCHDOG_USEC"), 0); /* NOLINT(concurrency-mt-unsafe) */
	loop_notify("READY=1");
	assert_int_equal(loop_listen_fd("control"), -1);
	assert_int_equal(loop_watchdog(diary.loop), 0);
}

static void the_watchdog_wants_half_its_period(void **state)
{
	(void)state;
	assert_int_equal(setenv("WATCHDOG_USEC", "10000000", 1),
			 0); /* NOLINT(concurrency-mt-unsafe) */
	assert_int_equal(setenv("NOTIFY_SOCKET", "@ipsd-unit", 1),
			 0);                           /* NOLINT(concurrency-mt-unsafe) */
	assert_int_equal(unsetenv("WATCHDOG_PID"), 0); /* NOLINT(concurrency-mt-unsafe) */
	assert_int_equal(loop_watchdog(diary.loop), 5000);
}

static int be_busy(void *arg)
{
	int64_t begin = clock_monotonic();

	(void)arg;
	while (clock_monotonic() - begin < 20000) {
	}
	return end(NULL);
}

static void the_longest_turn_is_told_and_waiting_is_no_part_of_it(void **state)
{
	(void)state;
	assert_int_equal(loop_longest_turn(diary.loop).us, 0);
	assert_int_equal(loop_add_timer(diary.loop, be_busy, NULL, &diary.timer), 0);
	assert_int_equal(loop_timer_set(diary.timer,
					instant_add(clock_now(), (duration){ .us = 500000 })),
			 0);
	run(0);
	assert_true(loop_longest_turn(diary.loop).us >= 20000);
	assert_true(loop_longest_turn(diary.loop).us < 450000);
}

int main(void)
{
#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		IN_LOOP(a_descriptor_calls_back_until_it_is_empty),
		IN_LOOP(a_regular_file_cannot_be_waited_on),
		IN_LOOP(what_is_waited_for_can_be_changed),
		IN_LOOP(handles_may_be_freed_in_their_own_callback_and_in_another),
		IN_LOOP(a_timer_fires_once_and_not_too_early),
		IN_LOOP(a_timer_in_the_past_fires_at_once),
		IN_LOOP(a_timer_that_was_turned_off_is_silent),
		IN_LOOP(a_signal_calls_back),
		IN_LOOP(the_end_of_a_child_is_told_as_waitpid_tells_it),
		IN_LOOP(a_turn_ends_after_all_that_is_ready_and_all_that_was_deferred),
		IN_LOOP(what_is_always_ready_keeps_no_turn_from_its_end),
		IN_LOOP(deferred_work_goes_on_in_slices_without_sleep),
		IN_LOOP(what_was_deferred_can_be_taken_back),
		IN_LOOP(a_failure_ends_the_loop_with_its_code_and_nothing_follows),
		IN_LOOP(without_a_service_manager_there_is_nobody_to_tell),
		IN_LOOP(the_longest_turn_is_told_and_waiting_is_no_part_of_it),
		IN_LOOP(the_watchdog_wants_half_its_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
