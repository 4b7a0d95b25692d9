/* SPDX-License-Identifier: MIT */
/* What filters remember, kept elsewhere by its changes alone. Whoever keeps it here does what a
 * database does: a transaction at random moments, some of which fail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/once.h"
#include "unit/base/dice.h"
#include "unit/detect/session_rule.h"

enum { ROUNDS = 30000, IDS = 400 };

/* ---- sessions ---- */

struct row {
	bool used;
	struct session_kept kept;
	char account[SESSION_ACCOUNT_KEPT], text[SESSION_TEXT_KEPT];
};

struct elsewhere {
	struct row rows[SESSIONS_MAX];
	instant time;
	duration lag;
};

static struct sessions *make(void)
{
	struct sessions *s = NULL;

	assert_int_equal(sessions_new(&RULE, &s), 0);
	return s;
}

static void put_row(struct elsewhere *e, const struct session_kept *kept)
{
	struct row *row = &e->rows[kept->place];

	*row = (struct row){ .used = true, .kept = *kept };
	assert_true(kept->account.n <= sizeof(row->account) && kept->text.n <= sizeof(row->text));
	if (kept->account.n > 0) {
		memcpy(row->account, kept->account.p, kept->account.n);
	}
	memcpy(row->text, kept->text.p, kept->text.n);
	row->kept.account.p = row->account;
	row->kept.text.p = row->text;
}

/* Rows that were written. */
static size_t keep(struct elsewhere *e, struct sessions *s)
{
	struct session_kept kept;
	uint32_t cursor = 0, place;
	size_t n = 0;

	while (sessions_each_ended(s, &cursor, &place)) {
		assert_true(e->rows[place].used);
		e->rows[place].used = false;
		n++;
	}
	cursor = 0;
	while (sessions_each(s, false, &cursor, &kept)) {
		put_row(e, &kept);
		n++;
	}
	assert_true(n == 0 || sessions_changed(s));
	e->time = sessions_time(s);
	e->lag = sessions_lag(s);
	sessions_were_kept(s);
	assert_false(sessions_changed(s));
	return n;
}

static void assert_same(const struct elsewhere *e, const struct sessions *s)
{
	struct session_kept kept;
	uint32_t cursor = 0;
	size_t open = 0, used = 0;

	while (sessions_each(s, true, &cursor, &kept)) {
		const struct row *row = &e->rows[kept.place];

		assert_true(row->used && row->kept.heard == kept.heard &&
			    row->kept.last.us == kept.last.us && row->kept.opened == kept.opened &&
			    row->kept.satisfied == kept.satisfied &&
			    row->kept.service == kept.service && row->kept.count == kept.count);
		assert_true(addr_eq(&row->kept.addr, &kept.addr));
		assert_true(str_eq(row->kept.account, kept.account));
		assert_true(str_eq(row->kept.text, kept.text));
		assert_memory_equal(row->kept.digest, kept.digest, SESSION_DIGEST);
		open++;
	}
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		used += e->rows[i].used;
	}
	assert_int_equal(used, open);
}

static int by_hearing(const void *a, const void *b)
{
	const struct row *const *x = a, *const *y = b;

	return (*x)->kept.heard < (*y)->kept.heard ? -1 : (*x)->kept.heard > (*y)->kept.heard;
}

static struct sessions *recall(struct elsewhere *e)
{
	struct sessions *s = make();
	struct row **rows = calloc(SESSIONS_MAX, sizeof(struct row *));
	size_t n = 0;

	assert_non_null(rows);
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		if (e->rows[i].used) {
			rows[n++] = &e->rows[i];
		}
	}
	qsort(rows, n, sizeof(struct row *), by_hearing);
	sessions_recall_time(s, e->time, e->lag);
	for (size_t i = 0; i < n; i++) {
		sessions_recall(s, &rows[i]->kept);
	}
	free(rows);
	return s;
}

static struct event random_event(struct dice *dice, int64_t second, char id[static 16])
{
	static const uint16_t types[] = { EVENT_CONNECTION, EVENT_CONNECTION, EVENT_DISCONNECTION,
					  EVENT_MESSAGE_ACCEPTED, EVENT_AUTH_FAILURE };
	struct event e = {
		.time = instant_at(second - dice_below(dice, 3)),
		.type = types[dice_below(dice, ARRAY_SIZE(types))],
		.service = dice_below(dice, 3) ? (uint16_t)EVENT_SERVICE_NONE : 3,
		.count = (uint16_t)(1 + dice_below(dice, 3)),
		.account = dice_below(dice, 3) ? STR_NONE : STR("bob"),
		.text = STR("a line"),
	};

	(void)snprintf(id, 16, "%u", dice_below(dice, IDS));
	e.session = dice_below(dice, 20) ? str_of(id) : STR_NONE;
	if (dice_below(dice, 2)) {
		e.addr = (struct addr){ .family = 4,
					.bytes = { 192, 0, 2, (uint8_t)dice_below(dice, 256) } };
	}
	return e;
}

static void assert_same_event(const struct event *a, const struct event *b)
{
	assert_int_equal(a->time.us, b->time.us);
	assert_true(a->type == b->type && a->service == b->service && a->count == b->count);
	assert_true(addr_eq(&a->addr, &b->addr));
	assert_true(str_eq(a->account, b->account) && str_eq(a->text, b->text));
}

/* Both hear the event, and say the same. */
static void hear(struct sessions *a, struct sessions *b, struct event e, instant arrival)
{
	struct event other = e, bad_a, bad_b;
	bool is_bad;

	while (sessions_silent(a, sessions_time(a), &bad_a)) {
		assert_true(sessions_silent(b, sessions_time(b), &bad_b));
		assert_same_event(&bad_a, &bad_b);
		sessions_end(a);
		sessions_end(b);
	}
	assert_false(sessions_silent(b, sessions_time(b), &bad_b));
	sessions_carry(a, &e);
	sessions_carry(b, &other);
	assert_same_event(&e, &other);
	is_bad = sessions_ends_badly(a, &e, &bad_a);
	assert_int_equal(sessions_ends_badly(b, &e, &bad_b), is_bad);
	if (is_bad) {
		assert_same_event(&bad_a, &bad_b);
	}
	sessions_add(a, &e, arrival);
	sessions_add(b, &e, arrival);
	assert_int_equal(sessions_deadline(a).us, sessions_deadline(b).us);
}

static void sessions_that_come_back_go_on_as_if_nothing_had_been(void **state)
{
	struct elsewhere *e = calloc(1, sizeof(*e));
	struct dice dice = dice_new(0x5e55);
	struct sessions *s = make(), *back = make();
	int64_t second = 1000;
	size_t restarts = 0, written = 0;
	char id[16];

	(void)state;
	assert_non_null(e);
	for (int i = 0; i < ROUNDS; i++) {
		const struct event event = random_event(&dice, second, id);

		hear(s, back, event, instant_at(second + 2));
		second += dice_below(&dice, 20) == 0 ? dice_below(&dice, 500) : 0;
		if (dice_below(&dice, 7) == 0) {
			written += keep(e, s);
			assert_same(e, s);
			if (dice_below(&dice, 30) == 0) {
				sessions_free(back);
				back = recall(e);
				restarts++;
			}
		}
	}
	assert_true(restarts > 50 && written < 2 * ROUNDS);
	sessions_free(s);
	sessions_free(back);
	free(e);
}

static void add(struct sessions *s, uint16_t type, int id)
{
	char text[16];
	struct event e = { .time = instant_at(100), .type = type, .count = 1, .text = STR("x") };

	(void)snprintf(text, sizeof(text), "%d", id);
	e.session = str_of(text);
	sessions_add(s, &e, INSTANT_NEVER);
}

static size_t count_ended(const struct sessions *s)
{
	uint32_t cursor = 0, place;
	size_t n = 0;

	while (sessions_each_ended(s, &cursor, &place)) {
		n++;
	}
	return n;
}

/* Whoever keeps it takes nothing for a long time. */
static void a_flood_between_two_transactions_notes_each_place_once(void **state)
{
	struct elsewhere *e = calloc(1, sizeof(*e));
	struct sessions *s = make();

	(void)state;
	assert_non_null(e);
	for (int i = 0; i < SESSIONS_MAX; i++) {
		add(s, EVENT_CONNECTION, i);
	}
	assert_int_equal(keep(e, s), SESSIONS_MAX);
	for (int i = 0; i < 3 * SESSIONS_MAX; i++) {
		add(s, EVENT_CONNECTION, i);
		add(s, EVENT_DISCONNECTION, i);
	}
	assert_int_equal(count_ended(s), SESSIONS_MAX);
	for (int i = 0; i < 10; i++) {
		add(s, EVENT_CONNECTION, i);
	}
	assert_int_equal(count_ended(s), SESSIONS_MAX - 10);
	(void)keep(e, s);
	assert_same(e, s);
	assert_int_equal(count_ended(s), 0);
	sessions_free(s);
	free(e);
}

static void one_that_opened_and_ended_in_between_is_nobodys_business(void **state)
{
	struct session_kept kept;
	struct sessions *s = make();
	uint32_t cursor = 0;

	(void)state;
	add(s, EVENT_CONNECTION, 1);
	add(s, EVENT_DISCONNECTION, 1);
	assert_int_equal(count_ended(s), 0);
	assert_false(sessions_each(s, false, &cursor, &kept));
	sessions_free(s);
}

static void other_rules_know_services_by_their_names(void **state)
{
	struct str words[] = { STR("smtp"), STR("imap"), STR("gone") };
	struct str others[] = { STR("pop3"), STR("imap"), STR("smtp") };
	const struct names before = { words, 3, 3 }, now = { others, 3, 3 };
	static const uint16_t want[] = { 2, 1, EVENT_SERVICE_NONE, EVENT_SERVICE_NONE };
	struct sessions *s = make(), *other = make();

	(void)state;
	for (uint16_t i = 0; i < 4; i++) {
		struct event e = { .time = instant_at(100), .service = i, .count = 1 };

		e.service = i < 3 ? i : (uint16_t)EVENT_SERVICE_NONE;
		e.session = (struct str){ &"0123"[i], 1 };
		sessions_add(other, &e, INSTANT_NEVER);
	}
	sessions_inherit(s, other, &before, &now);
	for (uint16_t i = 0; i < 4; i++) {
		struct event e = { .service = EVENT_SERVICE_NONE, .count = 1 };

		e.session = (struct str){ &"0123"[i], 1 };
		sessions_carry(s, &e);
		assert_int_equal(e.service, want[i]);
	}
	sessions_free(s);
	sessions_free(other);
}

/* ---- what was told once ---- */

static struct once *make_once(void)
{
	struct once *o = NULL;

	assert_int_equal(once_new(ONCE_ADDRESS | ONCE_SERVICE | ONCE_TYPE, &o), 0);
	return o;
}

struct once_rows {
	struct once_kept at[ONCE_KEYS];
	bool used[ONCE_KEYS];
};

static size_t keep_once(struct once_rows *rows, struct once *o)
{
	struct once_kept kept;
	uint32_t cursor = 0;
	size_t n = 0;

	while (once_each(o, false, &cursor, &kept)) {
		rows->at[kept.place] = kept;
		rows->used[kept.place] = true;
		n++;
	}
	once_was_kept(o);
	cursor = 0;
	assert_false(once_each(o, false, &cursor, &kept));
	return n;
}

static struct once *recall_once(const struct once_rows *rows)
{
	struct once *o = make_once();
	uint64_t after = 0;

	for (;;) {
		const struct once_kept *next = NULL;

		for (size_t i = 0; i < ONCE_KEYS; i++) {
			if (rows->used[i] && rows->at[i].added > after &&
			    (!next || rows->at[i].added < next->added)) {
				next = &rows->at[i];
			}
		}
		if (!next) {
			return o;
		}
		once_recall(o, next);
		after = next->added;
	}
}

static void what_was_told_once_is_not_told_again_after_a_restart(void **state)
{
	static struct once_rows rows;
	struct dice dice = dice_new(0x0ce);
	struct once *o = make_once(), *back = make_once();
	int64_t second = 1000;
	unsigned folded = 0, restarts = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		unsigned number = dice_below(&dice, 3000);
		struct event e = {
			.time = instant_at(second + dice_below(&dice, 20)),
			.addr = { .family = 4,
				  .bytes = { 10, 0, (uint8_t)(number >> 8), (uint8_t)number } },
		};
		bool has = once_has(o, &e);

		assert_int_equal(once_has(back, &e), has);
		folded += has;
		once_add(o, &e);
		once_add(back, &e);
		second += dice_below(&dice, 100) == 0;
		if (dice_below(&dice, 5) == 0) {
			assert_true(keep_once(&rows, o) < 100);
		}
		if (dice_below(&dice, 1000) == 0) {
			(void)keep_once(&rows, o);
			once_free(back);
			back = recall_once(&rows);
			restarts++;
		}
	}
	assert_true(folded > 1000 && restarts > 10);
	once_free(o);
	once_free(back);
}

static void names_are_what_is_the_same_under_other_rules(void **state)
{
	struct str words[] = { STR("smtp"), STR("imap") }, others[] = { STR("imap"), STR("smtp") };
	const struct names before = { words, 2, 2 }, now = { others, 2, 2 };
	struct event e = { .time = instant_at(100), .service = 0 };
	struct once *o = make_once();

	(void)state;
	once_name(o, &before, &before);
	once_add(o, &e);
	once_name(o, &now, &now);
	assert_false(once_has(o, &e));
	e.service = 1;
	e.type = 1;
	assert_true(once_has(o, &e));
	e.service = EVENT_SERVICE_NONE;
	assert_false(once_has(o, &e));
	once_free(o);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_that_come_back_go_on_as_if_nothing_had_been),
		cmocka_unit_test(a_flood_between_two_transactions_notes_each_place_once),
		cmocka_unit_test(one_that_opened_and_ended_in_between_is_nobodys_business),
		cmocka_unit_test(other_rules_know_services_by_their_names),
		cmocka_unit_test(what_was_told_once_is_not_told_again_after_a_restart),
		cmocka_unit_test(names_are_what_is_the_same_under_other_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
