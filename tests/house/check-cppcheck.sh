#!/bin/sh
# SPDX-License-Identifier: MIT
# Is cppcheck content with the sources? It does not know that CLEANUP() frees; leaks are for
# LeakSanitizer, under which every suite runs.
# usage: check-cppcheck.sh ROOT
set -eu
cd "$1"
cppcheck --std=c11 --enable=warning,portability,performance --suppress=memleak --inline-suppr \
	--error-exitcode=1 --quiet -j 2 -D_GNU_SOURCE -I src src
