#!/bin/sh
# SPDX-License-Identifier: MIT
# Is each C file as clang-format would write it?
# usage: check-format.sh ROOT
set -eu
cd "$1"
bad=0
for f in $(find src tests -name '*.[ch]' | sort); do
	clang-format "$f" | cmp -s - "$f" || { echo "$f: mend with clang-format -i $f"; bad=1; }
done
exit $bad
