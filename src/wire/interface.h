/* SPDX-License-Identifier: MIT */
#pragma once

/* interface.h - the Varlink descriptions of what we speak, as text. Made from *.varlink when the
 * program is built. */

/* Bytes of the longest request that ipsd reads. */
enum { INTERFACE_REQUEST_MAX = 16 * 1024 * 1024 };

/* NULL: no such interface, or `name` is NULL. Known: io.ipsd.Control, org.varlink.service. */
const char *interface_text(const char *name);
