#!/bin/bash
# SPDX-License-Identifier: MIT
# How fast is `rg -c` with the same patterns over the same log as bench_scan? Time is the processor's
# in both, so that other work on the machine does not count.
# usage: scan.sh BENCH_SCAN [MIB]
set -eu
bench=$1
mib=${2:-64}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
TIMEFORMAT='%U %S'

"$bench" patterns > "$dir/patterns"
for percent in 0 5; do
	"$bench" log "$mib" "$percent" > "$dir/log"
	lines=$(wc -l < "$dir/log") # and the log is in the page cache
	{ time rg --threads 1 -c --include-zero -f "$dir/patterns" "$dir/log" > "$dir/found"; } \
		2> "$dir/seconds" || true
	echo "hostile_${percent}_rg_found $(cat "$dir/found") lines"
	awk -v p="$percent" -v lines="$lines" \
		'{ printf "hostile_%s_rg %.2f Mlines/s\n", p, lines / ($1 + $2) / 1e6 }' "$dir/seconds"
done
"$bench" "$mib"
