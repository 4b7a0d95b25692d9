/* SPDX-License-Identifier: MIT */
/* nft.c - our table in the kernel.
 *
 * libnftables ends the program when it cannot open a netlink socket, so one is tried before. It
 * says what went wrong in words only; the errno is found again by looking for its text, which is
 * the C library's (no locale is set).
 *
 * Making is idempotent: every command is an `add` of something that may be there, rules and
 * never-block sets are flushed and written anew, all in one transaction. What cannot be kept that
 * way (a set of the same name with other properties after an update, a chain at another priority)
 * is an error; then the table is deleted and made in one transaction, and the caller hears that its
 * elements are gone. */
#include "output/nft.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nftables/libnftables.h>

struct kernel_table {
	struct nft_ctx *ctx;
	struct kernel_plan plan;
	struct kernel_set *sets;
	size_t n_sets, cap_sets;
	struct buf left_over; /* commands that delete sets of scopes that the plan does not know */
};

static struct nft_ctx *prepared; /* of kernel_table_prepare() */

static int open_context(struct nft_ctx **ret)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct nft_ctx *ctx;

	if (fd < 0) {
		return errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT ? -ENOTSUP : -errno;
	}
	(void)close(fd);
	ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!ctx) {
		return -ENOMEM;
	}
	if (nft_ctx_buffer_output(ctx) != 0 || nft_ctx_buffer_error(ctx) != 0) {
		nft_ctx_free(ctx);
		return -ENOMEM;
	}
	*ret = ctx;
	return 0;
}

void kernel_table_prepare(void)
{
	if (!prepared && open_context(&prepared) < 0) {
		prepared = NULL;
	}
}

static int take_context(struct nft_ctx **ret)
{
	if (!prepared) {
		return open_context(ret);
	}
	*ret = TAKE(prepared);
	return 0;
}

int kernel_table_new(const struct kernel_plan *plan, struct kernel_table **ret)
{
	int r = kernel_plan_check(plan);
	struct kernel_table *t;

	if (r < 0) {
		return r;
	}
	t = calloc(1, sizeof(*t));
	if (!t) {
		return -ENOMEM;
	}
	t->plan = *plan;
	r = take_context(&t->ctx);
	if (r < 0) {
		return kernel_table_free(t), r;
	}
	*ret = t;
	return 0;
}

struct kernel_table *kernel_table_free(struct kernel_table *t)
{
	if (t) {
		if (t->ctx) {
			nft_ctx_free(t->ctx);
		}
		free(t->sets);
		buf_done(&t->left_over);
		free(t);
	}
	return NULL;
}

static int find_errno(const char *words)
{
	static const int known[] = { EPERM,        ENOENT, EEXIST, EBUSY,  EOPNOTSUPP,
				     EINVAL,       ENOMEM, ENOSPC, EAGAIN, EINTR,
				     EAFNOSUPPORT, EMFILE, ENOBUFS };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strstr(words, strerrordesc_np(known[i]))) {
			return -known[i];
		}
	}
	return -EIO;
}

/* Adds the first line; the rest points into commands that the reader has not seen. */
static void add_words(struct buf *error, const char *words)
{
	struct str line = str_slice(str_of(words), 0, str_find_char(str_of(words), '\n'));

	if (str_has_prefix(line, STR("Error: "))) {
		line = str_slice(line, 7, SIZE_MAX);
	}
	buf_add_str(error, line);
}

static int run(struct nft_ctx *ctx, const struct buf *commands, struct buf *error)
{
	const char *words;
	int r = buf_ok(commands);

	if (r == 0 && nft_run_cmd_from_buffer(ctx, buf_text(commands)) != 0) {
		words = nft_ctx_get_error_buffer(ctx);
		add_words(error, words);
		r = find_errno(words);
	}
	return r;
}

/* The number of the set, or n_sets. */
static size_t find_set(const struct kernel_table *t, uint16_t scope, uint8_t family, uint8_t len)
{
	size_t i = 0;

	while (i < t->n_sets && (t->sets[i].scope != scope || t->sets[i].family != family ||
				 t->sets[i].len != len)) {
		i++;
	}
	return i;
}

static int add_set(struct kernel_table *t, struct kernel_set set)
{
	if (t->n_sets == t->cap_sets) {
		size_t cap = t->cap_sets > 0 ? t->cap_sets * 2 : 16;
		struct kernel_set *grown = reallocarray(t->sets, cap, sizeof(*grown));

		if (!grown) {
			return -ENOMEM;
		}
		t->sets = grown;
		t->cap_sets = cap;
	}
	t->sets[t->n_sets++] = set;
	return 0;
}

int kernel_table_adopt(struct kernel_table *t, struct str name)
{
	struct kernel_set set;

	if (!kernel_set_is_of_some_plan(name)) {
		return 0;
	}
	if (!kernel_set_parse(&t->plan, name, &set)) {
		buf_printf(&t->left_over, "delete set inet %s %.*s\n", t->plan.table,
			   STR_ARG(name));
		return buf_ok(&t->left_over);
	}
	return find_set(t, set.scope, set.family, set.len) < t->n_sets ? 0 : add_set(t, set);
}

/* Whether what stands there may be of another shape than what we want: the kernel says so by one of
 * these, nft itself (a type that does not fit) in words of its own. */
static bool is_mismatch(int r)
{
	return r == -EEXIST || r == -EBUSY || r == -EOPNOTSUPP || r == -EINVAL || r == -EIO;
}

int kernel_table_ensure(struct kernel_table *t, struct buf *error)
{
	struct buf gently CLEANUP(buf_done) = { 0 }, anew CLEANUP(buf_done) = { 0 };
	struct buf ignored CLEANUP(buf_done) = { 0 };
	int r;

	kernel_plan_write(&t->plan, t->sets, t->n_sets, &gently);
	buf_add_str(&gently, buf_str(&t->left_over));
	r = run(t->ctx, &gently, error);
	if (r == 0) {
		buf_clear(&t->left_over);
	}
	if (!is_mismatch(r)) {
		return r;
	}
	buf_printf(&anew, "add table inet %s\ndelete table inet %s\n", t->plan.table,
		   t->plan.table);
	kernel_plan_write(&t->plan, t->sets, t->n_sets, &anew);
	if (run(t->ctx, &anew, &ignored) < 0) {
		return r;
	}
	buf_clear(error);
	buf_clear(&t->left_over);
	return 1;
}

int kernel_table_set(struct kernel_table *t, uint16_t scope, uint8_t family, uint8_t len,
		     struct buf *error)
{
	struct buf commands CLEANUP(buf_done) = { 0 };
	int r;

	if (find_set(t, scope, family, len) < t->n_sets) {
		return 0;
	}
	r = add_set(t, (struct kernel_set){ .scope = scope, .family = family, .len = len });
	if (r < 0) {
		return r;
	}
	kernel_plan_write_bans(&t->plan, t->sets, t->n_sets, &commands);
	r = run(t->ctx, &commands, error);
	if (r < 0) {
		t->n_sets--;
		return r;
	}
	return 1;
}

/* Puts the sets in that the next plan knows as well, by the numbers that it gives to their scopes;
 * those of the others are left over. */
static int carry_sets(struct kernel_table *next, const struct kernel_table *t)
{
	int r = 0;

	for (size_t i = 0; i < t->n_sets && r == 0; i++) {
		char name[KERNEL_NAME_MAX];

		kernel_set_name(&t->plan.scopes[t->sets[i].scope], t->sets[i].family,
				t->sets[i].len, name);
		r = kernel_table_adopt(next, str_of(name));
	}
	return r;
}

int kernel_table_replan(struct kernel_table *t, const struct kernel_plan *plan, struct buf *error)
{
	struct kernel_table next = { .ctx = t->ctx, .plan = *plan };
	int r = kernel_plan_check(plan);

	r = r < 0 ? r : carry_sets(&next, t);
	r = r < 0 ? r : kernel_table_ensure(&next, error);
	if (r == -ENOENT) {
		buf_clear(error);
		buf_clear(&next.left_over);
		r = kernel_table_ensure(&next, error);
		r = r < 0 ? r : 1;
	}
	if (r < 0) {
		free(next.sets);
		buf_done(&next.left_over);
		return r;
	}
	free(t->sets);
	buf_done(&t->left_over);
	*t = next;
	return r;
}

const struct kernel_set *kernel_table_sets(const struct kernel_table *t, size_t *ret_n)
{
	*ret_n = t->n_sets;
	return t->sets;
}

int kernel_table_empty(struct kernel_table *t, struct buf *error)
{
	struct buf commands CLEANUP(buf_done) = { 0 };

	buf_printf(&commands, "flush chain inet %s bans\n", t->plan.table);
	for (size_t i = 0; i < t->n_sets; i++) {
		const struct kernel_set *set = &t->sets[i];
		char name[KERNEL_NAME_MAX];

		kernel_set_name(&t->plan.scopes[set->scope], set->family, set->len, name);
		buf_printf(&commands, "delete set inet %s %s\n", t->plan.table, name);
	}
	kernel_plan_write_bans(&t->plan, t->sets, t->n_sets, &commands);
	return run(t->ctx, &commands, error);
}

int kernel_table_try(const struct kernel_plan *plan, const struct kernel_set *sets, size_t n,
		     struct buf *error)
{
	struct buf commands CLEANUP(buf_done) = { 0 };
	struct nft_ctx *ctx = NULL;
	int r = kernel_plan_check(plan);

	r = r < 0 ? r : open_context(&ctx);
	if (r < 0) {
		return r;
	}
	nft_ctx_set_dry_run(ctx, true);
	kernel_plan_write(plan, sets, n, &commands);
	r = run(ctx, &commands, error);
	nft_ctx_free(ctx);
	return r;
}

int kernel_table_teardown(const char *table, struct buf *error)
{
	struct buf commands CLEANUP(buf_done) = { 0 }, words CLEANUP(buf_done) = { 0 };
	struct nft_ctx *ctx = NULL;
	int r = open_context(&ctx);

	if (r < 0) {
		return r;
	}
	buf_printf(&commands, "delete table inet %s\n", table);
	r = run(ctx, &commands, &words);
	nft_ctx_free(ctx);
	if (r == -ENOENT) {
		return 1;
	}
	buf_add_str(error, buf_str(&words));
	return r;
}
