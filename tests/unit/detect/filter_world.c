/* SPDX-License-Identifier: MIT */
#include "unit/detect/filter_world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/span.h"

static const char *const SERVICE_NAMES[] = { "smtp", "imap", "pop3", "webmail" };

int world_set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->arena = arena_new();
	w->diag = diag_new();
	assert_int_equal(matcher_new(&w->matcher), 0);
	w->spec = (struct filter_spec){
		.name = STR("test"),
		.at = { .file = STR("test.conf") },
		.service = EVENT_SERVICE_NONE,
		.services = w->services,
		.types = w->types,
		.defines = w->defines,
		.sections = w->sections,
	};
	w->when = (struct stamp_context){ .file_time = instant_at(1000), .date = STAMP_NO_DATE };
	*state = w;
	return 0;
}

int world_tear_down(void **state)
{
	struct world *w = *state;

	filter_free(w->filter);
	matcher_free(w->matcher);
	diag_free(w->diag);
	arena_free(w->arena);
	free(w);
	return 0;
}

struct spec_text text_at(const char *key, const char *text, unsigned line)
{
	return (struct spec_text){
		.text = str_of(text),
		.at = { .file = STR("test.conf"), .line = line, .key = str_of(key) },
	};
}

void add_section(struct world *w, uint16_t type)
{
	w->sections[w->spec.n_sections++] = (struct section_spec){
		.type = type,
		.name = STR("section"),
		.at = { .file = STR("test.conf"), .line = 100 },
		.service = EVENT_SERVICE_NONE,
	};
}

void add_text(struct world *w, struct spec_texts *list, const char *key, const char *text)
{
	assert_true(w->n_texts < TEXTS);
	w->texts[w->n_texts] = text_at(key, text, 10 + (unsigned)w->n_texts);
	if (list->n == 0) {
		list->at = &w->texts[w->n_texts];
	}
	assert_ptr_equal(list->at + list->n, &w->texts[w->n_texts]);
	w->n_texts++;
	list->n++;
}

struct section_spec *last_section(struct world *w)
{
	return &w->sections[w->spec.n_sections - 1];
}

void add_match(struct world *w, const char *text)
{
	add_text(w, &last_section(w)->match, "match", text);
}

void add_ignore(struct world *w, const char *text)
{
	add_text(w, &last_section(w)->ignore, "ignore", text);
}

void add_define(struct world *w, const char *name, const char *text)
{
	w->defines[w->spec.n_defines] = text_at(name, text, 200 + (unsigned)w->spec.n_defines);
	w->spec.n_defines++;
}

void add_service(struct world *w, const char *word, uint16_t number)
{
	w->services[w->spec.n_services++] = (struct spec_word){ str_of(word), number };
}

void add_type(struct world *w, const char *word, uint16_t number)
{
	assert_true(w->spec.n_types < WORDS);
	w->types[w->spec.n_types++] = (struct spec_word){ str_of(word), number };
}

void make(struct world *w)
{
	int r = filter_new(&w->spec, w->arena, w->diag, &w->filter);

	for (size_t i = 0; i < diag_total(w->diag); i++) {
		struct buf b = { 0 };

		diag_format(diag_item(w->diag, i), &b);
		print_message("# %s\n", buf_text(&b));
		buf_done(&b);
	}
	assert_int_equal(r, 0);
}

void make_one(struct world *w, const char *pattern)
{
	add_section(w, EVENT_AUTH_FAILURE);
	add_match(w, pattern);
	make(w);
}

void refuse(struct world *w, unsigned line, const char *what)
{
	const struct diag_item *item;

	assert_int_equal(filter_new(&w->spec, w->arena, w->diag, &w->filter), -EINVAL);
	assert_int_equal(diag_count(w->diag, DIAG_ERROR), 1);
	item = diag_item(w->diag, 0);
	assert_int_equal(item->place.line, line);
	if (!strstr(item->text, what)) {
		fail_msg("\"%s\" does not say \"%s\"", item->text, what);
	}
}

void refuse_one(struct world *w, const char *pattern, const char *what)
{
	add_section(w, EVENT_AUTH_FAILURE);
	add_match(w, pattern);
	refuse(w, 10, what);
}

enum filter_result ask(struct world *w, struct str line)
{
	return filter_match(w->filter, w->matcher, line, NULL, &w->when, &w->event);
}

void expect_str(struct world *w, struct str line, const char *want)
{
	const struct event *e = &w->event;
	char addr[ADDR_TEXT_MAX] = "-";
	struct buf got = { 0 };

	assert_int_equal(ask(w, line), FILTER_EVENT);
	if (e->addr.family) {
		addr_format(&e->addr, addr);
	}
	buf_printf(&got, "%s %s %s [", event_kind(e->type)->name, addr,
		   e->service < SERVICES ? SERVICE_NAMES[e->service] : "-");
	escape_text(&got, e->account);
	buf_printf(&got, "]");
	assert_string_equal(buf_text(&got), want);
	assert_ptr_equal(e->text.p, line.p);
	assert_int_equal(e->text.n, line.n);
	buf_done(&got);
}

void expect(struct world *w, const char *line, const char *want)
{
	expect_str(w, str_of(line), want);
}

void expect_no(struct world *w, const char *line, enum filter_result why)
{
	assert_int_equal(ask(w, str_of(line)), why);
}

void expect_time(const struct world *w, const char *want)
{
	char got[INSTANT_TEXT_MAX];

	assert_string_equal(instant_format(w->event.time, got), want);
}
