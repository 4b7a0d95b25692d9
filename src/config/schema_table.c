/* SPDX-License-Identifier: MIT */
/* schema_table.c - every key of every kind of file. */
#include "config/schema_table.h"

#include <stddef.h>

#include "config/values.h"

#define DAYS(n)    ((n)*UINT64_C(86400))
#define SPAN_MAX   (UINT64_C(999999999) * 60)
#define MAIN(f)    offsetof(struct main_values, f)
#define FILTER(f)  offsetof(struct filter_values, f)
#define SESSION(f) offsetof(struct session_values, f)
#define EVENT(f)   offsetof(struct event_values, f)
#define JAIL(f)    offsetof(struct jail_values, f)

/* Columns: file, section, key, { kind, low, high, words }, default, flags, field, about, theirs. */
/* clang-format off */
static const struct key ROWS[] = {
	{ CONFIG_MAIN, "ipsd", "mode", { READ_CHOICE, 0, 0, "enforce observe" }, "enforce", 0, MAIN(mode),
	  "Whether bans are enforced, or only decided and shown.", NULL },
	{ CONFIG_MAIN, "ipsd", "timezone", { READ_ZONE, 0, 0, NULL }, "local", 0, MAIN(timezone),
	  "The zone of stamps that name none: local, UTC, or a name such as Europe/Berlin.", NULL },
	{ CONFIG_MAIN, "ipsd", "ipv6-host-prefix", { READ_COUNT, 32, 128, NULL }, "64", 0, MAIN(host_v6),
	  "How many bits of an IPv6 address make a subject, and are banned.", NULL },
	{ CONFIG_MAIN, "ipsd", "network-prefix-v4", { READ_COUNT, 8, 32, NULL }, "24", 0, MAIN(network_v4),
	  "How many bits of an IPv4 address make its network.", "SmarterMail: Class C" },
	{ CONFIG_MAIN, "ipsd", "network-prefix-v6", { READ_COUNT, 16, 128, NULL }, "48", 0, MAIN(network_v6),
	  "How many bits of an IPv6 address make its network.", NULL },
	{ CONFIG_MAIN, "ipsd", "max-subjects", { READ_COUNT, 1, 16000000, NULL }, "1000000", 0, MAIN(max_subjects),
	  "How many subjects are remembered; when there are more, the lowest score goes first.", NULL },
	{ CONFIG_MAIN, "ipsd", "retention", { READ_RETENTION, 3600, DAYS(3650), NULL }, "30d, 5000000", 0, MAIN(retention),
	  "How long, and how many, events are kept to be shown.", NULL },
	{ CONFIG_MAIN, "ipsd", "read-any-log", { READ_YES_NO, 0, 0, NULL }, "no", 0, MAIN(read_any_log),
	  "Whether ipsd keeps the right to read files that its user may not read.", NULL },
	{ CONFIG_MAIN, "ipsd", "first-read", { READ_CHOICE, 0, 0, "end beginning window" }, "window", 0, MAIN(first_read),
	  "Where a log never read before is begun: where the longest window of its jails does, at its end or its beginning.", NULL },
	{ CONFIG_MAIN, "ipsd", "fail2ban-filters", { READ_PATH, 0, 0, NULL }, NULL, KEY_LATER, MAIN(fail2ban_filters),
	  "Where fail2ban's filters are.", NULL },

	{ CONFIG_MAIN, "ports", "mail", { READ_WORDS, 0, 0, NULL }, "smtp submission submissions pop3 pop3s imap imaps 4190",
	  0, MAIN(mail_ports), "The ports of mail servers.", NULL },
	{ CONFIG_MAIN, "ports", "web", { READ_WORDS, 0, 0, NULL }, "http https", 0, MAIN(web_ports),
	  "The ports of web servers.", NULL },
	{ CONFIG_MAIN, "ports", "*", { READ_WORDS, 0, 0, NULL }, NULL, 0, 0,
	  "A group of ports that jails can name.", NULL },

	{ CONFIG_MAIN, "never-block", "addresses", { READ_NETWORKS, 0, 0, NULL }, NULL, 0, MAIN(never_block),
	  "Addresses and networks that are never banned.", "VPOP3: Never Block List; SmarterMail: whitelist" },
	{ CONFIG_MAIN, "never-block", "hosts", { READ_WORDS, 0, 0, NULL }, NULL, 0, MAIN(hosts),
	  "Host names, and mx:DOMAIN, whose addresses are never banned.", NULL },
	{ CONFIG_MAIN, "never-block", "own-addresses", { READ_YES_NO, 0, 0, NULL }, "yes", 0, MAIN(own_addresses),
	  "Whether this host's addresses are never banned.", NULL },
	{ CONFIG_MAIN, "never-block", "private", { READ_YES_NO, 0, 0, NULL }, "yes", 0, MAIN(private_networks),
	  "Whether 10/8, 172.16/12, 192.168/16, loopback, link-local and unique local addresses are never banned.", NULL },
	{ CONFIG_MAIN, "never-block", "resolvers", { READ_YES_NO, 0, 0, NULL }, "yes", 0, MAIN(resolvers),
	  "Whether the name servers of this host are never banned.", NULL },
	{ CONFIG_MAIN, "never-block", "gateways", { READ_YES_NO, 0, 0, NULL }, "yes", 0, MAIN(gateways),
	  "Whether the gateways of this host are never banned.", NULL },
	{ CONFIG_MAIN, "never-block", "ssh-peers", { READ_YES_NO, 0, 0, NULL }, "yes", 0, MAIN(ssh_peers),
	  "Whether addresses from which someone is logged in, or came in by SSH within 12 hours, are never banned.", NULL },

	{ CONFIG_MAIN, "geo", "database", { READ_PATH, 0, 0, NULL }, NULL, 0, MAIN(geo_database),
	  "A database of countries in MaxMind's format; without it GeoLite2 or DB-IP in /var/lib/GeoIP or /usr/share/GeoIP.", NULL },

	{ CONFIG_MAIN, "nft", "table", { READ_SET_NAME, 0, 0, NULL }, "ipsd", 0, MAIN(nft_table),
	  "The name of the nftables table of family inet.", NULL },
	{ CONFIG_MAIN, "nft", "direction", { READ_CHOICE, 0, 0, "original both" }, "original", 0, MAIN(nft_direction),
	  "Whether only what a banned address begins is stopped, or its answers to us as well.", NULL },
	{ CONFIG_MAIN, "nft", "counters", { READ_CHOICE, 0, 0, "auto yes no" }, "auto", 0, MAIN(nft_counters),
	  "Whether the kernel counts the packets of each ban.", NULL },
	{ CONFIG_MAIN, "nft", "cut-connections", { READ_YES_NO, 0, 0, NULL }, "no", 0, MAIN(cut_connections),
	  "Whether a ban also closes this host's connections with the address: programs that wait for one hear of its end at once.", NULL },

	{ CONFIG_FILTER, "filter", "about", { READ_TEXT, 0, 0, NULL }, NULL, 0, FILTER(about),
	  "What the filter is for, in a line.", NULL },
	{ CONFIG_FILTER, "filter", "sources", { READ_PLACES, 0, 0, NULL }, NULL, 0, FILTER(sources),
	  "Where such a log usually is, best first, one line each.", NULL },
	{ CONFIG_FILTER, "filter", "layout", { READ_CHOICE, 0, 0, "bare syslog" }, "bare", 0, FILTER(layout),
	  "Whether patterns see the whole line, or what a program said to syslog.", NULL },
	{ CONFIG_FILTER, "filter", "program", { READ_WORDS, 0, 0, NULL }, NULL, 0, FILTER(programs),
	  "Which programs are meant (* and ? stand for anything), with layout = syslog.", NULL },
	{ CONFIG_FILTER, "filter", "stamp", { READ_TEXT, 0, 0, NULL }, NULL, 0, FILTER(stamp),
	  "The form of <STAMP>: auto, or as strptime has it.", NULL },
	{ CONFIG_FILTER, "filter", "stamp-date", { READ_TEXT, 0, 0, NULL }, NULL, 0, FILTER(stamp_date),
	  "The form of the date in the names of the files, and of <DATE>.", NULL },
	{ CONFIG_FILTER, "filter", "timezone", { READ_ZONE, 0, 0, NULL }, NULL, 0, FILTER(timezone),
	  "The zone of stamps that name none; without it that of ipsd.conf.", NULL },
	{ CONFIG_FILTER, "filter", "prefix", { READ_TEXT, 0, 0, NULL }, NULL, 0, FILTER(prefix),
	  "What every pattern begins with.", NULL },
	{ CONFIG_FILTER, "filter", "service", { READ_NAME, 0, 0, NULL }, NULL, 0, FILTER(service),
	  "The service of events whose line names none.", NULL },
	{ CONFIG_FILTER, "filter", "ignore", { READ_LINES, 0, 0, NULL }, NULL, 0, FILTER(ignore),
	  "Patterns; a line that one matches is no event.", NULL },
	{ CONFIG_FILTER, "filter", "once-per", { READ_NAMES, 0, 0, NULL }, NULL, 0, FILTER(once_per),
	  "What is the same in events that are one: address, service, account, stamp, session, type.", NULL },
	{ CONFIG_FILTER, "filter", "miss", { READ_LINES, 0, 0, NULL }, NULL, 0, FILTER(miss),
	  "Lines that are no event.", NULL },

	{ CONFIG_FILTER, "services", "*", { READ_NAME, 0, 0, NULL }, NULL, 0, 0,
	  "The service that a word caught by <SERVICE> means.", NULL },
	{ CONFIG_FILTER, "types", "*", { READ_NAME, 0, 0, NULL }, NULL, 0, 0,
	  "The event type that a word caught by <TYPE> means.", NULL },
	{ CONFIG_FILTER, "define", "*", { READ_TEXT, 0, 0, NULL }, NULL, 0, 0,
	  "A piece of a pattern, used as <name>.", NULL },

	{ CONFIG_FILTER, "session", "id", { READ_TEXT, 0, 0, NULL }, NULL, 0, SESSION(id),
	  "What ties lines together: <SESSION>.", NULL },
	{ CONFIG_FILTER, "session", "opens", { READ_NAMES, 0, 0, NULL }, NULL, 0, SESSION(opens),
	  "Event types that begin a session; without it each of its events does.", NULL },
	{ CONFIG_FILTER, "session", "closes", { READ_NAMES, 0, 0, NULL }, NULL, 0, SESSION(closes),
	  "Event types that end a session. Ten minutes of silence end it, too.", NULL },
	{ CONFIG_FILTER, "session", "satisfied", { READ_NAMES, 0, 0, NULL }, NULL, 0, SESSION(satisfied),
	  "Event types without which a session was a bad one.", "SmarterMail: a message sent, for Harvesting" },
	{ CONFIG_FILTER, "session", "otherwise", { READ_NAME, 0, 0, NULL }, NULL, 0, SESSION(otherwise),
	  "The event type of a bad session.", "SmarterMail: Bad SMTP Sessions" },
	{ CONFIG_FILTER, "session", "carry", { READ_NAMES, 0, 0, NULL }, NULL, 0, SESSION(carry),
	  "What an event gets from its session when its line does not say it: addr, user, service, count.", NULL },
	{ CONFIG_FILTER, "session", "hit", { READ_LINES, 0, 0, NULL }, NULL, 0, SESSION(hit),
	  "Lines of sessions, one after the other; each `=> TYPE ADDRESS [SERVICE] [ACCOUNT]` says what the line above brings.", NULL },

	{ CONFIG_FILTER, "event", "prefix", { READ_TEXT, 0, 0, NULL }, NULL, 0, EVENT(prefix),
	  "What the patterns of this section begin with, instead of the filter's prefix.", NULL },
	{ CONFIG_FILTER, "event", "service", { READ_NAME, 0, 0, NULL }, NULL, 0, EVENT(service),
	  "The service of these events, instead of the filter's.", NULL },
	{ CONFIG_FILTER, "event", "match", { READ_LINES, 0, 0, NULL }, NULL, 0, EVENT(match),
	  "Patterns; a line that one matches is this event.", NULL },
	{ CONFIG_FILTER, "event", "ignore", { READ_LINES, 0, 0, NULL }, NULL, 0, EVENT(ignore),
	  "Patterns; a line that one matches is not this event.", NULL },
	{ CONFIG_FILTER, "event", "hit", { READ_LINES, 0, 0, NULL }, NULL, 0, EVENT(hit),
	  "Lines that are this event; `=> TYPE ADDRESS [SERVICE] [ACCOUNT]` in the next says what comes out.", NULL },
	{ CONFIG_FILTER, "event", "miss", { READ_LINES, 0, 0, NULL }, NULL, 0, EVENT(miss),
	  "Lines that are not this event.", NULL },

	{ CONFIG_JAIL, "jail", "about", { READ_TEXT, 0, 0, NULL }, NULL, KEY_OWN, JAIL(about),
	  "What the jail is for, in a line.", NULL },
	{ CONFIG_JAIL, "jail", "type", { READ_TEXT, 0, 0, NULL }, NULL, KEY_OWN, JAIL(type),
	  "The TYPE column of its bans; without it the jail's name.", "SmarterMail: the IDS rule's type" },
	{ CONFIG_JAIL, "jail", "enabled", { READ_CHOICE, 0, 0, "auto yes no" }, "auto", 0, JAIL(enabled),
	  "Whether it runs; auto: when one of its sources exists.", NULL },
	{ CONFIG_JAIL, "jail", "watch", { READ_PLACES, 0, 0, NULL }, NULL, KEY_REQUIRED | KEY_OWN, JAIL(watch),
	  "FILTER [SOURCE ...], one a line; without a source the filter's own. jail:NAME, jail:*: what those jails ban.", NULL },
	{ CONFIG_JAIL, "jail", "services", { READ_NAMES, 0, 0, NULL }, "all", 0, JAIL(services),
	  "Which services' events count.", NULL },
	{ CONFIG_JAIL, "jail", "subject", { READ_CHOICE, 0, 0, "address network account" }, "address", 0, JAIL(subject),
	  "What is counted by; a jail that counts accounts bans addresses.", NULL },
	{ CONFIG_JAIL, "jail", "distinct", { READ_CHOICE, 0, 0, "none address account" }, "none", 0, JAIL(distinct),
	  "Of what each value counts once, with its highest multiplier.", NULL },
	{ CONFIG_JAIL, "jail", "window", { READ_SPAN, 1, DAYS(3650), NULL }, "60m", 0, JAIL(window),
	  "How long an event counts.", "VPOP3: Client Error Monitor Period; SmarterMail: Time Frame" },
	{ CONFIG_JAIL, "jail", "threshold", { READ_COUNT, 1, THRESHOLD_MAX, NULL }, NULL, 0, JAIL(threshold),
	  "The score that bans.", "VPOP3: Client Error Block Threshold; SmarterMail: Threshold" },
	{ CONFIG_JAIL, "jail", "ban", { READ_LADDER, 1, SPAN_MAX, NULL }, "30m", 0, JAIL(ban),
	  "How long: a time, permanent, or a ladder such as 30m, 2h, 1d, permanent.",
	  "VPOP3: Client Error Block Time; SmarterMail: Block Time" },
	{ CONFIG_JAIL, "jail", "ban-memory", { READ_SPAN, 1, DAYS(3650), NULL }, "30d", 0, JAIL(ban_memory),
	  "How long a ban counts as a step of the ladder.", NULL },
	{ CONFIG_JAIL, "jail", "after-ban", { READ_CHOICE, 0, 0, "keep clear" }, "keep", 0, JAIL(after_ban),
	  "Whether the events before a ban still count after it.", NULL },
	{ CONFIG_JAIL, "jail", "ports", { READ_WORDS, 0, 0, NULL }, "all", 0, JAIL(ports),
	  "What is stopped: all, groups of [ports], names, numbers, ranges, udp/...", NULL },
	{ CONFIG_JAIL, "jail", "verdict", { READ_CHOICE, 0, 0, "drop reject" }, "drop", 0, JAIL(verdict),
	  "Whether the client gets no answer or a refusal.", NULL },
	{ CONFIG_JAIL, "jail", "mode", { READ_CHOICE, 0, 0, "enforce observe" }, "enforce", 0, JAIL(mode),
	  "Whether it bans, or only says whom it would have banned.", NULL },
	{ CONFIG_JAIL, "jail", "never-block", { READ_NETWORKS, 0, 0, NULL }, NULL, 0, JAIL(never_block),
	  "Addresses and networks that this jail never bans.", NULL },
	{ CONFIG_JAIL, "jail", "share", { READ_COUNT, 1, SHARE_MAX, NULL }, "2", 0, JAIL(share),
	  "How many events of its own an address needs, with subject = account.", NULL },
	{ CONFIG_JAIL, "jail", "spare-known", { READ_YES_NO, 0, 0, NULL }, "yes", 0, JAIL(spare_known),
	  "Whether addresses from which the account logged in are spared, with subject = account.", NULL },

	{ CONFIG_JAIL, "multipliers", "*", { READ_POINTS, 0, 0, NULL }, NULL, 0, 0,
	  "The points of an event of this type; ban: at once; forgive: clears the failures of that account from that address.", "VPOP3: Bad Authentication Multiplier and its like" },
};

/* clang-format on */

const struct key *schema_row(size_t i)
{
	return i < ARRAY_SIZE(ROWS) ? &ROWS[i] : NULL;
}
