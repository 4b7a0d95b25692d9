#!/bin/sh
# SPDX-License-Identifier: MIT
# Is shellcheck content with each script? Skipped (77) where it is not installed.
# usage: check-shell.sh ROOT
set -eu
command -v shellcheck >/dev/null || exit 77
cd "$1"
scripts=$(grep -rlE '^#!.*/(env )?(ba|da)?sh\b' --exclude-dir=corpus tools tests .ci dist || true)
# No script is a breach too: the tree has some.
# shellcheck disable=SC2086
shellcheck $scripts
