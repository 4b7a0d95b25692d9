/* SPDX-License-Identifier: MIT */
/* A struct value is jansson's json_t under another name: our names must not shadow the ones that
 * libnftables, loaded beside us, needs.
 *
 * A member that could not be made is remembered until the next value_write(), which then fails: so
 * builders need no check at each member. Where it was meant to be cannot be marked, for a mark
 * would need memory, too.
 *
 * What is written is printable ASCII: a control character of C1, or a mark that turns the direction
 * of text around, is obeyed by terminals and hidden by editors as UTF-8, and is seen as \uNNNN. */
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/escape.h"
#include "base/span.h"

static json_t *json_of(struct value *v)
{
	return (json_t *)v;
}

static const json_t *const_json_of(const struct value *v)
{
	return (const json_t *)v;
}

static struct value *value_of(json_t *j)
{
	return (struct value *)j;
}

/* Something is missing in what has been built since the last value_write(). */
static bool incomplete;

struct value *value_object(void)
{
	return value_of(json_object());
}

struct value *value_array(void)
{
	return value_of(json_array());
}

struct value *value_free(struct value *v)
{
	json_decref(json_of(v));
	return NULL;
}

static void set(struct value *object, const char *key, json_t *child)
{
	if (json_object_set_new_nocheck(json_of(object), key, child) < 0) {
		incomplete = true;
	}
}

static json_t *text_of(struct str text)
{
	CLEANUP(buf_done) struct buf clean = { 0 };
	json_t *valid;

	if (!text.n) {
		return json_string("");
	}
	valid = json_stringn(text.p, text.n);
	if (valid) {
		return valid;
	}
	escape_utf8(&clean, text);
	return buf_ok(&clean) < 0 ? NULL : json_stringn(buf_text(&clean), clean.n);
}

void value_set(struct value *object, const char *key, struct value *child)
{
	set(object, key, json_of(child));
}

void value_set_text(struct value *object, const char *key, struct str text)
{
	set(object, key, text_of(text));
}

void value_set_word(struct value *object, const char *key, const char *text)
{
	set(object, key, text ? text_of(str_of(text)) : json_null());
}

void value_set_int(struct value *object, const char *key, int64_t number)
{
	set(object, key, json_integer(number));
}

void value_set_real(struct value *object, const char *key, double number)
{
	set(object, key, json_real(number));
}

void value_set_bool(struct value *object, const char *key, bool truth)
{
	set(object, key, json_boolean(truth));
}

void value_set_null(struct value *object, const char *key)
{
	set(object, key, json_null());
}

void value_set_instant(struct value *object, const char *key, instant t)
{
	char text[INSTANT_TEXT_MAX];

	value_set_word(object, key,
		       instant_is_never(t) || t.us == 0 ? NULL : instant_format(t, text));
}

void value_add(struct value *array, struct value *child)
{
	if (json_array_append_new(json_of(array), json_of(child)) < 0) {
		incomplete = true;
	}
}

void value_add_text(struct value *array, struct str text)
{
	value_add(array, value_of(text_of(text)));
}

int value_parse(struct str text, char *ret_error, struct value **ret)
{
	json_error_t error;
	json_t *j = json_loadb(text.p ? text.p : "", text.n,
			       JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	if (!j) {
		if (ret_error) {
			snprintf(ret_error, 256, "line %d, column %d: %s", error.line, error.column,
				 error.text);
		}
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EINVAL;
	}
	*ret = value_of(j);
	return 0;
}

/* DEL is the one control character that jansson takes for a printable one. */
static int write_bytes(const char *bytes, size_t n, void *arg)
{
	struct str rest = { .p = bytes, .n = n };
	size_t del;

	while ((del = str_find_char(rest, '\x7f')) != STR_NOT_FOUND) {
		buf_add(arg, rest.p, del);
		buf_add_str(arg, STR("\\u007F"));
		rest = str_slice(rest, del + 1, rest.n);
	}
	buf_add_str(arg, rest);
	return 0;
}

int value_write(const struct value *v, struct buf *out)
{
	const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII |
			     JSON_REAL_PRECISION(6);
	bool whole = v && !incomplete;

	incomplete = false;
	if (!whole || json_dump_callback(const_json_of(v), write_bytes, out, flags) < 0) {
		return -ENOMEM;
	}
	return buf_ok(out);
}

enum value_type value_type(const struct value *v)
{
	if (!v) {
		return VALUE_NULL;
	}
	switch (json_typeof(const_json_of(v))) {
	case JSON_OBJECT: return VALUE_OBJECT;
	case JSON_ARRAY: return VALUE_ARRAY;
	case JSON_STRING: return VALUE_TEXT;
	case JSON_INTEGER: return VALUE_INT;
	case JSON_REAL: return VALUE_REAL;
	case JSON_TRUE:
	case JSON_FALSE: return VALUE_BOOL;
	case JSON_NULL: return VALUE_NULL;
	}
	return VALUE_NULL;
}

const struct value *value_get(const struct value *object, const char *key)
{
	return value_of(json_object_get(const_json_of(object), key));
}

struct value *value_copy(const struct value *v)
{
	return value_of(json_deep_copy(const_json_of(v)));
}

size_t value_length(const struct value *array)
{
	return json_array_size(const_json_of(array));
}

const struct value *value_at(const struct value *array, size_t i)
{
	return value_of(json_array_get(const_json_of(array), i));
}

struct value *value_share_at(const struct value *array, size_t i)
{
	return value_of(json_incref(json_array_get(const_json_of(array), i)));
}

void value_reverse(struct value *array)
{
	json_t *j = json_of(array);
	size_t n = json_array_size(j);

	for (size_t i = 0; i < n / 2; i++) {
		json_t *front = json_incref(json_array_get(j, i));

		(void)json_array_set(j, i, json_array_get(j, n - 1 - i));
		(void)json_array_set_new(j, n - 1 - i, front);
	}
}

struct str value_text(const struct value *v, struct str fallback)
{
	const json_t *j = const_json_of(v);

	if (!json_is_string(j)) {
		return fallback;
	}
	return (struct str){ .p = json_string_value(j), .n = json_string_length(j) };
}

const char *value_cstring(const struct value *v)
{
	struct str text = value_text(v, STR_NONE);

	return text.p && !memchr(text.p, 0, text.n) ? text.p : NULL;
}

int64_t value_int(const struct value *v, int64_t fallback)
{
	return json_is_integer(const_json_of(v)) ? json_integer_value(const_json_of(v)) : fallback;
}

bool value_bool(const struct value *v, bool fallback)
{
	return json_is_boolean(const_json_of(v)) ? json_is_true(const_json_of(v)) : fallback;
}
