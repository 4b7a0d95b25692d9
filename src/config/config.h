/* SPDX-License-Identifier: MIT */
#pragma once
/* config.h - what do the files in /etc/ipsd say?
 *
 * Reads ipsd.conf, filters and jails (with their drop-ins, over the shipped ones), checks all of
 * it, and makes settings and a ruleset. All problems of all files are told in one run. It does no
 * I/O of its own: the caller lends the functions of struct config_access (sys/files.h has them
 * for real files). */
#include "base/buf.h"
#include "base/diag.h"
#include "engine/ruleset.h"

enum { CONFIG_FILE_MAX = 4 * 1024 * 1024 };

struct config_access {
	/* Appends the file's bytes. -ENOENT, -EFBIG (over `max` bytes), other negative errno. */
	int (*read)(const char *path, size_t max, struct buf *ret);
	/* Appends the names in the directory that end in `suffix`, sorted, each followed by NUL.
	 * -ENOENT. Names that begin with a dot are left out. */
	int (*list)(const char *dir, const char *suffix, struct buf *ret);
	/* Is there such a file or folder, or a file that the pattern in the last component fits?
	 * NULL: nobody knows, and of alternative sources the best is taken. */
	bool (*exists)(const char *path);
};

struct config_paths {
	const char *dir;    /* /etc/ipsd, or --config-dir */
	const char *shared; /* /usr/share/ipsd */
};

enum config_flags {
	CONFIG_STRICT = 1 << 0, /* every error is fatal */
	CONFIG_SAMPLES = 1 << 1 /* run all samples (`ipsctl check`) */
};

enum part_state { PART_OK, PART_FAILED, PART_DISABLED };

/* One filter or jail file, as `status`, `check` and `cat` name it. */
struct config_part {
	struct str name, about, file;
	enum part_state state;
	struct str why;                  /* failed: the first error, one line */
	uint16_t index;                  /* in the ruleset; NAMES_NONE when not PART_OK */
	bool automatic;                  /* jail: enabled = auto */
	const struct document *document; /* what its files say; NULL: there is no base file */
};

struct port_groups;

/* Where a log that was never read before is begun. */
enum first_read { FIRST_READ_END, FIRST_READ_BEGINNING, FIRST_READ_WINDOW };

struct config_settings {
	bool observe;            /* [ipsd] mode */
	bool read_any_log;       /* no */
	bool never_block_broken; /* an entry could not be read: start observing, loudly */
	struct str nft_table;    /* ipsd */
	bool nft_both;           /* direction = both */
	bool nft_cuts;           /* cut-connections = yes */
	bool nft_counters;       /* counters = yes; auto decides by size */
	bool nft_counters_auto;
	struct str geo_database;       /* a path; empty: the usual ones */
	duration retention;            /* 30d */
	uint64_t retention_events;     /* 5,000,000 */
	enum first_read first_read;    /* window */
	const struct str *never_hosts; /* by hostname_is_entry(); each ends with a NUL */
	size_t n_never_hosts;
	bool never_own, never_resolvers, never_gateways, never_ssh_peers;
};

enum { CONFIG_LABEL_MAX = 255 };

/* A scope with all that it consists of. */
struct config_scope {
	struct scope scope;
	struct port_range ranges[SCOPE_RANGES_MAX];
	char name[SCOPE_NAME_MAX + 1], label[CONFIG_LABEL_MAX];
};

struct config {
	struct config_settings settings;
	struct config_part *filters, *jails;
	size_t n_filters, n_jails;
	struct ruleset *ruleset;          /* TAKE() it for an engine */
	const struct document *document;  /* of ipsd.conf; for config_cat() */
	const struct port_groups *groups; /* [ports]; NULL: none */
	struct arena *arena;              /* of texts and parts; not the ruleset's */
};

/* 0: usable (parts may have failed: see their states and `diag`). -EINVAL: ipsd.conf is broken, or
 * anything is under CONFIG_STRICT. -ENOMEM. A missing ipsd.conf is an empty one. *ret is set also
 * with -EINVAL as far as it got (ruleset NULL then). */
NODISCARD int config_load(const struct config_access *access, const struct config_paths *paths,
			  unsigned flags, struct diag *diag, struct config **ret);
struct config *config_free(struct config *c);
DEFINE_FREEP(struct config, config_free)

enum config_kind { CONFIG_MAIN, CONFIG_FILTER, CONFIG_JAIL };

/* Effective values of ipsd.conf, or of the filter or jail `name`, as an INI file that parses to the
 * same again; each value is preceded by a comment line `; file:line` (or `; default`) when `where`.
 * -ENOENT: no such part. */
NODISCARD int config_cat(const struct config *c, enum config_kind kind, struct str name, bool where,
			 struct buf *out);
/* The ruleset for one filter alone, with a source and no jails (`try`): every name or path of a
 * filter file. -ENOENT, -EINVAL, -ENOMEM. */
NODISCARD int config_load_filter(const struct config_access *access,
				 const struct config_paths *paths, struct str name_or_path,
				 struct diag *diag, struct config **ret);
/* Ports that a person names, in the words of a jail's `ports`: `25,465`, `mail`, `udp/53`, `all`.
 * The scope's lists lie in *ret, its label is what was said. On failure *ret_word is the word (all
 * of it with -E2BIG): -EINVAL: it is neither port nor group; -ERANGE: no port has that number;
 * -ENOSPC: too many ranges; -E2BIG: too long. */
NODISCARD int config_scope(const struct config *c, struct str ports, struct config_scope *ret,
			   struct str *ret_word);

/* A key as a manual lists it. */
struct config_key {
	enum config_kind kind;
	const char *section;  /* `event` stands for [event TYPE] */
	const char *name;     /* "*": any word */
	const char *value;    /* the default; NULL: none */
	const char *about;    /* a sentence */
	const char *theirs;   /* what VPOP3 and SmarterMail call it; NULL */
	bool required, later; /* has no default; is not supported yet */
};

/* Key number i of all keys, those of one section together; false past the end. *takes (may be NULL)
 * gets appended what its value looks like. */
bool config_key(size_t i, struct config_key *ret, struct buf *takes);
