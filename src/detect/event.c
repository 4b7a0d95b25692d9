/* SPDX-License-Identifier: MIT */
/* event.c - the words for the well-known types.
 *
 * They are read by somebody whose mail does not work, perhaps at three in the morning. So `about`
 * is what happened in plain words, made to follow a number ("12 x wrong password"), and `innocent`
 * is the reason that a person without bad intent is most often in the list for, made to follow
 * "usually harmless when:". Where nobody innocent does such a thing, or where the type is no
 * reproach, there is none. */
#include "detect/event.h"

#include <assert.h>

static const struct event_kind KINDS[EVENT_KNOWN_TYPES] = {
	[EVENT_AUTH_FAILURE] = { "auth-failure", "wrong password",
				 "an old password is stored in a phone or mail program" },
	[EVENT_RELAY_DENIED] = { "relay-denied", "relaying denied",
				 "a mail program sends without logging in first" },
	[EVENT_RELAY_ALLOWED] = { "relay-allowed", "mail relayed", "" },
	[EVENT_BAD_RECIPIENT] = { "bad-recipient", "mail to an unknown recipient",
				  "an old mailing list or a misspelt address" },
	[EVENT_GOOD_RECIPIENT] = { "good-recipient", "mail to a known recipient", "" },
	[EVENT_SPAM] = { "spam", "message taken for spam",
			 "a newsletter, or an account that forwards all its mail here" },
	[EVENT_VIRUS] = { "virus", "message with a virus",
			  "an account that forwards all its mail here" },
	[EVENT_RULE_MATCH] = { "rule-match", "message refused by a rule of the server",
			       "a rule of the server is too broad" },
	[EVENT_DNSBL_MATCH] = { "dnsbl-match", "sender is on a DNS blacklist",
				"a new customer got an address with a past" },
	[EVENT_SYNTAX_ERROR] = { "syntax-error", "invalid command",
				 "an old scanner or printer that sends mail, or a monitoring probe" },
	[EVENT_MESSAGE_TOO_BIG] = { "message-too-big", "message too big",
				    "somebody sends photos or a video" },
	[EVENT_BLOCKED_ATTACHMENT] = { "blocked-attachment", "forbidden attachment",
				       "a document with two endings, such as plan.xls.pdf" },
	[EVENT_PARTIAL_ATTACHMENT] = { "partial-attachment", "message in pieces",
				       "an old mail program that splits big messages" },
	[EVENT_SPF_FAILURE] = { "spf-failure", "sender not allowed by SPF",
				"a mailing list or a forwarded message" },
	[EVENT_CONNECTION] = { "connection", "connection",
			       "many people behind one address, or a monitoring probe" },
	[EVENT_DISCONNECTION] = { "disconnection", "end of a connection", "" },
	[EVENT_MESSAGE_ACCEPTED] = { "message-accepted", "message accepted", "" },
	[EVENT_BAD_SESSION] = { "bad-session", "connection without any mail",
				"a monitoring probe or a load balancer's health check" },
	[EVENT_LOGIN] = { "login", "login", "" },
	[EVENT_PASSWORD_RETRIEVAL] = { "password-retrieval", "request for a forgotten password",
				       "somebody really forgot it and is impatient" },
	[EVENT_BOUNCE] = { "bounce", "bounced message",
			   "a customer's own list has many dead addresses" },
	[EVENT_REFUSED] = { "refused", "refused by the server already",
			    "a program that goes on trying by itself" },
	[EVENT_IDS_VERDICT] = { "ids-verdict", "blocked by the mail server's own IDS",
				"an old password is stored in a phone or mail program" },
	[EVENT_BANNED] = { "banned", "earlier ban", "the cause of the earlier bans goes on" },
};

const struct event_kind *event_kind(uint16_t type)
{
	assert(type < EVENT_KNOWN_TYPES);
	return &KINDS[type];
}
