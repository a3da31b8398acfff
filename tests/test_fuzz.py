"""That the fuzzer runs and finds nothing in a few inputs: it calls much that nothing else here calls in its way."""

import re
import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).parents[1] / "scripts" / "fuzz.py"


def test_fuzzer_finds_nothing_in_a_few_inputs():
    run = [sys.executable, str(FUZZ), "--inputs", "700", "--seed", "1"]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"file inputs +70\n", done.stdout)
