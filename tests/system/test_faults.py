"""Random operations under random faults against a model of what may be served; the seed is printed, and can be given.

    make test-faults SEED=7 STEPS=2000

Rules: never a right that was taken back, never an expired credential or another role's, never two daemons, never a wait
over five seconds, and once the faults end everything works again, with memory and descriptors as before.
"""

import os
import random

import pytest
from fault_run import tell

pytestmark = pytest.mark.system

SEED = int(os.environ.get("SEED") or random.randrange(10**6))
STEPS = int(os.environ.get("STEPS") or 300)

MORE_DESCRIPTORS = 12
"""Connections, questions and pipes that may be open at either moment."""

MORE_KIB = 24 * 1024
"""What the SDK's first use and a run's grants and audit may take beside: a leak takes more within hundreds of steps."""


@pytest.mark.parametrize("managed", [True, False], ids=["managed", "by-itself"])
def test_no_rule_is_broken(tmp_path, managed, capsys):
    with capsys.disabled():
        print(f"\nfaults: seed {SEED}, {STEPS} steps, {'managed' if managed else 'by itself'}")
    run, before, after = tell(tmp_path, seed=SEED, steps=STEPS, managed=managed)
    with capsys.disabled():
        print(f"  done: {dict(run.counts)}\n  refused: {dict(run.refused)}; before {before}, after {after}")
    assert run.served > STEPS // 10, "hardly anything was served: the rules were not put to the test"
    assert after[0] <= before[0] + MORE_DESCRIPTORS
    assert after[1] <= before[1] + MORE_KIB
