#!/bin/sh
# SPDX-License-Identifier: MIT
# Fills the network namespace it is run in with the nftables rules of a host that has been lived on:
# 2,000 chains with a rule each, 500 sets of ten addresses, and a country list of 20,000 networks.
# None of them matches anything: all addresses are of 240.0.0.0/4.
# usage: ip netns exec NAME tests/bench/lived_in.sh [CHAINS [SETS [NETWORKS]]]
set -eu
chains=${1:-2000} sets=${2:-500} networks=${3:-20000}

if [ "$(readlink /proc/self/ns/net)" = "$(readlink /proc/1/ns/net)" ]; then
	echo "lived_in.sh: run it in a network namespace of its own" >&2
	exit 2
fi

rules=$(mktemp)
trap 'rm -f "$rules"' EXIT
awk -v chains="$chains" -v sets="$sets" -v networks="$networks" '
function address(n) { return sprintf("240.%d.%d.%d", n / 65536 % 256, n / 256 % 256, n % 256) }
BEGIN {
	print "add table inet lived_in"
	for (i = 0; i < sets; i++) {
		printf "add set inet lived_in s%d { type ipv4_addr; elements = { ", i
		for (k = 0; k < 10; k++)
			printf "%s%s", k ? ", " : "", address(i * 10 + k)
		print " }; }"
	}
	print "add set inet lived_in country { type ipv4_addr; flags interval; }"
	for (i = 0; i < networks; i++)
		printf "%s%s/29%s", i % 100 ? ", " : "add element inet lived_in country { ", address(i * 16), \
			i % 100 == 99 || i == networks - 1 ? " }\n" : ""
	print "add chain inet lived_in input { type filter hook input priority filter; policy accept; }"
	print "add rule inet lived_in input ip saddr @country drop"
	for (i = 0; i < chains; i++) {
		printf "add chain inet lived_in c%d\n", i
		printf "add rule inet lived_in c%d ip saddr %s counter drop\n", i, \
			sets && i % 4 == 0 ? sprintf("@s%d", i / 4 % sets) : address(i)
		if (i < 20)
			printf "add rule inet lived_in input jump c%d\n", i
	}
}' > "$rules"
# All at once, or a few commands at a time: what a user namespace may send at once is little.
nft -f "$rules" 2>/dev/null || split -l 20 --filter='nft -f -' "$rules"
