/* SPDX-License-Identifier: MIT */
#pragma once
/* replay.h - old logs, from beginning to end: plain files, .gz, standard input.
 *
 * A reader gives chunks of whole lines, the last line also without its LF. The only door to zlib;
 * compressed files are known by their first bytes, several members in one file are read on. */
#include "base/attr.h"
#include "base/str.h"
#include "base/time.h"

struct replay;

/* `path` "-" is standard input. Negative errno. */
NODISCARD int replay_open(const char *path, struct replay **ret);
struct replay *replay_free(struct replay *r);
DEFINE_FREEP(struct replay, replay_free)
/* 1: a chunk, valid until the next call; 0: the end; -EBADMSG: the compressed data is damaged;
 * other negative errno. */
NODISCARD int replay_next(struct replay *r, struct str *ret_chunk);
/* The first line without taking it (for ordering files by their first stamp); empty when there is
 * none. */
NODISCARD int replay_peek(struct replay *r, struct str *ret_line);
/* The beginning of the file (of what it unpacks to), without taking it: at least its first 256
 * bytes, or all of it. Before the first replay_next(). */
NODISCARD int replay_peek_bytes(struct replay *r, struct str *ret);
/* Where the chunk that was given last begins in what the file unpacks to. */
uint64_t replay_offset(const struct replay *r);
/* When the file was last written; arrival for standard input is the caller's. */
instant replay_file_time(const struct replay *r);
/* Bytes of the file read so far and its size (0: not known), for a progress bar. */
void replay_progress(const struct replay *r, uint64_t *ret_read, uint64_t *ret_size);
