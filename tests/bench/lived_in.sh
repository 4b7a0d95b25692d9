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

awk -v chains="$chains" -v sets="$sets" -v networks="$networks" '
function address(n) { return sprintf("240.%d.%d.%d", n / 65536 % 256, n / 256 % 256, n % 256) }
BEGIN {
	print "table inet lived_in {"
	for (i = 0; i < sets; i++) {
		printf "\tset s%d {\n\t\ttype ipv4_addr\n\t\telements = { ", i
		for (k = 0; k < 10; k++)
			printf "%s%s", k ? ", " : "", address(i * 10 + k)
		print " }\n\t}"
	}
	print "\tset country {\n\t\ttype ipv4_addr\n\t\tflags interval"
	for (i = 0; i < networks; i++)
		printf "%s%s/29", i ? ", " : "\t\telements = { ", address(i * 16)
	print networks ? " }" : "", "\n\t}"
	for (i = 0; i < chains; i++)
		printf "\tchain c%d {\n\t\tip saddr %s counter drop\n\t}\n", i, \
			sets && i % 4 == 0 ? sprintf("@s%d", i / 4 % sets) : address(i)
	print "\tchain input {\n\t\ttype filter hook input priority filter; policy accept;"
	print "\t\tip saddr @country drop"
	for (i = 0; i < chains && i < 20; i++)
		printf "\t\tjump c%d\n", i
	print "\t}\n}"
}' | nft -f -
