/* SPDX-License-Identifier: MIT */
#include "wire/request.h"

#include <errno.h>

#include "wire/interface.h"

void requests_done(struct requests *r)
{
	buf_done(&r->in);
	*r = (struct requests){ 0 };
}

char *requests_reserve(struct requests *r, size_t n)
{
	buf_consume(&r->in, r->at);
	r->at = 0;
	return buf_reserve(&r->in, n);
}

void requests_add(struct requests *r, size_t n)
{
	r->in.n += n;
}

size_t requests_waiting(const struct requests *r)
{
	return r->in.n - r->at;
}

/* *ret_end is where its NUL stands. */
static bool find_end(struct requests *r, size_t *ret_end)
{
	size_t from = r->at + r->looked;
	size_t n = str_find_char(str_slice(buf_str(&r->in), from, r->in.n), '\0');

	if (n == STR_NOT_FOUND) {
		r->looked = requests_waiting(r);
		return false;
	}
	r->looked += n;
	*ret_end = from + n;
	return true;
}

bool requests_has(struct requests *r)
{
	size_t end;

	return find_end(r, &end);
}

int requests_next(struct requests *r, struct str *ret)
{
	size_t end;

	if (!find_end(r, &end)) {
		return r->looked > INTERFACE_REQUEST_MAX ? -EMSGSIZE : 0;
	}
	*ret = str_slice(buf_str(&r->in), r->at, end - r->at);
	r->at = end + 1;
	r->looked = 0;
	return 1;
}

int request_parse(struct str message, struct request *ret)
{
	CLEANUP(value_freep) struct value *v = NULL;
	char error[256];
	int r = value_parse(message, error, &v);

	if (r < 0) {
		return r;
	}
	if (value_type(v) != VALUE_OBJECT) {
		return -EINVAL;
	}
	ret->method = value_cstring(value_get(v, "method"));
	ret->parameters = value_get(v, "parameters");
	ret->more = value_bool(value_get(v, "more"), false);
	ret->message = TAKE(v);
	return 0;
}
