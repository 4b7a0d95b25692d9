/* SPDX-License-Identifier: MIT */
#include "output/transact.h"

#include <errno.h>

#include "unit/base/dice.h"

enum { MANY = 4000 };

/* A kernel: it refuses some keys, and fails as a whole when too much comes at once. */
struct kernel {
	int refuses[MANY]; /* the error for the wish with this number */
	bool done[MANY];
	uint32_t at[MANY]; /* when it was done */
	size_t most;       /* wishes at once before `too_much` */
	int too_much;
	unsigned tries, operations_max;
	uint32_t clock;
};

static struct element_wish wishes[MANY];
static struct kernel kernel;

static size_t number_of(const struct element_wish *w)
{
	return (size_t)w->key.bytes[0] << 8 | w->key.bytes[1];
}

static int transact(void *arg, struct element_wish *w, size_t n)
{
	struct kernel *k = arg;
	unsigned operations = 0, refused = 0;
	size_t undecided = 0;

	k->tries++;
	for (size_t i = 0; i < n; i++) {
		if (w[i].error == TRANSACT_UNDECIDED) {
			undecided++;
			operations += transact_operations(&w[i]);
		}
	}
	assert_true(undecided > 0);
	k->operations_max = operations > k->operations_max ? operations : k->operations_max;
	if (undecided > k->most) {
		return k->too_much;
	}
	for (size_t i = 0; i < n; i++) {
		if (w[i].error == TRANSACT_UNDECIDED && k->refuses[number_of(&w[i])] < 0) {
			w[i].error = k->refuses[number_of(&w[i])];
			refused++;
		}
	}
	for (size_t i = 0; i < n && refused == 0; i++) {
		if (w[i].error == TRANSACT_UNDECIDED) {
			k->done[number_of(&w[i])] = true;
			k->at[number_of(&w[i])] = k->clock++;
		}
	}
	return refused > 0;
}

static void prepare(size_t n, bool hold)
{
	kernel = (struct kernel){ .most = MANY };
	for (size_t i = 0; i < n; i++) {
		wishes[i] = (struct element_wish){
			.key = { .family = 4, .bytes = { (uint8_t)(i >> 8), (uint8_t)i } },
			.hold = hold,
			.error = TRANSACT_UNDECIDED,
		};
	}
}

static void check_fates(size_t n)
{
	uint32_t last = 0;

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(wishes[i].error, kernel.refuses[i]);
		assert_int_equal(kernel.done[i], kernel.refuses[i] == 0);
		if (kernel.done[i]) {
			assert_true(kernel.at[i] >= last);
			last = kernel.at[i];
		}
	}
}

static void no_wishes_are_no_transaction(void **state)
{
	(void)state;
	prepare(0, true);
	transact_all(transact, &kernel, wishes, 0);
	assert_int_equal(kernel.tries, 0);
}

static void a_transaction_is_as_full_as_it_may_be(void **state)
{
	(void)state;
	prepare(MANY, true);
	transact_all(transact, &kernel, wishes, 666);
	assert_int_equal(kernel.tries, 1);
	assert_int_equal(kernel.operations_max, 1998);
	prepare(MANY, true);
	transact_all(transact, &kernel, wishes, 667);
	assert_int_equal(kernel.tries, 2);
	prepare(MANY, false);
	transact_all(transact, &kernel, wishes, MANY);
	assert_int_equal(kernel.tries, 4);
	assert_int_equal(kernel.operations_max, 2000);
	check_fates(MANY);
}

static void the_refused_get_their_errors_and_the_others_are_done(void **state)
{
	(void)state;
	prepare(2000, true);
	kernel.refuses[0] = -ENOSPC;
	kernel.refuses[665] = -EEXIST;
	kernel.refuses[1999] = -EINVAL;
	transact_all(transact, &kernel, wishes, 2000);
	check_fates(2000);
	assert_int_equal(kernel.tries, 2 + 1 + 1 + 2);
}

static void when_all_are_refused_there_is_no_second_try(void **state)
{
	(void)state;
	prepare(100, true);
	for (size_t i = 0; i < 100; i++) {
		kernel.refuses[i] = -ENOENT;
	}
	transact_all(transact, &kernel, wishes, 100);
	check_fates(100);
	assert_int_equal(kernel.tries, 1);
}

static void lost_answers_are_met_by_halves(void **state)
{
	(void)state;
	prepare(600, true);
	kernel.most = 10;
	kernel.too_much = -ENOBUFS;
	kernel.refuses[17] = -ENOSPC;
	transact_all(transact, &kernel, wishes, 600);
	check_fates(600);
	assert_true(kernel.tries < 200);
}

static void what_halves_do_not_mend_is_the_fate_of_each(void **state)
{
	static const int errors[] = { -ENOMEM, -EMSGSIZE, -ENOBUFS };

	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(errors); e++) {
		prepare(33, true);
		kernel.most = 0;
		kernel.too_much = errors[e];
		transact_all(transact, &kernel, wishes, 33);
		for (size_t i = 0; i < 33; i++) {
			assert_int_equal(wishes[i].error, errors[e]);
		}
		assert_int_equal(kernel.tries, 33 + 32);
	}
}

static void what_is_decided_already_is_left_alone(void **state)
{
	(void)state;
	prepare(700, true);
	for (size_t i = 0; i < 700; i += 2) {
		wishes[i].error = 0;
	}
	transact_all(transact, &kernel, wishes, 700);
	for (size_t i = 0; i < 700; i++) {
		assert_int_equal(wishes[i].error, 0);
		assert_int_equal(kernel.done[i], i % 2 == 1);
	}
	prepare(700, true);
	for (size_t i = 0; i < 700; i++) {
		wishes[i].error = 0;
	}
	transact_all(transact, &kernel, wishes, 700);
	assert_int_equal(kernel.tries, 0);
}

static void what_is_forbidden_as_a_whole_is_tried_once(void **state)
{
	(void)state;
	prepare(500, true);
	kernel.most = 0;
	kernel.too_much = -EPERM;
	transact_all(transact, &kernel, wishes, 500);
	assert_int_equal(kernel.tries, 1);
	for (size_t i = 0; i < 500; i++) {
		assert_int_equal(wishes[i].error, -EPERM);
	}
}

static void every_mixture_ends_with_each_fate_told(void **state)
{
	struct dice d = dice_new(99);

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + dice_below(&d, 1500);

		prepare(n, true);
		kernel.most = 1 + dice_below(&d, 800);
		kernel.too_much = -ENOBUFS;
		for (size_t i = 0; i < n; i++) {
			wishes[i].hold = dice_below(&d, 2);
			kernel.refuses[i] = dice_below(&d, 50) == 0 ? -ENOSPC : 0;
		}
		transact_all(transact, &kernel, wishes, n);
		check_fates(n);
		assert_true(kernel.operations_max <= TRANSACT_OPERATIONS);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wishes_are_no_transaction),
		cmocka_unit_test(a_transaction_is_as_full_as_it_may_be),
		cmocka_unit_test(the_refused_get_their_errors_and_the_others_are_done),
		cmocka_unit_test(when_all_are_refused_there_is_no_second_try),
		cmocka_unit_test(lost_answers_are_met_by_halves),
		cmocka_unit_test(what_halves_do_not_mend_is_the_fate_of_each),
		cmocka_unit_test(what_is_decided_already_is_left_alone),
		cmocka_unit_test(what_is_forbidden_as_a_whole_is_tried_once),
		cmocka_unit_test(every_mixture_ends_with_each_fate_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
