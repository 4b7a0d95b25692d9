/* SPDX-License-Identifier: MIT */
#include "daemon/daemon.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
	struct options options;
	int r = options_parse(argc, argv, &options);

	if (r != 0) {
		return r < 0 ? 2 : EXIT_SUCCESS;
	}
	log_set_level(options.log_level);
	return daemon_run(&options);
}
