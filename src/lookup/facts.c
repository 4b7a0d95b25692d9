/* SPDX-License-Identifier: MIT */
#include "lookup/facts.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void facts_add(struct facts *f, const struct addr *addr, instant until, const char *text)
{
	for (size_t i = 0; i < f->n; i++) {
		if (addr_eq(&f->at[i].addr, addr)) {
			return;
		}
	}
	if (f->n == FACTS_MAX) {
		return;
	}
	f->at[f->n].addr = *addr;
	f->at[f->n].until = until;
	(void)snprintf(f->at[f->n].text, FACT_TEXT_MAX, "%s", text);
	f->n++;
}

bool facts_address(const void *sockaddr, struct addr *ret)
{
	struct sockaddr_storage any = { .ss_family = AF_UNSPEC };
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	memcpy(&any.ss_family, (const char *)sockaddr + offsetof(struct sockaddr, sa_family),
	       sizeof(any.ss_family));
	*ret = (struct addr){ 0 };
	if (any.ss_family == AF_INET) {
		memcpy(&v4, sockaddr, sizeof(v4));
		ret->family = 4;
		memcpy(ret->bytes, &v4.sin_addr, sizeof(v4.sin_addr));
	} else if (any.ss_family == AF_INET6) {
		memcpy(&v6, sockaddr, sizeof(v6));
		ret->family = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) ? 4 : 6;
		memcpy(ret->bytes, &v6.sin6_addr.s6_addr[ret->family == 4 ? 12 : 0],
		       ret->family == 4 ? 4 : 16);
	}
	return ret->family != 0;
}
