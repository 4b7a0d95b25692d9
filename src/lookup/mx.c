/* SPDX-License-Identifier: MIT */
#include "lookup/mx.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <resolv.h>

#include "base/hostname.h"

enum { PREFERENCE_BYTES = 2 };

static int add_host(ns_msg *message, const ns_rr *record, struct mx_hosts *ret)
{
	char *name = ret->at[ret->n];
	int used;

	if (ns_rr_rdlen(*record) <= PREFERENCE_BYTES) {
		return -EBADMSG;
	}
	used = dn_expand(ns_msg_base(*message), ns_msg_end(*message),
			 ns_rr_rdata(*record) + PREFERENCE_BYTES, name, MX_NAME_MAX);
	if (used < 0 || used + PREFERENCE_BYTES > ns_rr_rdlen(*record)) {
		return -EBADMSG;
	}
	ret->n += hostname_is_name(str_of(name));
	return 0;
}

int mx_parse(const void *bytes, size_t n, struct mx_hosts *ret)
{
	ns_msg message;
	ns_rr record;
	int found = 0;

	if (n > INT_MAX || ns_initparse(bytes, (int)n, &message) < 0) {
		return -EBADMSG;
	}
	for (int i = 0; i < ns_msg_count(message, ns_s_an) && ret->n < MX_MAX; i++) {
		if (ns_parserr(&message, ns_s_an, i, &record) < 0) {
			return -EBADMSG;
		}
		if (ns_rr_type(record) != ns_t_mx || ns_rr_class(record) != ns_c_in) {
			continue;
		}
		found = 1;
		if (add_host(&message, &record, ret) < 0) {
			return -EBADMSG;
		}
	}
	return found;
}
