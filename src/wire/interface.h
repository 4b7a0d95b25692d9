/* SPDX-License-Identifier: MIT */
#pragma once
/* interface.h - the Varlink descriptions of what we speak, as text. Made from *.varlink when the
 * program is built. */

/* NULL: no such interface, or `name` is NULL. Known: io.ipsd.Control, org.varlink.service. */
const char *interface_text(const char *name);
