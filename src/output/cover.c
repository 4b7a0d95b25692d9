/* SPDX-License-Identifier: MIT */
/* cover.c - the fewest prefixes that hold the same addresses.
 *
 * A sealed netset stands in order of prefix_cmp(): whatever lies inside a prefix follows it
 * directly. One walk with a stack suffices: an entry inside the top is dropped, and as long as the
 * two topmost are the halves of one prefix, that one takes their place. */
#include "output/cover.h"

#include <errno.h>
#include <stdlib.h>

static bool are_halves(const struct prefix *a, const struct prefix *b, struct prefix *ret_whole)
{
	if (a->len != b->len || a->len == 0) {
		return false;
	}
	*ret_whole = prefix_of(&a->addr, (uint8_t)(a->len - 1));
	return prefix_contains(ret_whole, b);
}

static size_t push(struct prefix *stack, size_t n, const struct prefix *p)
{
	struct prefix whole;

	if (n > 0 && prefix_contains(&stack[n - 1], p)) {
		return n;
	}
	stack[n++] = *p;
	while (n > 1 && are_halves(&stack[n - 2], &stack[n - 1], &whole)) {
		n--;
		stack[n - 1] = whole;
	}
	return n;
}

int cover_of(const struct netset *s, uint8_t family, struct prefix **ret, size_t *ret_n)
{
	size_t count = netset_count(s), n = 0;
	struct prefix *stack = NULL;

	if (count > 0) {
		stack = reallocarray(NULL, count, sizeof(*stack));
		if (!stack) {
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < count; i++) {
		const struct prefix *p = netset_at(s, i, NULL);

		if (p->addr.family == family) {
			n = push(stack, n, p);
		}
	}
	if (n == 0) {
		free(stack);
		stack = NULL;
	}
	*ret = stack;
	*ret_n = n;
	return 0;
}
