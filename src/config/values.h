/* SPDX-License-Identifier: MIT */
#pragma once
/* values.h - what do the keys of ipsd.conf, of a filter and of a jail hold?
 *
 * Plain data: one field for each row of the schema table, which names it and fills it. Numbers of
 * choices are the enums below, or those of the rooms that use them. Texts and lists are borrowed
 * from the documents and the reader's arena. */
#include "config/reader_rule.h"

enum main_counters { COUNTERS_AUTO, COUNTERS_YES, COUNTERS_NO };

enum main_direction { DIRECTION_ORIGINAL, DIRECTION_BOTH };

enum jail_enabled { ENABLED_AUTO, ENABLED_YES, ENABLED_NO };

struct main_values {
	int mode; /* enum jail_mode */
	struct spec_text timezone;
	uint64_t host_v6, network_v4, network_v6, max_subjects;
	struct retention retention;
	bool read_any_log;
	int first_read; /* enum first_read */
	struct spec_text fail2ban_filters;
	struct spec_texts mail_ports, web_ports;
	struct networks never_block;
	struct spec_texts hosts;
	bool own_addresses, private_networks, resolvers, gateways, ssh_peers;
	struct spec_text geo_database;
	struct spec_text nft_table;
	int nft_direction, nft_counters;
	bool cut_connections;
};

struct filter_values {
	struct spec_text about;
	struct places sources;
	int layout; /* enum filter_layout */
	struct spec_texts programs;
	struct spec_text stamp, stamp_date, timezone, prefix, service;
	struct spec_texts ignore, once_per, miss;
};

struct session_values {
	struct spec_text id;
	struct spec_texts opens, closes, satisfied;
	struct spec_text otherwise;
	struct spec_texts carry, hit;
};

struct event_values {
	struct spec_text prefix, service;
	struct spec_texts match, ignore, hit, miss;
};

struct jail_values {
	struct spec_text about, type;
	int enabled; /* enum jail_enabled */
	struct places watch;
	struct spec_texts services;
	int subject;  /* enum subject_kind */
	int distinct; /* enum distinct */
	duration window;
	uint64_t threshold; /* 0: not set */
	struct ladder ban;
	duration ban_memory;
	int after_ban; /* enum after_ban */
	struct spec_texts ports;
	int verdict; /* enum verdict */
	int mode;    /* enum jail_mode */
	struct networks never_block;
	uint64_t share;
	bool spare_known;
};
