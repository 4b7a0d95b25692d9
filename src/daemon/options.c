/* SPDX-License-Identifier: MIT */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
	"Usage: ipsd [OPTION]...\n"
	"Watch logs, score what addresses do, and block the bad ones in nftables.\n"
	"Stays in the foreground; logs to the journal or to stderr.\n"
	"\n"
	"  --config-dir=DIR   configuration (/etc/ipsd)\n"
	"  --state-dir=DIR    database (/var/lib/ipsd)\n"
	"  --runtime-dir=DIR  control socket (/run/ipsd)\n"
	"  --observe          decide and tell, but block nobody; needs no rights\n"
	"  --strict           any error in any configuration file is fatal\n"
	"  --log-level=LEVEL  error, warning, notice, info or debug (info)\n"
	"  --help, --version\n"
	"\n"
	"ipsctl(1) shows what it does and steers it. Details: ipsd(8), ipsd.conf(5).\n";

enum {
	OPTION_CONFIG = 256,
	OPTION_STATE,
	OPTION_RUNTIME,
	OPTION_OBSERVE,
	OPTION_STRICT,
	OPTION_LOG,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option known[] = {
	{ "config-dir", required_argument, NULL, OPTION_CONFIG },
	{ "state-dir", required_argument, NULL, OPTION_STATE },
	{ "runtime-dir", required_argument, NULL, OPTION_RUNTIME },
	{ "observe", no_argument, NULL, OPTION_OBSERVE },
	{ "strict", no_argument, NULL, OPTION_STRICT },
	{ "log-level", required_argument, NULL, OPTION_LOG },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int take(int option, struct options *o)
{
	switch (option) {
	case OPTION_CONFIG: o->config_dir = optarg; return 0;
	case OPTION_STATE: o->state_dir = optarg; return 0;
	case OPTION_RUNTIME: o->runtime_dir = optarg; return 0;
	case OPTION_OBSERVE: o->observe = true; return 0;
	case OPTION_STRICT: o->strict = true; return 0;
	case OPTION_LOG:
		if (log_level_parse(optarg, &o->log_level) < 0) {
			fprintf(stderr,
				"ipsd: --log-level: \"%s\" is none of error, warning, notice, info, debug\n",
				optarg);
			return -EINVAL;
		}
		return 0;
	case OPTION_HELP: fputs(usage, stdout); return 1;
	case OPTION_VERSION: puts("ipsd " IPSD_VERSION); return 1;
	default: fputs("Try 'ipsd --help'.\n", stderr); return -EINVAL;
	}
}

int options_parse(int argc, char **argv, struct options *ret)
{
	const char *share = getenv("IPSD_SHARE_DIR");
	struct options o = {
		.config_dir = "/etc/ipsd",
		.share_dir = share && *share ? share : IPSD_SHARE_DIR,
		.state_dir = "/var/lib/ipsd",
		.runtime_dir = "/run/ipsd",
		.user = "ipsd",
		.log_level = LOG_LEVEL_INFO,
	};
	int option, r;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		r = take(option, &o);
		if (r != 0) {
			return r;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ipsd: \"%s\": ipsd takes options only; try 'ipsd --help'\n",
			argv[optind]);
		return -EINVAL;
	}
	*ret = o;
	return 0;
}
