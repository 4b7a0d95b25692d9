/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "detect/detector.h"
#include "detect/once.h"
#include "unit/detect/filter_world.h"

static struct event event_at(int64_t second, const char *addr)
{
	struct event e = { .time = instant_at(second), .account = STR("bob"), .service = IMAP };

	assert_int_equal(addr_parse(str_of(addr), &e.addr), 0);
	return e;
}

static bool tell(struct once *o, const struct event *e)
{
	bool told = once_has(o, e);

	once_add(o, e);
	return told;
}

static void only_what_is_named_must_be_the_same(void **state)
{
	(void)state;
	for (unsigned fields = 1; fields < 64; fields++) {
		const struct event first = event_at(1000, "192.0.2.1");
		struct event other[6] = { first, first, first, first, first, first };
		struct once *o = NULL;

		assert_int_equal(once_new(fields, &o), 0);
		assert_false(tell(o, &first));
		assert_true(tell(o, &first));
		other[0].addr.bytes[3]++;
		other[1].service = SMTP;
		other[2].account = STR("bo");
		other[3].time.us++;
		other[4].session = STR("s");
		other[5].type++;
		for (unsigned i = 0; i < 6; i++) {
			assert_int_equal(once_has(o, &other[i]), !(fields & 1U << i));
		}
		once_free(o);
	}
}

static void an_account_is_not_a_session(void **state)
{
	struct event a = event_at(1000, "192.0.2.1"), b = a;
	struct once *o = NULL;

	(void)state;
	assert_int_equal(once_new(ONCE_ACCOUNT | ONCE_SESSION, &o), 0);
	a.session = STR("x");
	b.session = STR("bob");
	b.account = STR("x");
	assert_false(tell(o, &a));
	assert_false(tell(o, &b));
	once_free(o);
}

static void after_a_while_it_is_another_event(void **state)
{
	const struct event first = event_at(1000, "192.0.2.1");
	const struct event edge = event_at(1000 + ONCE_SECONDS, "192.0.2.1");
	struct event late = edge, early = event_at(1000 - ONCE_SECONDS, "192.0.2.1");
	struct once *o = NULL;

	(void)state;
	assert_int_equal(once_new(ONCE_ADDRESS, &o), 0);
	once_add(o, &first);
	assert_true(once_has(o, &edge));
	assert_true(once_has(o, &early));
	late.time.us++;
	early.time.us--;
	assert_false(once_has(o, &early));
	assert_false(tell(o, &late));
	assert_true(once_has(o, &late));
	assert_false(once_has(o, &first));
	once_free(o);
}

static struct event numbered(unsigned n)
{
	struct event e = event_at(1000, "10.0.0.0");

	e.addr.bytes[2] = (uint8_t)(n / 256);
	e.addr.bytes[3] = (uint8_t)n;
	return e;
}

static void the_last_thousand_are_remembered(void **state)
{
	struct once *o = NULL;

	(void)state;
	assert_int_equal(once_new(ONCE_ADDRESS, &o), 0);
	for (unsigned i = 0; i < 5 * ONCE_KEYS; i++) {
		const struct event e = numbered(i);
		const struct event oldest = numbered(i - ONCE_KEYS),
				   next = numbered(i - ONCE_KEYS + 1);

		assert_false(tell(o, &e));
		if (i >= ONCE_KEYS) {
			assert_false(once_has(o, &oldest));
			assert_true(once_has(o, &next));
		}
	}
	once_free(o);
}

static void fields_have_names(void **state)
{
	(void)state;
	assert_int_equal(once_field_find(STR("address")), ONCE_ADDRESS);
	assert_int_equal(once_field_find(STR("service")), ONCE_SERVICE);
	assert_int_equal(once_field_find(STR("account")), ONCE_ACCOUNT);
	assert_int_equal(once_field_find(STR("stamp")), ONCE_STAMP);
	assert_int_equal(once_field_find(STR("session")), ONCE_SESSION);
	assert_int_equal(once_field_find(STR("type")), ONCE_TYPE);
	assert_int_equal(once_field_find(STR("Address")), 0);
	assert_int_equal(once_field_find(STR("")), 0);
	assert_null(once_field_name(6));
	assert_string_equal(once_field_name(5), "type");
}

/* ---- in a detector ---- */

struct sink {
	unsigned n, refuse; /* how many came, how many are refused first */
};

static bool count(void *arg, const struct event *event)
{
	struct sink *sink = arg;

	(void)event;
	if (sink->refuse > 0) {
		sink->refuse--;
		return false;
	}
	sink->n++;
	return true;
}

/* One failed login at SmarterMail's web mail, as it writes it; then the same again a moment later.
 */
static const char SMARTERMAIL[] =
	"03:41:35.233 [203.0.113.9] Webmail Attempting to login user: 65\n"
	"03:41:35.233 [203.0.113.9] Webmail Login failed: Domain [65] not found\n"
	"03:41:35.233 [203.0.113.9] Webmail Login failed: Domain [203.0.113.65] not found\n"
	"03:41:35.233 [203.0.113.9] Webmail Login failed: LOGIN_FAILURE_DOMAIN_NOT_FOUND.\n"
	"03:41:35.233 [203.0.113.9] Webmail Login failed: Brute force attempts increased to 1.\n"
	"03:41:35.234 [203.0.113.9] Webmail Login failed: Domain [65] not found\n";

static void make_smartermail(struct world *w)
{
	w->spec.stamp = text_at("stamp", "%H:%M:%S", 1);
	w->spec.prefix = text_at("prefix", "^<STAMP> \\[<ADDR>\\] <SERVICE> ", 2);
	w->spec.once = ONCE_ADDRESS | ONCE_SERVICE | ONCE_STAMP;
	add_service(w, "Webmail", WEBMAIL);
	add_service(w, "IMAP", IMAP);
	add_section(w, EVENT_AUTH_FAILURE);
	add_match(w, "Login failed: \\S");
	make(w);
}

static void feed(struct world *w, struct detector *d, const char *log, struct sink *sink)
{
	struct str rest = str_of(log);

	while (rest.n > 0) {
		size_t n = detector_feed(d, w->matcher, rest, &w->when, count, sink);

		rest = str_slice(rest, n, SIZE_MAX);
	}
}

static void five_lines_of_one_failed_login_count_once(void **state)
{
	struct world *w = *state;
	struct detector *d = NULL;
	struct sink sink = { .n = 0 };

	make_smartermail(w);
	assert_int_equal(detector_new(&w->filter, 1, &d), 0);
	feed(w, d, SMARTERMAIL, &sink);
	assert_int_equal(sink.n, 2);
	assert_int_equal(detector_stats(d)->events, 2);
	assert_int_equal(detector_stats(d)->folded, 3);
	feed(w, d, "03:41:35.234 [203.0.113.9] IMAP Login failed: bad password\n", &sink);
	feed(w, d, "03:41:35.234 [203.0.113.8] Webmail Login failed: bad password\n", &sink);
	assert_int_equal(sink.n, 4);
	detector_free(d);
}

static void a_line_that_was_refused_does_not_fold_itself(void **state)
{
	struct world *w = *state;
	struct detector *d = NULL;
	struct sink sink = { .refuse = 3 };

	make_smartermail(w);
	assert_int_equal(detector_new(&w->filter, 1, &d), 0);
	feed(w, d, SMARTERMAIL, &sink);
	assert_int_equal(sink.n, 2);
	assert_int_equal(detector_stats(d)->folded, 3);
	detector_free(d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
		cmocka_unit_test(only_what_is_named_must_be_the_same),
		cmocka_unit_test(an_account_is_not_a_session),
		cmocka_unit_test(after_a_while_it_is_another_event),
		cmocka_unit_test(the_last_thousand_are_remembered),
		cmocka_unit_test(fields_have_names),
		IN_WORLD(five_lines_of_one_failed_login_count_once),
		IN_WORLD(a_line_that_was_refused_does_not_fold_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
