#!/bin/bash
# SPDX-License-Identifier: MIT
# Fills the nftables of the current network namespace with what a lived-in server has: 2,000 chains, 500 sets, and one
# foreign interval set of 20,000 prefixes.
# usage: ip netns exec NAMESPACE lived_in.sh
set -eu
{
	echo 'table inet other {'
	echo ' set countries { type ipv4_addr; flags interval; elements = {'
	for ((i = 0; i < 20000; i++)); do
		printf '  %d.%d.%d.0/24,\n' $((100 + i / 12800)) $((i / 100 % 128 * 2)) $((i % 100 * 2))
	done
	echo '  99.0.0.0/24 }'
	echo ' }'
	for ((i = 0; i < 500; i++)); do
		printf ' set s%d { type ipv4_addr; elements = { 192.0.2.%d }\n }\n' $i $((i % 250 + 1))
	done
	for ((i = 0; i < 2000; i++)); do
		printf ' chain c%d { ip saddr @s%d counter accept\n }\n' $i $((i % 500))
	done
	echo ' chain input { type filter hook input priority 10; policy accept; ip saddr @countries counter'
	echo ' }'
	echo '}'
} | nft -f -
