/* SPDX-License-Identifier: MIT */
#pragma once
/* loaded.h - a config in a few lines: a filter, a jail, and the reading of a bundle's text. */
#include "config/bundle.h"
#include "unit/check.h"

#define FILTER                                                                                     \
	"[filter]\nsources = /var/log/a.log\nservice = smtp\n[event auth-failure]\n"               \
	"match = ^<ADDR> failed <USER>\nhit = 203.0.113.9 failed bob\n"
#define JAIL "[jail]\nwatch = a\nthreshold = 20\n[multipliers]\nauth-failure = 10\nspam = ban\n"

struct loaded {
	struct diag *diag;
	struct config *c;
	int r;
};

static inline struct loaded load(const char *text, unsigned flags)
{
	static struct bundle bundle;
	struct loaded l = { .diag = diag_new() };

	bundle_parse(str_of(text), &bundle);
	bundle_open = &bundle;
	l.r = config_load(&BUNDLE_ACCESS, &BUNDLE_PATHS, flags, l.diag, &l.c);
	return l;
}

static inline void unload(struct loaded *l)
{
	config_free(l->c);
	diag_free(l->diag);
}
