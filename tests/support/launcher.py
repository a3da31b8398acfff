"""xacctctl of this checkout, as `make install` has it run."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "launcher.sh"


def script(python, folder, bundle):
    """The launcher that the script prints; empty where it can be none."""
    command = ["sh", SCRIPT, python, folder, bundle]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout


def written(directory, python=sys.executable, folder=ROOT / "src"):
    """Write the launcher and what it loads into a directory; return the launcher's path, None where it can be none."""
    file, bundle = Path(directory, "xacctctl"), Path(directory, "xacctctl.bundle")
    made = script(python, str(folder), str(bundle))
    if not made:
        return None
    bundle_of(folder, bundle)
    file.write_text(made)
    file.chmod(0o755)
    return str(file)


def bundle_of(folder, bundle):
    """Write the bundle of the package in a folder, as its module does when it is run, whatever is installed here."""
    run = f"import runpy, sys; sys.path.append({str(folder)!r}); runpy.run_module('xacct.ctl.bundle', None, '__main__')"
    subprocess.run([sys.executable, "-I", "-S", "-c", run, bundle], check=True)
