/* SPDX-License-Identifier: MIT */
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>

#include "unit/sys/folder.h"

/* What `speak` writes to stderr, in a child. */
static const char *heard(void (*speak)(void))
{
	static char text[8192];
	int fds[2], saved = dup(STDERR_FILENO);
	size_t n = 0;
	ssize_t got;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	(void)close(fds[1]);
	speak();
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(saved);
	while ((got = read(fds[0], text + n, sizeof(text) - 1 - n)) > 0) {
		n += (size_t)got;
	}
	text[n] = '\0';
	(void)close(fds[0]);
	return text;
}

static void say_all(void)
{
	log_error("%d", 1);
	log_warning("%d", 2);
	log_notice("%d", 3);
	log_info("%d", 4);
	log_debug("%d", 5);
}

static void say_awkward_things(void)
{
	errno = 42;
	log_error("two\nlines\r\x1b[31m and \x7f");
	assert_int_equal(errno, 42);
	log_error("%s", "");
}

static void say_too_much(void)
{
	log_error("%05000d", 7);
}

static void a_level_silences_those_below_it(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	assert_string_equal(heard(say_all), "error: 1\n");
	log_set_level(LOG_LEVEL_DEBUG);
	assert_string_equal(heard(say_all), "error: 1\nwarning: 2\nnotice: 3\ninfo: 4\ndebug: 5\n");
	log_set_level(LOG_LEVEL_INFO);
	assert_string_equal(heard(say_all), "error: 1\nwarning: 2\nnotice: 3\ninfo: 4\n");
}

static void a_message_is_one_line_and_obeyed_by_no_terminal(void **state)
{
	(void)state;
	assert_string_equal(heard(say_awkward_things), "error: two lines  [31m and  \nerror: \n");
}

static void a_long_message_is_cut_and_still_a_line(void **state)
{
	const char *text = heard(say_too_much);
	size_t n = strlen(text);

	(void)state;
	assert_true(n > 1000 && n < 3000);
	assert_int_equal(text[n - 1], '\n');
}

static void levels_have_words(void **state)
{
	static const char *const words[] = { "error", "warning", "notice", "info", "debug" };
	enum log_level level;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(log_level_parse(words[i], &level), 0);
		assert_int_equal(level, i);
	}
	assert_int_equal(log_level_parse("", &level), -EINVAL);
	assert_int_equal(log_level_parse("Error", &level), -EINVAL);
	assert_int_equal(log_level_parse("errors", &level), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_level_silences_those_below_it),
		cmocka_unit_test(a_message_is_one_line_and_obeyed_by_no_terminal),
		cmocka_unit_test(a_long_message_is_cut_and_still_a_line),
		cmocka_unit_test(levels_have_words),
	};

	log_to_stderr();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
