/* SPDX-License-Identifier: MIT */
#include "output/queue.h"

#include <errno.h>

#include "unit/base/dice.h"

static struct queue *new_queue(size_t max)
{
	struct queue *q = NULL;

	assert_int_equal(queue_new(max, &q), 0);
	return q;
}

/* The cookie tells the records apart. */
static void add(struct queue *q, uint64_t cookie)
{
	assert_int_equal(queue_add(q, &(struct record){ .kind = RECORD_ASK, .cookie = cookie }), 0);
}

static void a_new_one_has_nothing_to_send_and_knows_no_answer(void **state)
{
	CLEANUP(queue_freep) struct queue *q = new_queue(4);
	struct record r;
	size_t n;

	(void)state;
	assert_int_equal(queue_count(q), 0);
	assert_null(queue_unsent(q, 10, &n));
	assert_false(queue_answer(q, 0, &r));
	assert_false(queue_answer(q, 1, &r));
	queue_rewind(q);
	assert_null(queue_unsent(q, 10, &n));
	assert_null(queue_free(NULL));
}

static void a_record_leaves_by_the_answer_to_its_number(void **state)
{
	CLEANUP(queue_freep) struct queue *q = new_queue(4);
	const struct record *records;
	struct record r;
	size_t n = 0;

	(void)state;
	add(q, 100);
	add(q, 200);
	records = queue_unsent(q, 10, &n);
	assert_int_equal(n, 2);
	assert_int_equal(records[0].seq, 1);
	assert_int_equal(records[1].seq, 2);
	assert_false(queue_answer(q, 1, &r));
	queue_mark_sent(q, 2);
	assert_null(queue_unsent(q, 10, &n));
	assert_false(queue_answer(q, 2, &r));
	assert_true(queue_answer(q, 1, &r));
	assert_int_equal(r.cookie, 100);
	assert_false(queue_answer(q, 1, &r));
	assert_true(queue_answer(q, 2, &r));
	assert_int_equal(r.cookie, 200);
	assert_int_equal(queue_count(q), 0);
}

static void a_new_process_gets_all_without_an_answer_in_the_old_order(void **state)
{
	CLEANUP(queue_freep) struct queue *q = new_queue(8);
	const struct record *records;
	struct record r;
	size_t n = 0;

	(void)state;
	for (uint64_t i = 1; i <= 5; i++) {
		add(q, i);
	}
	queue_mark_sent(q, 3);
	assert_true(queue_answer(q, 1, &r));
	queue_rewind(q);
	assert_false(queue_answer(q, 2, &r));
	records = queue_unsent(q, 10, &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(records[i].seq, i + 2);
	}
	queue_mark_sent(q, 4);
	assert_false(queue_answer(q, 3, &r));
	assert_true(queue_answer(q, 2, &r));
}

static void a_full_one_takes_no_more_until_something_was_answered(void **state)
{
	CLEANUP(queue_freep) struct queue *q = new_queue(100);
	struct record r;

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		add(q, i);
	}
	assert_int_equal(queue_add(q, &(struct record){ .kind = RECORD_ASK }), -ENOBUFS);
	assert_int_equal(queue_count(q), 100);
	queue_mark_sent(q, 1);
	assert_true(queue_answer(q, 1, &r));
	add(q, 100);
	assert_int_equal(queue_add(q, &(struct record){ .kind = RECORD_ASK }), -ENOBUFS);
}

struct model {
	uint64_t first, sent, end;
};

static void send_some(struct queue *q, struct model *m, size_t max)
{
	size_t n = 0;
	const struct record *records = queue_unsent(q, max, &n);

	assert_int_equal(records != NULL, m->sent < m->end);
	for (size_t i = 0; records && i < n; i++) {
		assert_int_equal(records[i].seq, ++m->sent);
		assert_int_equal(records[i].cookie, m->sent * 3);
	}
	queue_mark_sent(q, records ? n : 0);
}

static void do_one_of(struct queue *q, struct model *m, uint32_t what, size_t max)
{
	struct record r;

	if (what == 0) {
		queue_rewind(q);
		m->sent = m->first;
	} else if (what == 1) {
		assert_false(queue_answer(q, m->sent + 1, &r));
	} else if (what < 6) {
		send_some(q, m, max);
	} else if (what < 10) {
		assert_int_equal(queue_answer(q, m->first + 1, &r), m->first < m->sent);
		m->first += m->first < m->sent;
	} else if (m->end - m->first < 1000) {
		add(q, ++m->end * 3);
	}
}

static void keeps_order_over_all_turns_of_its_ring(void **state)
{
	CLEANUP(queue_freep) struct queue *q = new_queue(1000);
	struct dice d = dice_new(7);
	struct model m = { 0 };

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint32_t what = dice_below(&d, 16);

		do_one_of(q, &m, what, 1 + dice_below(&d, 40));
		assert_int_equal(queue_count(q), m.end - m.first);
	}
	assert_true(m.first > 5000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one_has_nothing_to_send_and_knows_no_answer),
		cmocka_unit_test(a_record_leaves_by_the_answer_to_its_number),
		cmocka_unit_test(a_new_process_gets_all_without_an_answer_in_the_old_order),
		cmocka_unit_test(a_full_one_takes_no_more_until_something_was_answered),
		cmocka_unit_test(keeps_order_over_all_turns_of_its_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
