/* SPDX-License-Identifier: MIT */
#include "lookup/resolve.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lookup/facts.h"
#include "lookup/mx.h"

enum { MESSAGE_MAX = 8192 };

static void add_address(struct answer *a, const struct sockaddr *from)
{
	struct addr addr;

	if (!facts_address(from, &addr) || a->n == ANSWER_ADDRESSES) {
		return;
	}
	for (size_t i = 0; i < a->n; i++) {
		if (addr_eq(&a->addresses[i], &addr)) {
			return;
		}
	}
	a->addresses[a->n++] = addr;
}

static bool is_no_such(int e)
{
	return e == EAI_NONAME || e == EAI_NODATA;
}

/* That nobody answered for one of several hosts is not forgotten over another one's words. */
static void fail(struct answer *a, enum answer_state state, const char *why)
{
	if (a->state == ANSWER_FAILED) {
		return;
	}
	a->state = state;
	(void)snprintf(a->why, sizeof(a->why), "%s", why);
}

static void resolve_host(const char *name, struct answer *a)
{
	static const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int e = getaddrinfo(name, NULL, &hints, &found);

	if (e == EAI_SYSTEM) {
		fail(a, ANSWER_FAILED, strerrordesc_np(errno));
	} else if (e != 0) {
		fail(a, is_no_such(e) ? ANSWER_NONE : ANSWER_FAILED, gai_strerror(e));
	}
	for (const struct addrinfo *i = found; i; i = i->ai_next) {
		add_address(a, i->ai_addr);
	}
	if (found) {
		freeaddrinfo(found);
	}
}

/* 1: the domain has MX records; 0: it has none; <0: *a says why. */
static int find_mx(const char *domain, struct mx_hosts *hosts, struct answer *a)
{
	static unsigned char message[MESSAGE_MAX];
	int n = res_query(domain, ns_c_in, ns_t_mx, message, sizeof(message));
	int r;

	if (n < 0) {
		if (h_errno == NO_DATA) {
			return 0;
		}
		fail(a, h_errno == HOST_NOT_FOUND ? ANSWER_NONE : ANSWER_FAILED,
		     hstrerror(h_errno));
		return -ENOENT;
	}
	r = mx_parse(message, (size_t)n < sizeof(message) ? (size_t)n : sizeof(message), hosts);
	if (r < 0) {
		fail(a, ANSWER_FAILED, "a name server sent what is no answer");
	}
	return r;
}

static void resolve_mx(const char *domain, struct answer *a)
{
	struct mx_hosts hosts = { .n = 0 };
	int r = find_mx(domain, &hosts, a);

	if (r < 0) {
		return;
	}
	if (r == 0) {
		resolve_host(domain, a);
		return;
	}
	if (hosts.n == 0) {
		fail(a, ANSWER_NONE, "the domain takes no mail");
	}
	for (size_t i = 0; i < hosts.n; i++) {
		resolve_host(hosts.at[i], a);
	}
}

void resolve(const struct question *question, struct answer *ret)
{
	struct str name = str_of(question->name);

	*ret = (struct answer){ .id = question->id, .state = ANSWER_NONE };
	if (str_has_prefix(name, STR("mx:"))) {
		resolve_mx(question->name + strlen("mx:"), ret);
	} else {
		resolve_host(question->name, ret);
	}
	if (ret->n > 0) {
		if (ret->state == ANSWER_NONE) {
			memset(ret->why, 0, sizeof(ret->why));
		}
		ret->state = ANSWER_FOUND;
	} else if (!ret->why[0]) {
		fail(ret, ANSWER_NONE, "it has no address");
	}
}
