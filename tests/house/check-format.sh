#!/bin/sh
# SPDX-License-Identifier: MIT
# Is each C file as clang-format would write it?
# usage: check-format.sh ROOT
set -eu
cd "$1"
clang-format --version >/dev/null
bad=$(find src tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror 2>&1 |
	sed -n 's/^\([^:]*\.[ch]\):.*/\1/p' | sort -u)
for f in $bad; do
	echo "$f: mend with clang-format -i $f"
done
[ -z "$bad" ]
