/* SPDX-License-Identifier: MIT */
#pragma once
/* main_file.h - what does ipsd.conf say?
 *
 * Problems go to the reader's diag; those of [never-block] have that section as their place. */
#include "config/config.h"
#include "config/document.h"
#include "config/ports.h"
#include "config/values.h"

struct main_file {
	struct main_values values;
	struct port_groups groups;
	const struct section *defaults; /* NULL: none, or none that could be used */
};

void main_file_read(const struct document *d, struct reader *r, struct main_file *ret);
/* Puts what was read into the settings and the ruleset. -ENOMEM. */
NODISCARD int main_file_apply(const struct main_file *m, struct reader *r,
			      struct config_settings *settings, struct ruleset *rules);
/* Adds the ports that the words name. False: there was an error. */
bool main_file_ports(const struct spec_texts *words, const struct port_groups *groups,
		     struct reader *r, struct port_list *ret);
