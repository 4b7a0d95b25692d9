/* SPDX-License-Identifier: MIT */
/* syslog.c - which program wrote this line, when, and what did it say?
 *
 * What clients can choose stands in the message. So the head is read from the first byte on, word
 * by word, and where a word is not what it must be there is no head: it is never searched for. At
 * most two words can be the one that ends in a colon, the second one only behind a host, so
 * "mail postfix said sshd[1]: x" has no program. A program's name holds none of the bytes that end
 * it.
 *
 * "message repeated" is what rsyslog makes of a run of equal messages. It is unwrapped once: what
 * is inside was said by the program, and that may have been anything. Only a program that begins a
 * message with a client's own words could be made to say so; none of those that the shipped filters
 * know does that. */
#include "detect/syslog.h"

#include <errno.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool eat(struct str *s, struct str text)
{
	if (!str_has_prefix(*s, text)) {
		return false;
	}
	*s = str_slice(*s, text.n, SIZE_MAX);
	return true;
}

static bool eat_byte(struct str *s, char c)
{
	return eat(s, (struct str){ .p = &c, .n = 1 });
}

/* The bytes up to the first `end`, which is eaten, too. False: too many, or there is no such end.
 */
static bool take_until(struct str *s, char end, size_t max, struct str *ret)
{
	size_t n = str_find_char(str_slice(*s, 0, max + 1), end);

	if (n == STR_NOT_FOUND) {
		return false;
	}
	*ret = str_slice(*s, 0, n);
	*s = str_slice(*s, n + 1, SIZE_MAX);
	return true;
}

/* <0> to <191> */
static bool eat_priority(struct str *s)
{
	struct str rest = *s, number;
	uint64_t n;

	if (!eat_byte(&rest, '<') || !take_until(&rest, '>', 3, &number) ||
	    str_to_uint(number, 191, &n) < 0) {
		return false;
	}
	*s = rest;
	return true;
}

/* ---- RFC 3164 ---- */

static bool eat_stamp(struct str *s, const struct stamp_format *format, struct str *ret)
{
	size_t n = stamp_length(format, *s);

	if (n == 0 || n >= s->n || s->p[n] != ' ') {
		return false;
	}
	*ret = str_slice(*s, 0, n);
	*s = str_slice(*s, n + 1, SIZE_MAX);
	return true;
}

static bool is_program_byte(char c)
{
	return c > ' ' && c != ':' && c != '[' && c != ']' && c != '<' && c != '>' && c != 127;
}

/* PROGRAM[PID]: and a blank or the end. */
static bool eat_program(struct str *s, struct str *ret)
{
	struct str rest = *s, program, pid;
	size_t n = 0;

	while (n < rest.n && n <= SYSLOG_PROGRAM_MAX && is_program_byte(rest.p[n])) {
		n++;
	}
	if (n == 0 || n > SYSLOG_PROGRAM_MAX) {
		return false;
	}
	program = str_slice(rest, 0, n);
	rest = str_slice(rest, n, SIZE_MAX);
	if (eat_byte(&rest, '[') && !take_until(&rest, ']', SYSLOG_PROGRAM_MAX, &pid)) {
		return false;
	}
	if (!eat_byte(&rest, ':') || (rest.n > 0 && !eat_byte(&rest, ' '))) {
		return false;
	}
	*ret = program;
	*s = rest;
	return true;
}

/* A name or an address, and a blank. */
static bool eat_host(struct str *s)
{
	struct str host;

	if (!take_until(s, ' ', SYSLOG_HOST_MAX, &host)) {
		return false;
	}
	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] != ':' && !is_program_byte(host.p[i])) {
			return false;
		}
	}
	return host.n > 0;
}

static bool read_3164(struct str s, const struct stamp_format *format, struct syslog_line *ret)
{
	(void)eat_stamp(&s, format, &ret->stamp);
	if (!eat_program(&s, &ret->program) && !(eat_host(&s) && eat_program(&s, &ret->program))) {
		return false;
	}
	ret->message = s;
	return true;
}

/* ---- RFC 5424 ---- */

/* [ID NAME="VALUE" ...], where a backslash hides a quote or a bracket. */
static bool eat_element(struct str *s)
{
	bool quoted = false;

	for (size_t i = 1; i < s->n; i++) {
		char c = s->p[i];

		if (quoted && c == '\\') {
			i++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (c == ']' && !quoted) {
			*s = str_slice(*s, i + 1, SIZE_MAX);
			return true;
		}
	}
	return false;
}

static bool eat_structured_data(struct str *s)
{
	if (!eat_byte(s, '-')) {
		if (s->n == 0 || s->p[0] != '[') {
			return false;
		}
		while (s->n > 0 && s->p[0] == '[') {
			if (!eat_element(s)) {
				return false;
			}
		}
	}
	return s->n == 0 || eat_byte(s, ' ');
}

static struct str unless_dash(struct str word)
{
	return str_eq(word, STR("-")) ? STR_NONE : word;
}

static bool read_5424(struct str s, struct syslog_line *ret)
{
	struct str stamp, host, program, pid, id;

	if (!take_until(&s, ' ', 64, &stamp) || !take_until(&s, ' ', SYSLOG_HOST_MAX, &host) ||
	    !take_until(&s, ' ', SYSLOG_PROGRAM_MAX, &program) ||
	    !take_until(&s, ' ', SYSLOG_PROGRAM_MAX, &pid) || !take_until(&s, ' ', 64, &id)) {
		return false;
	}
	if (stamp.n == 0 || (!is_digit(stamp.p[0]) && !str_eq(stamp, STR("-"))) || host.n == 0 ||
	    program.n == 0 || pid.n == 0 || id.n == 0 || !eat_structured_data(&s)) {
		return false;
	}
	(void)eat(&s, STR("\xef\xbb\xbf"));
	ret->stamp = unless_dash(stamp);
	ret->program = unless_dash(program);
	ret->message = s;
	return true;
}

/* ---- both ---- */

static void unwrap(struct syslog_line *l)
{
	struct str rest = l->message, number;
	uint64_t n;
	int r;

	if (!eat(&rest, STR("message repeated ")) || !take_until(&rest, ' ', 9, &number) ||
	    !eat(&rest, STR("times: [")) || !str_has_suffix(rest, STR("]"))) {
		return;
	}
	r = str_to_uint(number, SYSLOG_COUNT_MAX, &n);
	if (r == -EINVAL || (r == 0 && n == 0)) {
		return;
	}
	l->count = r < 0 ? SYSLOG_COUNT_MAX : (uint16_t)n;
	l->message = str_slice(rest, 0, rest.n - 1);
	(void)eat_byte(&l->message, ' ');
}

bool syslog_read(struct str line, const struct stamp_format *format, struct syslog_line *ret)
{
	struct syslog_line l = { .count = 1 };
	struct str rest = line;
	bool prioritised = eat_priority(&rest), found;

	if (prioritised && eat(&rest, STR("1 "))) {
		found = read_5424(rest, &l);
	} else {
		found = read_3164(rest, format, &l);
	}
	if (!found) {
		return false;
	}
	unwrap(&l);
	*ret = l;
	return true;
}
