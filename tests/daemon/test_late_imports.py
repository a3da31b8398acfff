"""What a daemon does not load before it serves."""

import subprocess
import sys


def test_a_daemon_begins_without_the_sdk_and_without_aiohttp():
    """They cost a third of a second and a tenth; the endpoint serves before."""
    code = "import sys, xacct.daemon.run; print(sorted({'aiohttp', 'botocore', 'aiobotocore'} & sys.modules.keys()))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
