/* SPDX-License-Identifier: MIT */
/* Show answers in the order in which a person asks: is it blocked, by what and how long; why, as a
 * sum; by which lines; what the kernel really holds; what happened before; and what to type to
 * change it. */
#include "ctl/show.h"

#include <stdio.h>

#include "base/addr.h"
#include "base/span.h"
#include "ctl/client.h"
#include "ctl/never_words.h"
#include "ctl/terminal.h"
#include "sys/clock.h"

struct show {
	bool json;
	int code;
	size_t n; /* pages so far */
};

static void print_prefix(struct str text)
{
	char shorter[PREFIX_TEXT_MAX];
	struct prefix prefix;

	if (prefix_parse(text, &prefix) == 0) {
		printf("%s", prefix_format_short(&prefix, shorter));
	} else {
		terminal_text(text, 0);
	}
}

static bool has_text(const struct value *object, const char *key)
{
	return member(object, key, "").n > 0;
}

static bool is_kind(const struct value *ban, const char *kind)
{
	return str_eq(member(ban, "kind", ""), str_of(kind));
}

static void print_left(const struct value *ban)
{
	const struct value *left = value_get(ban, "seconds_left");
	char text[SPAN_TEXT_MAX];

	if (value_type(left) == VALUE_INT) {
		printf(" for another %s", span_format_short(seconds(value_int(left, 0)), text));
	} else {
		printf(" permanently");
	}
}

static void print_by(const struct value *ban)
{
	instant since;
	char local[32];

	if (str_eq(member(ban, "jail", ""), STR("by hand"))) {
		printf(" by hand of ");
		terminal_text(member(ban, "by", "somebody"), 40);
	} else {
		printf(" by jail ");
		terminal_text(member(ban, "jail", ""), 0);
	}
	if (has_text(ban, "type") && !str_eq(member(ban, "jail", ""), STR("by hand"))) {
		printf(" (");
		terminal_text(member(ban, "type", ""), 60);
		printf(")");
	}
	if (!str_eq(member(ban, "ports", "all"), STR("all"))) {
		printf(", ports ");
		terminal_text(member(ban, "ports", ""), 60);
	}
	if (member_instant(ban, "since", &since)) {
		terminal_local_time(since, local);
		printf("\n  since %s", local);
	}
	if (has_text(ban, "reason")) {
		printf(": ");
		terminal_text(member(ban, "reason", ""), 200);
	}
}

/* Which of the two is inside the other, when they are not the same. */
static void print_relation(struct str is, struct str asked)
{
	struct prefix ban, wanted;

	if (prefix_parse(is, &ban) < 0 || prefix_parse(asked, &wanted) < 0 ||
	    prefix_eq(&ban, &wanted)) {
		return;
	}
	if (prefix_contains(&ban, &wanted)) {
		printf("  (this covers all of ");
		print_prefix(asked);
		printf(")\n");
	} else {
		printf("  (this is only a part of ");
		print_prefix(asked);
		printf(")\n");
	}
}

static void print_ban(const struct value *ban, struct str asked, bool observes)
{
	bool real = is_kind(ban, "ban") && !observes;

	terminal_tone(real ? TONE_BAD : TONE_WARN);
	print_prefix(member(ban, "prefix", ""));
	if (real) {
		printf(" is BLOCKED");
	} else {
		printf(is_kind(ban, "spared") ? " is spared (on never-block), it would be blocked"
					      : " is only observed, it would be blocked");
	}
	terminal_tone(TONE_PLAIN);
	print_left(ban);
	print_by(ban);
	printf("\n");
	print_relation(member(ban, "prefix", ""), asked);
}

static void print_term(const struct value *e, bool first)
{
	int64_t multiplier = value_int(value_get(e, "multiplier"), 0);

	printf("%s%lld ", first ? "" : " + ", (long long)value_int(value_get(e, "count"), 0));
	terminal_text(member(e, "type", ""), 40);
	if (multiplier) {
		printf(" x %lld", (long long)multiplier);
	} else {
		printf(" (bans at once)");
	}
}

void show_score(const struct value *score)
{
	const struct value *events = value_get(score, "events");
	int64_t sum = value_int(value_get(score, "score"), 0),
		threshold = value_int(value_get(score, "threshold"), 0);
	instant falls;
	char local[32];

	printf("  ");
	terminal_text(member(score, "jail", ""), 0);
	printf(": ");
	for (size_t i = 0; i < value_length(events); i++) {
		print_term(value_at(events, i), i == 0);
	}
	printf(" = %lld %s %lld", (long long)sum, sum >= threshold ? ">=" : "<",
	       (long long)threshold);
	if (member_instant(score, "falls", &falls)) {
		terminal_local_time(falls, local);
		printf(sum >= threshold ? "\n    falls below that at %s"
					: "\n    all of it is forgotten at %s",
		       local);
	}
	printf("\n");
	for (size_t i = 0; i < value_length(events); i++) {
		const struct value *e = value_at(events, i);

		if (has_text(e, "innocent")) {
			terminal_tone(TONE_DIM);
			printf("    ");
			terminal_text(member(e, "type", ""), 40);
			printf(" (");
			terminal_text(member(e, "about", ""), 60);
			printf("), often innocent:\n      ");
			terminal_text(member(e, "innocent", ""), 200);
			terminal_tone(TONE_PLAIN);
			printf("\n");
		}
	}
}

static bool is_among(const struct value *events, int64_t id)
{
	for (size_t i = 0; i < value_length(events); i++) {
		if (value_int(value_get(value_at(events, i), "id"), 0) == id) {
			return true;
		}
	}
	return false;
}

static void print_evidence(const struct value *events)
{
	if (value_length(events)) {
		printf("\nLines that counted towards the block (time, points, event, service, line):\n");
	}
	for (size_t i = 0; i < value_length(events); i++) {
		show_event(value_at(events, i), true, false);
	}
}

/* Oldest first; those that were told as evidence are not told again. */
static void print_latest(const struct value *events, const struct value *evidence, bool is_network)
{
	bool headed = false;

	for (size_t i = value_length(events); i-- > 0;) {
		const struct value *e = value_at(events, i);

		if (is_among(evidence, value_int(value_get(e, "id"), 0))) {
			continue;
		}
		if (!headed) {
			printf(value_length(evidence) ? "\nIts other latest events:\n"
						      : "\nIts latest events:\n");
			headed = true;
		}
		show_event(e, false, is_network);
	}
}

static void print_held(const struct value *held)
{
	printf("  ports ");
	terminal_text(member(held, "ports", ""), 0);
	if (has_text(held, "error")) {
		terminal_tone(TONE_BAD);
		printf(": the kernel does not say: ");
		terminal_text(member(held, "error", ""), 0);
	} else if (value_bool(value_get(held, "held"), false)) {
		char left[SPAN_TEXT_MAX];
		const struct value *s = value_get(held, "seconds_left");
		bool ends = value_type(s) == VALUE_INT;

		printf(": dropped, ends in %s; %lld packets so far",
		       span_format_short(ends ? seconds(value_int(s, 0)) : DURATION_FOREVER, left),
		       (long long)value_int(value_get(held, "packets"), 0));
	} else {
		terminal_tone(TONE_BAD);
		printf(": NOT in the kernel, packets pass; next: ipsctl status");
	}
	terminal_tone(TONE_PLAIN);
	printf("\n");
}

static void print_kernel(const struct value *p)
{
	const struct value *held = value_get(p, "kernel");

	if (value_length(held)) {
		printf("\nIn the kernel:\n");
	}
	for (size_t i = 0; i < value_length(held); i++) {
		print_held(value_at(held, i));
	}
	if (value_length(held) && has_text(p, "never_block")) {
		printf("  never-block is asked first: what comes from here passes\n");
	}
}

static void print_past(const struct value *past)
{
	if (value_length(past)) {
		printf("\nBlocks of before:\n");
	}
	for (size_t i = 0; i < value_length(past); i++) {
		const struct value *ban = value_at(past, i);
		char since[32] = "", until[32] = "";
		instant t;

		if (member_instant(ban, "since", &t)) {
			terminal_local_time(t, since);
		}
		if (member_instant(ban, "until", &t)) {
			terminal_local_time(t, until);
		}
		printf("  %s to %s by ", since, until);
		terminal_text(member(ban, "jail", ""), 40);
		printf(" (");
		terminal_text(member(ban, "because", ""), 40);
		printf(")\n");
	}
}

static void print_command(const char *head, struct str prefix, const char *tail)
{
	printf("%s", head);
	print_prefix(prefix);
	printf("%s\n", tail);
}

/* What is refused for one on never-block is not proposed. */
static void print_commands(const struct value *p, bool banned)
{
	struct str prefix = member(p, "prefix", ""), never = member(p, "never_block", "");

	printf("\n");
	if (banned) {
		print_command("Let it in:        ipsctl unban ", prefix, "");
		print_command("Keep it out:      ipsctl ban --permanent ", prefix, "");
	} else if (!never.n) {
		print_command("Keep it out:      ipsctl ban ", prefix, " --for 1h");
	}
	if (never.n) {
		print_command("Off never-block:  ipsctl never-block remove ", never, "");
	} else {
		print_command("Never block it:   ipsctl never-block add ", prefix, " --for 2h");
	}
	print_command("All its events:   ipsctl events --address ", prefix, "");
}

static void print_who(const struct value *p)
{
	int64_t blocks = value_int(value_get(p, "blocks_30d"), 0);

	if (has_text(p, "country")) {
		printf("Country ");
		terminal_text(member(p, "country", ""), 40);
		printf("; ");
	}
	printf("%lld %s in 30 days\n", (long long)blocks, blocks == 1 ? "block" : "blocks");
}

static void print_never(const struct value *p)
{
	const struct value *entries = value_get(p, "never");

	for (size_t i = 0; i < value_length(entries); i++) {
		CLEANUP(buf_done) struct buf text = { 0 };

		never_words_entry(value_at(entries, i), &text);
		printf("It is on never-block: ");
		terminal_text(buf_str(&text), 0);
		printf("\n");
	}
}

static void print_not_blocked(const struct value *p)
{
	terminal_tone(TONE_GOOD);
	print_prefix(member(p, "prefix", ""));
	printf(has_text(p, "never_block") ? " is never blocked by ipsd"
					  : " is not blocked by ipsd");
	terminal_tone(TONE_PLAIN);
	printf("\n");
}

/* More than one subject: whose an event is, is worth a column. */
static bool is_network(const struct value *p)
{
	struct prefix prefix;

	return prefix_parse(member(p, "prefix", ""), &prefix) == 0 &&
	       prefix.len < (prefix.addr.family == 4 ? 32 : 128);
}

/* Those that are in force, or the others. */
static void print_bans(const struct value *p, const struct value *bans, bool in_force)
{
	for (size_t i = 0; i < value_length(bans); i++) {
		const struct value *ban = value_at(bans, i);

		if (is_kind(ban, "ban") == in_force) {
			print_ban(ban, member(p, "prefix", ""),
				  str_eq(member(p, "mode", ""), STR("observe")));
		}
	}
}

static void print_show(const struct value *p)
{
	const struct value *bans = value_get(p, "bans"), *scores = value_get(p, "scores");
	bool banned = value_bool(value_get(p, "banned"), false);

	terminal_warn_observing(member(p, "mode", ""));
	if (value_length(bans) == 0 || has_text(p, "never_block")) {
		print_not_blocked(p);
	}
	print_bans(p, bans, true);
	print_bans(p, bans, false);
	print_who(p);
	print_never(p);
	if (value_length(scores)) {
		printf("\nScore now:\n");
	}
	for (size_t i = 0; i < value_length(scores); i++) {
		show_score(value_at(scores, i));
	}
	print_evidence(value_get(p, "evidence"));
	print_latest(value_get(p, "events"), value_get(p, "evidence"), is_network(p));
	show_others(p);
	print_kernel(p);
	print_past(value_get(p, "past"));
	if (terminal_is_out()) {
		print_commands(p, banned);
	}
}

static bool take_show(void *arg, const struct value *reply)
{
	CLEANUP(value_freep) struct value *p = value_copy(reply);
	struct show *s = arg;

	show_find_sets(p);

	if (!value_bool(value_get(p, "banned"), false)) {
		s->code = CTL_NO;
	}
	if (s->json) {
		terminal_json(p);
	} else if (str_eq(member(p, "kind", ""), STR("account"))) {
		show_account(p);
	} else {
		print_show(p);
	}
	return false;
}

static int show_one(const struct ctl *ctl, struct str what, bool account, struct show *s)
{
	struct value *p = value_object();

	if (s->n++ && !ctl->json) {
		printf("\n");
	}
	value_set_text(p, "what", what);
	value_set_word(p, "kind", account ? "account" : NULL);
	return client_call(ctl, "Show", p, false, take_show, s);
}

/* Each address of a host name. */
static int show_host(const struct ctl *ctl, struct str name, struct str addresses, struct show *s)
{
	struct str address;
	int code = CTL_DONE;

	if (!addresses.n) {
		return ctl_usage(ctl, "%.*s: there is no host of this name", STR_ARG(name));
	}
	if (!ctl->json) {
		terminal_text(name, 0);
		printf(" (host name): %.*s\n", STR_ARG(str_trim(addresses)));
	}
	while (!code && str_split(&addresses, ' ', &address)) {
		if (address.n) {
			code = show_one(ctl, address, false, s);
		}
	}
	return code;
}

int ctl_show(const struct ctl *ctl)
{
	struct show s = { .json = ctl->json, .code = CTL_DONE };
	int code = CTL_DONE;

	if (!ctl->n_arguments) {
		return ctl_usage(
			ctl,
			"which address, prefix, account or host name? For example: ipsctl show 203.0.113.9");
	}
	for (size_t i = 0; i < ctl->n_arguments && !code; i++) {
		CLEANUP(buf_done) struct buf addresses = { 0 };
		struct str word;
		enum show_kind kind = show_what(ctl->arguments[i], &word, &addresses);

		code = kind == SHOW_HOST ? show_host(ctl, word, buf_str(&addresses), &s)
					 : show_one(ctl, word, kind == SHOW_ACCOUNT, &s);
	}
	return code ? code : s.code;
}
