/* SPDX-License-Identifier: MIT */
/* pattern - the only door to PCRE2.
 *
 * Bytes. Patterns work on bytes: in UTF mode an invalid byte, which any client can send, ends a
 * match with an error. So UTF and UCP are refused where a pattern asks for them itself. \C is
 * refused because JIT does not know it, callouts because nobody would answer them. The newline is
 * LF whatever the library's own default, so that `.` means the same on every machine.
 *
 * Bounds. Under JIT the match limit is the only one that counts (depth and heap are ignored), so
 * it is the one that is set. JIT code has a stack of its own; 32 KiB, its default, fails innocent
 * lines of 2.5 KB, so it gets 512 KiB. What does not fit even there is tried once more without JIT,
 * whose frames lie on a heap of HEAP_KIB.
 *
 * Memory. That heap is the matcher's reserve, taken when it is made and handed to PCRE2
 * bit by bit, so that no match allocates. Pages of the reserve that no line ever needed were never
 * touched. PCRE2 keeps the frames from match to match and doubles them when they are too small: all
 * sizes it can ask for, one after the other, are less than three times the limit. */
#include "detect/pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { JIT_STACK_FIRST = 32 * 1024, JIT_STACK_MAX = 512 * 1024 };

enum { HEAP_KIB = 4096, RESERVE_BYTES = 3 * HEAP_KIB * 1024, RESERVE_ALIGN = 16 };

struct pattern {
	pcre2_code *code;
	size_t size;
	bool jit;
};

struct matcher {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	char *reserve;
	size_t used, blocks; /* of the reserve: bytes, and pieces that PCRE2 has not given back */
	bool ready;          /* from here on memory comes from the reserve */
	struct str subject;  /* of the last hit */
	unsigned groups;     /* of the last hit, the whole match included; 0: there was none */
};

/* ---- patterns ---- */

static int refuse(struct pattern_error *error, size_t offset, const char *text)
{
	if (error) {
		error->offset = offset;
		(void)snprintf(error->text, sizeof(error->text), "%s", text);
	}
	return -EINVAL;
}

static int refuse_code(struct pattern_error *error, size_t offset, int code)
{
	PCRE2_UCHAR text[sizeof(error->text)] = "";

	if (code == PCRE2_ERROR_HEAP_FAILED) {
		return -ENOMEM;
	}
	(void)pcre2_get_error_message(code, text, sizeof(text));
	return refuse(error, offset, (const char *)text);
}

static int on_callout(pcre2_callout_enumerate_block *block, void *arg)
{
	size_t *offset = arg;

	*offset = block->pattern_position;
	return 1;
}

static int compile(struct str regex, bool nocase, struct pattern_error *error, pcre2_code **ret)
{
	uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	PCRE2_SIZE offset = 0;
	int code = 0;
	pcre2_code *made;

	if (!context) {
		return -ENOMEM;
	}
	(void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	(void)pcre2_set_bsr(context, PCRE2_BSR_ANYCRLF);
	made = pcre2_compile((PCRE2_SPTR)(regex.p ? regex.p : ""), regex.n,
			     options | (nocase ? PCRE2_CASELESS : 0), &code, &offset, context);
	pcre2_compile_context_free(context);
	if (!made) {
		return refuse_code(error, offset, code);
	}
	*ret = made;
	return 0;
}

/* What PCRE2 takes and we do not. */
static int judge(const pcre2_code *code, struct pattern_error *error)
{
	uint32_t groups = 0;
	size_t offset = 0;

	(void)pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (groups > PATTERN_GROUPS_MAX) {
		return refuse(error, 0, "too many capturing groups");
	}
	if (pcre2_callout_enumerate(code, on_callout, &offset) != 0) {
		return refuse(error, offset, "callouts are not supported");
	}
	return 0;
}

int pattern_new(struct str regex, bool nocase, struct pattern_error *error, struct pattern **ret)
{
	CLEANUP(pattern_freep) struct pattern *p = NULL;
	size_t code_size = 0, jit_size = 0;
	int r;

	if (regex.n > PATTERN_TEXT_MAX) {
		return refuse(error, PATTERN_TEXT_MAX, "the pattern is too long");
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		return -ENOMEM;
	}
	r = compile(regex, nocase, error, &p->code);
	if (r < 0) {
		return r;
	}
	r = judge(p->code, error);
	if (r < 0) {
		return r;
	}
	(void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* without, it is slower, not wrong */
	(void)pcre2_pattern_info(p->code, PCRE2_INFO_SIZE, &code_size);
	(void)pcre2_pattern_info(p->code, PCRE2_INFO_JITSIZE, &jit_size);
	p->size = code_size + jit_size;
	p->jit = jit_size > 0;
	*ret = TAKE(p);
	return 0;
}

struct pattern *pattern_free(struct pattern *p)
{
	if (p) {
		pcre2_code_free(p->code);
		free(p);
	}
	return NULL;
}

unsigned pattern_group(const struct pattern *p, const char *name)
{
	int number = pcre2_substring_number_from_name(p->code, (PCRE2_SPTR)name);

	return number > 0 ? (unsigned)number : 0;
}

size_t pattern_size(const struct pattern *p)
{
	return p->size;
}

bool pattern_has_jit(const struct pattern *p)
{
	return p->jit;
}

/* ---- matching ---- */

static void *take_memory(size_t size, void *arg)
{
	struct matcher *m = arg;
	size_t rounded = (size + RESERVE_ALIGN - 1) / RESERVE_ALIGN * RESERVE_ALIGN;
	void *at;

	if (!m->ready) {
		return malloc(size);
	}
	if (rounded < size || rounded > RESERVE_BYTES - m->used) {
		return NULL;
	}
	at = m->reserve + m->used;
	m->used += rounded;
	m->blocks++;
	return at;
}

static void give_memory(void *p, void *arg)
{
	struct matcher *m = arg;
	uintptr_t at = (uintptr_t)p, from = (uintptr_t)m->reserve;

	if (at < from || at >= from + RESERVE_BYTES) {
		free(p);
		return;
	}
	m->blocks--;
	if (m->blocks == 0) {
		m->used = 0;
	}
}

static int prepare(struct matcher *m)
{
	pcre2_general_context *memory = pcre2_general_context_create(take_memory, give_memory, m);

	if (!memory) {
		return -ENOMEM;
	}
	m->data = pcre2_match_data_create(PATTERN_GROUPS_MAX + 1, memory);
	m->context = pcre2_match_context_create(memory);
	m->stack = pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_MAX, memory);
	pcre2_general_context_free(memory);
	if (!m->data || !m->context || !m->stack) {
		return -ENOMEM;
	}
	(void)pcre2_set_match_limit(m->context, PATTERN_MATCH_LIMIT);
	(void)pcre2_set_heap_limit(m->context, HEAP_KIB);
	pcre2_jit_stack_assign(m->context, NULL, m->stack);
	m->ready = true;
	return 0;
}

int matcher_new(struct matcher **ret)
{
	CLEANUP(matcher_freep) struct matcher *m = calloc(1, sizeof(*m));
	int r;

	if (!m) {
		return -ENOMEM;
	}
	m->reserve = malloc(RESERVE_BYTES);
	if (!m->reserve) {
		return -ENOMEM;
	}
	r = prepare(m);
	if (r < 0) {
		return r;
	}
	*ret = TAKE(m);
	return 0;
}

struct matcher *matcher_free(struct matcher *m)
{
	if (m) {
		pcre2_match_data_free(m->data);
		pcre2_match_context_free(m->context);
		pcre2_jit_stack_free(m->stack);
		free(m->reserve);
		free(m);
	}
	return NULL;
}

enum pattern_result pattern_match(const struct pattern *p, struct matcher *m, struct str subject)
{
	PCRE2_SPTR text = (PCRE2_SPTR)(subject.p ? subject.p : "");
	int rc = pcre2_match(p->code, text, subject.n, 0, 0, m->data, m->context);

	if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {
		rc = pcre2_match(p->code, text, subject.n, 0, PCRE2_NO_JIT, m->data, m->context);
	}
	m->groups = rc > 0 ? (unsigned)rc : 0;
	m->subject = subject;
	if (rc > 0) {
		return PATTERN_HIT;
	}
	return rc == PCRE2_ERROR_NOMATCH ? PATTERN_MISS : PATTERN_GAVE_UP;
}

bool matcher_has(const struct matcher *m, unsigned group)
{
	return group < m->groups &&
	       pcre2_get_ovector_pointer(m->data)[2 * (size_t)group] != PCRE2_UNSET;
}

struct str matcher_group(const struct matcher *m, unsigned group)
{
	const PCRE2_SIZE *at;

	if (!matcher_has(m, group)) {
		return STR_NONE;
	}
	at = pcre2_get_ovector_pointer(m->data) + 2 * (size_t)group;
	if (at[1] < at[0]) {
		return STR_NONE;
	}
	return str_slice(m->subject, at[0], at[1] - at[0]);
}
