"""Random operations under random faults against a model of what may be served; the seed is printed, and can be given.

    make test-faults SEED="7 8" STEPS=1000

For each seed two stories of that many steps at once, one with a service manager that keeps listeners and memory, one
without. A seed and a step's number choose what the step does, however long those before it took. Rules: never a right
that was taken back, never an expired credential or another role's, never a fault of ours for an answer, never two
daemons, never a wait over five seconds of the daemon's own time (tests/support/machine_time.py), and once the faults
end everything works again, with memory and descriptors as before. A story that breaks one prints its last steps and
the daemon's log.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

SEEDS = [int(seed) for seed in (os.environ.get("SEED") or str(random.randrange(10**6))).split()]
STEPS = int(os.environ.get("STEPS") or 300)
KINDS = {"managed": ["--managed"], "by itself": []}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_rule_is_broken(capsys, tmp_path, seed):
    story = Path(__file__).parents[1] / "support" / "fault_run.py"
    with capsys.disabled():  # they print as they go
        print(f"\nfaults: make test-faults SEED={seed} STEPS={STEPS}", flush=True)
        command = [sys.executable, str(story), f"--seed={seed}", f"--steps={STEPS}"]
        told = {
            kind: subprocess.Popen([*command, f"--verdict={tmp_path / kind}", *options])
            for kind, options in KINDS.items()
        }
        ended = {kind: process.wait() for kind, process in told.items()}
    # Said again at the very end, where whoever sees no more than that sees it.
    verdicts = [(tmp_path / kind).read_text() if (tmp_path / kind).exists() else f"{kind}: died" for kind in KINDS]
    assert ended == dict.fromkeys(KINDS, 0), "\n\n".join(verdicts)
