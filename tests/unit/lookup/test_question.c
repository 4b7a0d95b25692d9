/* SPDX-License-Identifier: MIT */
#include "lookup/question.h"

#include <errno.h>
#include <string.h>

#include "unit/check.h"

static void takes_only_a_whole_question(void **state)
{
	struct question q = { .id = 1, .name = "mail.example.org" }, got;

	(void)state;
	assert_int_equal(question_parse(&q, sizeof(q), &got), 0);
	assert_string_equal(got.name, "mail.example.org");
	assert_int_equal(question_parse(&q, sizeof(q) - 1, &got), -EBADMSG);
	q.id = 0;
	assert_int_equal(question_parse(&q, sizeof(q), &got), -EBADMSG);
	q.id = 1;
	memset(q.name, 'a', sizeof(q.name));
	assert_int_equal(question_parse(&q, sizeof(q), &got), -EBADMSG);
	memcpy(q.name, "a b", 4);
	assert_int_equal(question_parse(&q, sizeof(q), &got), -EBADMSG);
}

static const struct answer FOUND = {
	.id = 7,
	.state = ANSWER_FOUND,
	.n = 2,
	.addresses = { { .family = 4, .bytes = { 192, 0, 2, 1 } },
		       { .family = 6, .bytes = { 0x20, 1, 0xd, 0xb8 } } },
};

static int answer(const struct answer *a)
{
	struct answer got;

	return answer_parse(a, sizeof(*a), &got);
}

static void takes_only_a_whole_answer(void **state)
{
	struct answer a = FOUND, got;

	(void)state;
	assert_int_equal(answer(&a), 0);
	assert_int_equal(answer_parse(&a, sizeof(a) - 1, &got), -EBADMSG);
	a.n = 0;
	assert_int_equal(answer(&a), -EBADMSG);
	a.n = ANSWER_ADDRESSES + 1;
	assert_int_equal(answer(&a), -EBADMSG);
	a = FOUND;
	a.addresses[1].family = 5;
	assert_int_equal(answer(&a), -EBADMSG);
	a = FOUND;
	a.addresses[0].bytes[9] = 1;
	assert_int_equal(answer(&a), -EBADMSG);
	a = FOUND;
	a.why[0] = '\033';
	assert_int_equal(answer(&a), -EBADMSG);
	memset(a.why, 'a', sizeof(a.why));
	assert_int_equal(answer(&a), -EBADMSG);
	a = (struct answer){ .state = ANSWER_READY };
	assert_int_equal(answer(&a), 0);
	a.id = 1;
	assert_int_equal(answer(&a), -EBADMSG);
	a = (struct answer){ .id = 1, .state = ANSWER_NONE, .why = "no such name" };
	assert_int_equal(answer(&a), 0);
	a.state = ANSWER_FAILED + 1;
	assert_int_equal(answer(&a), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_only_a_whole_question),
		cmocka_unit_test(takes_only_a_whole_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
