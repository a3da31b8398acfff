"""docs/doctor.md, the ids there are, and what the checks find: the same, all ways."""

import json
import re
from pathlib import Path
from typing import get_args

from xacct.ctl.doctor import catalogue, finding, report

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/doctor.md").read_text("utf-8")
IDS = [*(name for checks in catalogue.GROUPS.values() for name in checks), catalogue.ITSELF]


def test_each_id_has_a_row_and_no_other():
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.*) ?\|$", PAGE.partition("\n## ")[2], re.MULTILINE)
    assert [name for name, _, _ in rows] == IDS
    assert all(meaning.strip() for _, meaning, _ in rows)


def test_no_two_checks_share_an_id():
    assert len(IDS) == len(set(IDS))


def test_the_groups_are_its_headings():
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == list(catalogue.GROUPS)


def test_each_state_is_explained():
    assert re.findall(r"^\| `(\w+)` \| ", PAGE.partition("\n## ")[0], re.MULTILINE) == list(get_args(finding.State))


def test_the_example_is_what_json_gives():
    (example,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    made = finding.warning("xacctd is not running; most verbs start it.", "xacctctl start")
    assert json.loads(example) == json.loads(report.as_json([catalogue.Row("daemon", "daemon-running", made)]))
