"""This directory's .xacct.toml."""

import pytest

from xacct.ctl.doctor import catalogue
from xacct.ctl.doctor.project import CHECKS
from xacct.ctl.project import file, trust


@pytest.mark.parametrize(
    ("content", "trusted", "state", "says"),
    [
        (None, False, "skipped", "Neither this directory nor one above it has a .xacct.toml."),
        ('role = "prod"\n', True, "ok", "~/shop/.xacct.toml says role prod, and is trusted."),
        ('role = "prod"\n', False, "warning", "~/shop/.xacct.toml says role prod, and you have not trusted it"),
        ("roles = 1\n", True, "broken", "~/shop/.xacct.toml has a 'roles'"),
    ],
)
def test_a_directorys_file(stage, monkeypatch, content, trusted, state, says):
    (stage.home / "shop").mkdir()
    monkeypatch.chdir(stage.home / "shop")
    path = stage.home / "shop" / file.NAME
    if content is not None:
        path.write_text(content)
    if trusted:
        trust.add(str(path), content.encode())
    [row] = catalogue.run("this directory", CHECKS, stage.scene())
    assert (row.id, row.finding.state) == ("project-file", state)
    assert row.finding.sentence.startswith(says)
    assert bool(row.finding.fix) == (state in ("warning", "broken"))
