"""What gets out from below a narrowed exec by the user's service manager, and what does not, on a real one."""

import pytest

pytestmark = pytest.mark.system

REFUSED = "A process below a narrowed grant may not ask for more."
ASK = "xacctctl env prod --format json"
KILL = "pid=$(systemctl --user show -P MainPID xacctd.service); kill -9 $pid; while [ -d /proc/$pid ]; do :; done"
WAYS = {
    "itself": (ASK, True),
    "setsid and a fork": (f"setsid --fork --wait {ASK}", True),
    "systemd-run --scope": (f"systemd-run --user --scope --quiet {ASK}", True),
    "a restart of the service": (f"systemctl --user restart xacctd.service; {ASK}", True),
    "kill -9 of the service": (f"{KILL}; {ASK}", True),
    "systemd-run": (f"systemd-run --user --wait --pipe --quiet /home/dev/.local/bin/{ASK}", False),
}
"""Lines that ask for more, and whether they are refused.

A scope has its caller's parents, and a service has the manager's.
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_service_gets_out_and_whatever_has_its_callers_parents_does_not(resident, way):
    line, holds = WAYS[way]
    said = resident.ctl("exec", "prod", "--read-only", "--", "sh", "-c", f"({line}) 2>&1", check=False)
    assert (REFUSED in said) is holds, said
    assert ("AWS_CONTAINER_CREDENTIALS_FULL_URI" in said and "http://" in said) is not holds, said


def test_what_only_tells_is_open_there_and_another_shell_is_not_concerned(resident):
    inside = resident.ctl(
        "exec", "prod", "--read-only", "--", "sh", "-c", "xacctctl status >/dev/null && xacctctl whoami"
    )
    assert "reading only" in inside
    assert "http://" in resident.ctl("env", "prod", "--pid", "0")
