/* SPDX-License-Identifier: MIT */
#pragma once
/* since.h - where in this log does the time begin that we want to know?
 *
 * A search over the stamps of a file that is not read as a whole: back from its end in doubling
 * steps, then by halving. At most some hundred pieces of 64 KiB are looked at, whatever the file's
 * size; holes are skipped. Lines whose stamps are out of order lead it astray by no more than the
 * lines themselves are. Touches nothing but the descriptor's file. */
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/time.h"

/* When a line (without its end) was written. False: it does not say. */
typedef bool (*since_time_of)(void *arg, struct str line, instant *ret);

/* The beginning of the first line of the file's first `size` bytes that was written at `since` or
 * later, `size` when there is none; of a file that was begun later it is 0. 0; 1: no line tells its
 * time; -ENOMEM, negative errno. */
NODISCARD int since_find(int fd, uint64_t size, instant since, since_time_of time_of, void *arg,
			 uint64_t *ret_offset);
