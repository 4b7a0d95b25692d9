/* SPDX-License-Identifier: MIT */
/* reader.c - what does a setting mean, and if nothing, what would be right?
 *
 * A table from kind to reader. An indented line below a value that stands alone is nearly always a
 * key that was indented by habit, so the message says what indenting means. */
#include "config/reader.h"

#include "base/span.h"
#include "config/reader_list.h"
#include "config/reader_one.h"

typedef bool (*read_one)(struct reader *, const struct reader_rule *, const struct spec_text *,
			 void *);
typedef bool (*read_many)(struct reader *, const struct reader_rule *, const struct setting *,
			  void *);

/* For each kind how it is read, one of the two, and how a manual describes it. */
static const struct {
	read_one one;
	read_many many;
	const char *about;
} KINDS[] = {
	[READ_YES_NO] = { .one = reader_one_yes_no, .about = "yes or no" },
	[READ_CHOICE] = { .one = reader_one_choice, .about = "one of " },
	[READ_COUNT] = { .one = reader_one_count, .about = "a whole number" },
	[READ_SPAN] = { .one = reader_one_span, .about = "a length of time" },
	[READ_LADDER] = { .many = reader_list_ladder,
			  .about = "a length of time, permanent, or a ladder of them" },
	[READ_RETENTION] = { .many = reader_list_retention,
			     .about = "a length of time, a comma, a number of events" },
	[READ_POINTS] = { .one = reader_one_points, .about = "a whole number, or ban" },
	[READ_TEXT] = { .one = reader_one_text, .about = "text" },
	[READ_NAME] = { .one = reader_one_name, .about = "a name" },
	[READ_SET_NAME] = { .one = reader_one_set_name, .about = "a name" },
	[READ_PATH] = { .one = reader_one_path, .about = "a path" },
	[READ_ZONE] = { .one = reader_one_zone, .about = "a time zone" },
	[READ_LINES] = { .many = reader_list_lines, .about = "a list, one entry a line" },
	[READ_NAMES] = { .many = reader_list_names, .about = "names" },
	[READ_WORDS] = { .many = reader_list_words, .about = "words" },
	[READ_PLACES] = { .many = reader_list_places, .about = "a list, one entry a line" },
	[READ_NETWORKS] = { .many = reader_list_networks, .about = "addresses and networks" },
};

bool reader_read(struct reader *r, const struct reader_rule *rule, const struct setting *s,
		 void *ret)
{
	struct spec_text text;

	if (s->n == 0) {
		return true;
	}
	if (KINDS[rule->kind].many) {
		return KINDS[rule->kind].many(r, rule, s, ret);
	}
	text = reader_list_text(s, 0);
	if (s->n > 1) {
		text = reader_list_text(s, 1);
		return READER_WRONG(r, &text,
				    "there can be one value only, but this indented line continues "
				    "the one of line %u",
				    s->entries[0].line);
	}
	return KINDS[rule->kind].one(r, rule, &text, ret);
}

void reader_describe(const struct reader_rule *rule, struct buf *out)
{
	char low[SPAN_TEXT_MAX], high[SPAN_TEXT_MAX];

	buf_add_str(out, str_of(KINDS[rule->kind].about));
	if (rule->kind == READ_CHOICE) {
		reader_one_choices(rule->words, out);
	} else if (rule->kind == READ_COUNT) {
		buf_printf(out, ", %llu to %llu", (unsigned long long)rule->low,
			   (unsigned long long)rule->high);
	} else if (rule->kind == READ_SPAN) {
		buf_printf(out, ", %s to %s", span_format(seconds((int64_t)rule->low), low),
			   span_format(seconds((int64_t)rule->high), high));
	}
}
