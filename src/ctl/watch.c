/* SPDX-License-Identifier: MIT */
#include "ctl/watch.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/terminal.h"

enum { EVERY_MS = 1000, LINES_USUAL = 24, KEY_INTERRUPT = 3 };

static volatile sig_atomic_t ended;

static void end(int signo)
{
	(void)signo;
	ended = 1;
}

int watch_check(const struct ctl *ctl)
{
	if (ctl->json) {
		return ctl_usage(ctl,
				 "--watch and --json do not go together; `ipsctl events --follow "
				 "--decisions --json` tells what changes");
	}
	if (!terminal_is_out() || !isatty(STDIN_FILENO)) {
		return ctl_usage(ctl,
				 "--watch needs a terminal; `ipsctl events --follow --decisions` "
				 "tells what changes");
	}
	return CTL_DONE;
}

void watch_clear(void)
{
	fputs("\033[H\033[2J\033[3J", stdout);
}

size_t watch_lines(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 1 ? LINES_USUAL
									      : size.ws_row;
}

/* Waits a second for a key. False: it is time to end. */
static bool go_on(void)
{
	struct pollfd key = { .fd = STDIN_FILENO, .events = POLLIN };
	char c = '\0';

	if (poll(&key, 1, EVERY_MS) > 0 &&
	    (read(STDIN_FILENO, &c, 1) != 1 || c == 'q' || c == 'Q' || c == KEY_INTERRUPT)) {
		return false;
	}
	return !ended;
}

int watch_run(int (*page)(void *arg), void *arg)
{
	struct sigaction action = { .sa_handler = end };
	struct termios before, keys;
	int code;

	if (tcgetattr(STDIN_FILENO, &before) < 0) {
		return CTL_USAGE;
	}
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	keys = before;
	keys.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &keys);
	do {
		code = page(arg);
		code = fflush(stdout) == 0 ? code : CTL_NO;
	} while (code == CTL_DONE && go_on());
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return code;
}
