# SPDX-License-Identifier: MIT
"""Each line counts once, whatever happens to the log or to us: rounds that try to disprove it (exactly_once.py).

Environment: PROOF_ROUNDS (50), PROOF_SEED (any).
"""
import os
import random

import pytest

from proof.rounds import Rounds


@pytest.fixture
def rounds(cable, build):
    made = Rounds(cable.server, build, int(os.environ.get("PROOF_SEED", random.SystemRandom().randrange(1 << 32))))
    yield made
    made.close()


def test_each_line_counts_once_and_bans_are_those_of_the_law(rounds):
    rounds.run(int(os.environ.get("PROOF_ROUNDS", "50")))
    print(rounds.summary())
