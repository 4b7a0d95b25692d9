# SPDX-License-Identifier: MIT
"""The kernel drops what is banned and nothing else: random states, with real packets (kernel_states.py).

Environment: STATES (200), STATES_SEED (any).
"""
import os
import random
import signal
from ipaddress import ip_network

import pytest

from kernel_states import States, Wrong


@pytest.fixture
def states(cable, build):
    made = States(cable, build, int(os.environ.get("STATES_SEED", random.SystemRandom().randrange(1 << 32))))
    yield made
    made.close()


def test_what_is_banned_is_dropped_and_nothing_else(states):
    states.run(int(os.environ.get("STATES", "200")))
    print(states.summary())


@pytest.mark.parametrize("planted", [
    "delete element inet ipsd all4_24 { 198.51.100.0 }",
    "add element inet ipsd all4_24 { 198.51.101.0 }",
    "flush set inet ipsd dns6_64",
    "flush set inet ipsd never6",
    "add element inet ipsd never4 { 198.51.100.128/25 }",
    "insert rule inet ipsd bans udp dport 49 return",
    "insert rule inet ipsd bans ip saddr 198.51.100.255 return",
    "insert rule inet ipsd prerouting tcp dport 20 drop",
    "delete table inet ipsd",
])
def test_a_planted_difference_is_noticed(cable, states, planted):
    states.begin()
    states.put(ip_network("198.51.100.0/24"), 0)
    states.put(ip_network("2001:db8:a:b::/64"), 1)
    states.leave_out([ip_network("2001:db8:a:b::/80")])
    states.check()
    os.kill(states.enforcer.enforcer_pid, signal.SIGSTOP)       # it may not mend it
    cable.server.nft(planted)
    with pytest.raises(Wrong, match="and does not"):
        states.check()
    os.kill(states.enforcer.enforcer_pid, signal.SIGCONT)
