/* SPDX-License-Identifier: MIT */
#pragma once
/* methods.h - which step answers this Varlink method? Ours, and those of org.varlink.service. */
#include "daemon/call.h"

/* Never NULL: an unknown method, or none, has a step that answers with the right error. */
call_step methods_find(const char *method);
