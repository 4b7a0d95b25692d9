/* SPDX-License-Identifier: MIT */
#pragma once
/* json.h - JSON values, made and read. The only door to jansson.
 *
 * Functions begin with value_ because names that begin with json_ are jansson's own. A struct value
 * is owned by whoever made it until it is put into another one, which then owns it. Setters return
 * nothing: when memory runs out, the next value_write() fails, whatever it writes. Keys are C
 * literals. Text is bytes: what is not valid UTF-8 becomes \xNN before it becomes JSON; NUL and
 * other control characters stay what they are, and are written as JSON's escapes. Duplicate keys
 * are refused. Integers are int64. */
#include "base/buf.h"
#include "base/str.h"
#include "base/time.h"

struct value;

enum value_type {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_REAL,
	VALUE_TEXT,
	VALUE_ARRAY,
	VALUE_OBJECT
};

struct value *value_object(void);
struct value *value_array(void);
struct value *value_free(struct value *v);
DEFINE_FREEP(struct value, value_free)
void value_set(struct value *object, const char *key, struct value *child);
void value_set_text(struct value *object, const char *key, struct str text);
/* NULL gives null. */
void value_set_word(struct value *object, const char *key, const char *text);
void value_set_int(struct value *object, const char *key, int64_t number);
void value_set_real(struct value *object, const char *key, double number);
void value_set_bool(struct value *object, const char *key, bool truth);
void value_set_null(struct value *object, const char *key);
/* RFC 3339 UTC with Z; INSTANT_NEVER and 0 give null. */
void value_set_instant(struct value *object, const char *key, instant t);
void value_add(struct value *array, struct value *child);
void value_add_text(struct value *array, struct str text);

/* -EINVAL: *ret_error (256 bytes, may be NULL) says where and what. -ENOMEM, where jansson tells
 * it from nonsense. */
NODISCARD int value_parse(struct str text, char *ret_error, struct value **ret);
/* On one line, in printable ASCII. -ENOMEM, also when something is missing because memory ran out
 * since the last call. */
NODISCARD int value_write(const struct value *v, struct buf *out);
enum value_type value_type(const struct value *v);
/* The member, or NULL. NULL object: NULL. */
const struct value *value_get(const struct value *object, const char *key);
/* A deep copy that the caller owns. */
struct value *value_copy(const struct value *v);
/* 0 for what is no array. */
size_t value_length(const struct value *array);
void value_reverse(struct value *array);
const struct value *value_at(const struct value *array, size_t i);
/* The same, for a second owner: nobody may change it any more. */
struct value *value_share_at(const struct value *array, size_t i);
/* What it is, or the fallback when it is of another type or NULL. */
struct str value_text(const struct value *v, struct str fallback);
/* The text, NUL-terminated; NULL when it is none (or holds a NUL). */
const char *value_cstring(const struct value *v);
int64_t value_int(const struct value *v, int64_t fallback);
bool value_bool(const struct value *v, bool fallback);
