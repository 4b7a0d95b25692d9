/* SPDX-License-Identifier: MIT */
#pragma once
/* listeners.h - to which TCP ports do servers listen in this network namespace?
 *
 * By /proc/net/tcp and tcp6; needs no right. Those that listen to this host alone (loopback) are
 * left out. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct listeners {
	size_t n; /* sockets; 0 also when nothing is known */
	uint8_t ports[65536 / 8];
};

void listeners_look(struct listeners *ret);
/* Adds those in the text of one of the two files. Pure. */
void listeners_parse(struct str text, struct listeners *ret);
/* Does one listen to a port from `low` to `high`? Pure. */
bool listeners_has(const struct listeners *l, uint16_t low, uint16_t high);
