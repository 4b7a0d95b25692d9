/* SPDX-License-Identifier: MIT */
#pragma once
/* never_words.h - an entry of never-block in words: for whom it holds, and who says so. */
#include "base/buf.h"
#include "wire/json.h"

/* "all", "jail mail", "imap", "jail mail, imap". */
void never_words_scope(const struct value *entry, struct buf *out);
/* "by hand", "/etc/ipsd/ipsd.conf:12", "host mail.example.com", "own address eth0". */
void never_words_from(const struct value *entry, struct buf *out);
/* A sentence without its end: "203.0.113.0/24, by hand (root), until 2026-11-22 04:03:05: why". */
void never_words_entry(const struct value *entry, struct buf *out);
