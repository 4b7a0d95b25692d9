/* SPDX-License-Identifier: MIT */
#pragma once
/* scanner.h - which of these literals occur in this chunk, and where?
 *
 * One multi-literal search (libhs, block mode) over the whole chunk. Hits are reported in ascending
 * order of their end. Memory: database and scratch, taken by scanner_new(); scanning allocates
 * nothing. */
#include "detect/literal.h"

struct scanner;

/* `end` is one past the hit's last byte. Return false to stop the scan. */
typedef bool (*scanner_hit)(void *arg, uint32_t literal, size_t end);

/* Hits name literals by their index in `at`. n >= 1. -ENOMEM; -EINVAL when libhs refuses:
 * a literal is empty or begins with NUL, or it is longer than LITERAL_MAX_BYTES. */
NODISCARD int scanner_new(const struct literal *at, size_t n, struct scanner **ret);
struct scanner *scanner_free(struct scanner *s);
DEFINE_FREEP(struct scanner, scanner_free)
/* 0: all of it; 1: stopped by the callback. -EINVAL: the chunk is larger than UINT32_MAX. */
NODISCARD int scanner_scan(struct scanner *s, struct str chunk, scanner_hit hit, void *arg);
