/* SPDX-License-Identifier: MIT */
#pragma once
/* layers.h - which files make up this filter, this jail, ipsd.conf?
 *
 * A file in the admin's folder replaces the one of the same name among the shipped ones, and the
 * files of NAME.conf.d beside the admin's place override single keys, in the order of their names.
 * Files are read by the caller's functions. What cannot be read goes to `diag`. */
#include "config/config.h"
#include "config/document.h"

enum layers_folder { LAYERS_MAIN, LAYERS_FILTERS, LAYERS_JAILS };

struct layers {
	const struct config_access *access;
	const struct config_paths *paths;
	struct arena *arena;
	struct diag *diag;
};

struct layers_names {
	struct str *at;
	size_t n;
};

/* The names (without .conf) of what there is, sorted, each once. -ENOMEM. */
NODISCARD int layers_list(const struct layers *l, enum layers_folder folder,
			  struct layers_names *ret);
/* Reads all files of `name` (`ipsd` for LAYERS_MAIN) into a document. *ret_file is the one at the
 * bottom. 1: that one cannot be read, and that was told. -ENOENT: there is none, *ret holds the
 * drop-ins only. -ENOMEM. */
NODISCARD int layers_read(const struct layers *l, enum layers_folder folder, struct str name,
			  struct str *ret_file, struct document **ret);
/* The same for one file by its path, without drop-ins. 1, -ENOENT, -ENOMEM. */
NODISCARD int layers_read_file(const struct layers *l, struct str path, struct document **ret);
/* Warns of drop-ins for what is not among the names. -ENOMEM. */
NODISCARD int layers_check_dropins(const struct layers *l, enum layers_folder folder,
				   const struct layers_names *names);
