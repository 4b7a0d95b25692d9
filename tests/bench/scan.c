/* SPDX-License-Identifier: MIT */
/* How many lines of a mail log a second? Sixteen patterns of postfix, dovecot and sshd against
 * lines of which 0 % and 5 % are hostile: PCRE2 with one pattern after the other on each line, and
 * the detector (literals over the chunk, PCRE2 where one was hit). Numbers are printed as
 * `name value unit`; both must find the same.
 *
 * usage: bench_scan [MIB]             measures over that many MiB (64)
 *        bench_scan patterns          the patterns, one a line, for another tool
 *        bench_scan log MIB PERCENT   the log */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "detect/detector.h"
#include "detect/framer.h"

enum { PATTERNS = 16, FILTERS = 3, MIB = 1 << 20, MIB_MAX = 4096 };

static const struct {
	unsigned filter;
	const char *regex;
} patterns[PATTERNS] = {
	{ 0, "warning: \\S+\\[<ADDR>\\]: SASL \\w+ authentication failed" },
	{ 0, "NOQUEUE: reject: RCPT from \\S+\\[<ADDR>\\]: 550 5\\.1\\.1 .*User unknown" },
	{ 0, "NOQUEUE: reject: RCPT from \\S+\\[<ADDR>\\]: 554 5\\.7\\.1 .*Relay access denied" },
	{ 0, "NOQUEUE: reject: RCPT from \\S+\\[<ADDR>\\]: 504 5\\.5\\.2 .*Helo command rejected" },
	{ 0, "lost connection after AUTH from \\S+\\[<ADDR>\\]" },
	{ 0, "improper command pipelining after \\S+ from \\S+\\[<ADDR>\\]" },
	{ 1, "-login: Disconnected: .*\\(auth failed, \\d+ attempts.*rip=<ADDR>," },
	{ 1, "-login: Aborted login \\(auth failed.*rip=<ADDR>," },
	{ 1, "-login: Disconnected \\(tried to use disallowed.*rip=<ADDR>," },
	{ 1, "auth-worker\\(\\d+\\): sql\\(\\S+,<ADDR>\\): unknown user" },
	{ 1, "auth: passwd-file\\(\\S+,<ADDR>\\): Password mismatch" },
	{ 2, "Failed (?:password|publickey) for (?:invalid user )?\\S* from <ADDR> port" },
	{ 2, "Invalid user \\S* from <ADDR>" },
	{ 2, "Connection closed by authenticating user \\S+ <ADDR> port \\d+ \\[preauth\\]" },
	{ 2, "maximum authentication attempts exceeded for \\S+ from <ADDR>" },
	{ 2, "Unable to negotiate with <ADDR> port" },
};

/* %u: a number; %a: an address. */
static const char *const innocent[] = {
	"mail postfix/smtpd[%u]: connect from host%u.isp.example[%a]",
	"mail postfix/smtpd[%u]: 4F%uX: client=host%u.isp.example[%a]",
	"mail postfix/cleanup[%u]: 4F%uX: message-id=<%u.%u@example.org>",
	"mail postfix/qmgr[%u]: 4F%uX: from=<user%u@example.org>, size=%u, nrcpt=1 (queue active)",
	"mail postfix/smtp[%u]: 4F%uX: to=<user%u@example.com>, relay=mx.example.com[%a]:25, delay=0.%u, "
	"dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %uX)",
	"mail postfix/smtpd[%u]: disconnect from host%u.isp.example[%a] ehlo=2 starttls=1 mail=1 rcpt=1 "
	"data=1 quit=1 commands=7",
	"mail dovecot: imap-login: Login: user=<user%u>, method=PLAIN, rip=%a, lip=192.0.2.1, mpid=%u, "
	"TLS, session=<%uAbC>",
	"mail dovecot: imap(user%u)<%u><AbC>: Logged out in=%u out=%u deleted=0 expunged=0 trashed=0",
	"mail sshd[%u]: Accepted publickey for admin from %a port %u ssh2: ED25519 SHA256:%uabcdefgh",
};
static const char *const hostile[] = {
	"mail postfix/smtpd[%u]: warning: unknown[%a]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
	"mail postfix/smtpd[%u]: NOQUEUE: reject: RCPT from unknown[%a]: 550 5.1.1 <u%u@example.org>: "
	"Recipient address rejected: User unknown in virtual mailbox table",
	"mail postfix/smtpd[%u]: NOQUEUE: reject: RCPT from unknown[%a]: 554 5.7.1 <u%u@example.net>: "
	"Relay access denied; from=<x@example.com> to=<u%u@example.net>",
	"mail dovecot: imap-login: Disconnected: Connection closed (auth failed, %u attempts in 5 secs): "
	"user=<user%u>, method=PLAIN, rip=%a, lip=192.0.2.1, TLS",
	"mail sshd[%u]: Failed password for invalid user admin%u from %a port %u ssh2",
};

static uint64_t dice = 1;

static void fail(const char *what)
{
	(void)fprintf(stderr, "%s\n", what);
	exit(1);
}

static uint32_t roll(uint32_t below)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(((dice >> 32) * below) >> 32);
}

static double seconds_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void write_line(struct buf *out, const char *line)
{
	buf_printf(out, "Nov %u %02u:%02u:%02u ", 1 + roll(28), roll(24), roll(60), roll(60));
	for (const char *c = line; *c != '\0'; c++) {
		if (*c != '%') {
			buf_add_char(out, *c);
		} else if (*++c == 'a') {
			buf_printf(out, "100.%u.%u.%u", 64 + roll(64), roll(256), roll(256));
		} else {
			buf_printf(out, "%u", 10000 + roll(89999));
		}
	}
	buf_add_char(out, '\n');
}

static void write_log(struct buf *out, size_t bytes, uint32_t percent)
{
	dice = 1;
	while (out->n < bytes) {
		bool is_hostile = roll(100) < percent;

		write_line(out, is_hostile ? hostile[roll(ARRAY_SIZE(hostile))]
					   : innocent[roll(ARRAY_SIZE(innocent))]);
	}
	if (buf_ok(out) < 0) {
		fail("no memory");
	}
}

struct bench {
	struct arena *arena;
	struct matcher *matcher;
	struct filter *filters[FILTERS];
	struct stamp_context when[FILTERS];
	struct detector *detector;
	struct pattern *compiled[PATTERNS];
	size_t n_compiled;
};

static struct filter *make_filter(struct bench *b, struct diag *diag, unsigned number)
{
	static struct spec_text texts[FILTERS][PATTERNS];
	struct section_spec section = { .service = EVENT_SERVICE_NONE };
	const struct filter_spec spec = { .service = EVENT_SERVICE_NONE,
					  .sections = &section,
					  .n_sections = 1 };
	struct filter *f = NULL;

	section.match.at = texts[number];
	for (size_t i = 0; i < PATTERNS; i++) {
		if (patterns[i].filter == number) {
			texts[number][section.match.n++].text = str_of(patterns[i].regex);
		}
	}
	if (filter_new(&spec, b->arena, diag, &f) < 0) {
		fail("a pattern is refused");
	}
	return f;
}

static void start(struct bench *b)
{
	struct diag *diag = diag_new();

	*b = (struct bench){ .arena = arena_new() };
	if (!b->arena || !diag || matcher_new(&b->matcher) < 0) {
		fail("no memory");
	}
	for (unsigned i = 0; i < FILTERS; i++) {
		b->filters[i] = make_filter(b, diag, i);
		b->when[i].date = STAMP_NO_DATE;
		for (size_t k = 0; k < filter_pattern_count(b->filters[i]); k++) {
			if (pattern_new(filter_pattern_regex(b->filters[i], k), false, NULL,
					&b->compiled[b->n_compiled++]) < 0) {
				fail("a pattern is refused");
			}
		}
	}
	(void)diag_free(diag);
	if (detector_new(b->filters, FILTERS, &b->detector) < 0) {
		fail("no detector");
	}
}

static void stop(struct bench *b)
{
	b->detector = detector_free(b->detector);
	for (size_t i = 0; i < b->n_compiled; i++) {
		b->compiled[i] = pattern_free(b->compiled[i]);
	}
	for (size_t i = 0; i < FILTERS; i++) {
		b->filters[i] = filter_free(b->filters[i]);
	}
	b->matcher = matcher_free(b->matcher);
	b->arena = arena_free(b->arena);
}

static size_t match_each(struct bench *b, struct str log)
{
	size_t at = 0, found = 0;

	while (at < log.n) {
		struct str line = line_around(log, at, &at);

		for (size_t i = 0; i < b->n_compiled; i++) {
			if (pattern_match(b->compiled[i], b->matcher, line) == PATTERN_HIT) {
				found++;
				break;
			}
		}
	}
	return found;
}

static bool count(void *arg, const struct event *event)
{
	size_t *found = arg;

	(void)event;
	(*found)++;
	return true;
}

/* In chunks of whole lines, as input hands them over. */
static size_t detect(struct bench *b, struct str log)
{
	size_t found = 0;

	while (log.n > 0) {
		size_t n = log.n < CHUNK_MAX_BYTES ? log.n : CHUNK_MAX_BYTES;

		while (n > 1 && n < log.n && log.p[n - 1] != '\n') {
			n--;
		}
		(void)detector_feed(b->detector, b->matcher, str_slice(log, 0, n), b->when, count,
				    &found);
		log = str_slice(log, n, SIZE_MAX);
	}
	return found;
}

static void measure(size_t mib, uint32_t percent)
{
	struct buf log = { 0 };
	struct bench b;
	double begin, each, all, lines;
	size_t found_each, found_all;

	write_log(&log, mib * MIB, percent);
	start(&b);
	lines = (double)line_count(buf_str(&log));
	(void)detect(&b, str_slice(buf_str(&log), 0, CHUNK_MAX_BYTES));
	begin = seconds_now();
	found_each = match_each(&b, buf_str(&log));
	each = seconds_now() - begin;
	begin = seconds_now();
	found_all = detect(&b, buf_str(&log));
	all = seconds_now() - begin;
	if (found_each != found_all) {
		fail("they find different lines");
	}
	(void)printf("hostile_%u_line_length %.0f bytes\n", percent, (double)log.n / lines);
	(void)printf("hostile_%u_found %zu lines\n", percent, found_all);
	(void)printf("hostile_%u_pcre2 %.2f Mlines/s\n", percent, lines / each / 1e6);
	(void)printf("hostile_%u_detector %.2f Mlines/s\n", percent, lines / all / 1e6);
	(void)printf("hostile_%u_ratio %.1f times\n", percent, each / all);
	stop(&b);
	buf_done(&log);
}

static size_t number(const char *text, uint64_t min, uint64_t max)
{
	uint64_t n = 0;

	if (str_to_uint(str_of(text), max, &n) < 0 || n < min) {
		fail("usage: bench_scan [MIB] | patterns | log MIB PERCENT");
	}
	return (size_t)n;
}

static void print_patterns(void)
{
	for (size_t i = 0; i < PATTERNS; i++) {
		const char *tag = strstr(patterns[i].regex, "<ADDR>");

		(void)printf("%.*s[0-9a-fA-F:.]+%s\n", (int)(tag - patterns[i].regex),
			     patterns[i].regex, tag + strlen("<ADDR>"));
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "patterns") == 0) {
		print_patterns();
	} else if (argc == 4 && strcmp(argv[1], "log") == 0) {
		struct buf log = { 0 };

		write_log(&log, number(argv[2], 1, MIB_MAX) * MIB,
			  (uint32_t)number(argv[3], 0, 100));
		(void)fwrite(log.p, 1, log.n, stdout);
		buf_done(&log);
	} else {
		size_t mib = argc > 1 ? number(argv[1], 1, MIB_MAX) : 64;

		measure(mib, 0);
		measure(mib, 5);
	}
	return 0;
}
