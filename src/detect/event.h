/* SPDX-License-Identifier: MIT */
#pragma once
/* event.h - what did a log line say?
 *
 * An event borrows the bytes of its line: they are valid as long as the chunk that was fed. Types
 * and services are numbers in the ruleset's lists of names; the well-known types below have the
 * same number in every ruleset. Pure. */
#include "base/addr.h"
#include "base/str.h"
#include "base/time.h"

/* The first fourteen are VPOP3's event numbers 0..13 (pscs.co.uk, SMTP IDS/IPS; database column
 * errortype). */
enum event_type {
	EVENT_AUTH_FAILURE,
	EVENT_RELAY_DENIED,
	EVENT_RELAY_ALLOWED,
	EVENT_BAD_RECIPIENT,
	EVENT_GOOD_RECIPIENT,
	EVENT_SPAM,
	EVENT_VIRUS,
	EVENT_RULE_MATCH,
	EVENT_DNSBL_MATCH,
	EVENT_SYNTAX_ERROR,
	EVENT_MESSAGE_TOO_BIG,
	EVENT_BLOCKED_ATTACHMENT,
	EVENT_PARTIAL_ATTACHMENT,
	EVENT_SPF_FAILURE,
	EVENT_CONNECTION,
	EVENT_DISCONNECTION,
	EVENT_MESSAGE_ACCEPTED,
	EVENT_BAD_SESSION,
	EVENT_LOGIN,
	EVENT_PASSWORD_RETRIEVAL,
	EVENT_BOUNCE,
	EVENT_REFUSED,
	EVENT_IDS_VERDICT,
	EVENT_BANNED,
	EVENT_KNOWN_TYPES, /* how many there are; a filter's own types get numbers from here on */
};

enum { EVENT_COUNT_MAX = 1000, EVENT_SERVICE_NONE = 0xffff, EVENT_SOURCE_NONE = 0xffff };

struct event {
	instant time;       /* when it happened: stamp, or arrival */
	uint16_t type;      /* number in the ruleset's types */
	uint16_t service;   /* number in the ruleset's services, EVENT_SERVICE_NONE */
	uint16_t filter;    /* index in the ruleset's filters */
	uint16_t source;    /* index in the ruleset's sources */
	uint16_t pattern;   /* index in the filter's patterns */
	uint16_t count;     /* how many times it counts, 1..EVENT_COUNT_MAX */
	bool unsaid;        /* no line says it: its session fell silent */
	struct addr addr;   /* family 0: the line named none */
	struct str account; /* as the line spells it */
	struct str session; /* id that ties lines together */
	struct str data;    /* whatever <DATA> caught */
	struct str text;    /* the line, without its end */
};

struct event_kind {
	const char *name;     /* as filters and jails write it */
	const char *about;    /* "wrong password" */
	const char *innocent; /* its usual innocent cause, for `show`; "" when there is none */
};

/* The well-known type's words; `type` < EVENT_KNOWN_TYPES. */
const struct event_kind *event_kind(uint16_t type);
