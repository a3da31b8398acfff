"""Fuzz what reads files: AWS's two, config.toml, grants, used steps, the audit, and the state that is handed on.

Each input is a good file with a few things wrong: bytes changed, cut, doubled, nested deeply, numbers made huge. The
invariant: what is read is believed or refused by the reader's own error, in a moment; nothing else is ever raised.
scripts/fuzz.py runs it with a tenth of its inputs.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from xacct import errors, settings
from xacct.audit.file import AuditFile
from xacct.audit.reader import Reader
from xacct.aws import profiles
from xacct.grants.grants import Grants
from xacct.host import steps
from xacct.state import codec

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from fuzz_findings import Findings

MOMENT = 2.0
"""Seconds that a reader may take for what is at most some hundred KiB."""

CONFIG = b"""[default]
region = eu-west-1
[profile work]
region = eu-central-1
[profile prod]
role_arn = arn:aws:iam::123456789012:role/prod
source_profile = work
mfa_serial = arn:aws:iam::210987654321:mfa/alice
external_id = x
duration_seconds = 3600
s3 =
  max_concurrent_requests = 20
[services local]
sts =
  endpoint_url = http://localhost:4566
"""
CREDENTIALS = b"[work]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n"
TOML = b"""[daemon]
port = 9477
[session]
duration = "12h"
[imds]
roles = { 9478 = "prod" }
[roles.prod]
confirm = "each-grant"
tags = { team = "x" }
"""
GRANT = {
    "id": "0a1b2c3d",
    "digest": "a" * 64,
    "label": "a shell",
    "roles": ["prod"],
    "created": 1.8e9,
    "expires_at": None,
    "pid": None,
    "pid_started": None,
    "role_arns": [],
    "via": None,
    "forwarded_port": None,
    "where": "host",
}
LINE = {"time": "2027-01-15T08:00:00Z", "event": "fetch", "role": "dev", "grant": {"id": "1", "label": "x"}, "uid": 1}
LINE |= {"pid": 2, "exe": "/bin/aws", "what": "served", "count": 1}
STATE = {
    "format": 1,
    "clock": {"aws": 1.8e9, "boot_id": "b", "at": {"wall": 1.8e9, "boot": 1.0}},
    "memory": {"roles": []},
}
WORDS = [
    *(b"[", b"]", b"[[", b"{", b"}", b'"', b"'", b"=", b"\n", b"\r\n", b"\n  ", b",", b":", b"\\", b"#", b";", b"\0"),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"null", b"true", b"-1", b"1e400", b"9" * 400, b"NaN", b"\\ud800"),
    *(
        b"[profile ",
        b"role_arn = ",
        b"source_profile = prod\n",
        b"source_profile = work\n",
        b"credential_process = x\n",
    ),
    *(b"../../etc/passwd", b"\x1b[2J", b"%s%n", b"${HOME}", b"~"),
]


def a_file(good: bytes, rng: random.Random) -> bytes:
    """A good file with a few things wrong, or with everything."""
    kind = rng.randrange(30)
    if kind == 0:
        return rng.randbytes(rng.choice([0, 1, 7, 300]))
    if kind == 1:
        return good[: rng.randrange(len(good))] + rng.choice(
            [b"[", b'{"a":', b"[[", b"x = [", b"\n[a", b'"']
        ) * rng.randrange(1, 3000)
    data = bytearray(good * rng.choice([1, 1, 1, 2]))
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        at = rng.randrange(len(data) + 1)
        data[at : at + rng.choice([0, 0, 1, 3, 30])] = rng.choice([b"", rng.choice(WORDS), rng.randbytes(2)])
    return bytes(data)


class Readers:
    """Each reader with a good file for it, in a directory of theirs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "file"
        (folder / "tokens").mkdir()
        self.kinds: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
            "aws config": (CONFIG, lambda data: self._aws(data, CREDENTIALS)),
            "aws credentials": (CREDENTIALS, lambda data: self._aws(CONFIG, data)),
            "config.toml": (TOML, lambda data: settings.read(self._written(data))),
            "grants": (json.dumps([GRANT, {**GRANT, "id": "11111111"}]).encode(), self._grants),
            "used steps": (b'{"arn:aws:iam::1:mfa/a": 58000000}', lambda data: steps.load(self._written(data))),
            "audit": (json.dumps(LINE).encode() + b"\n", self._audit),
            "state": (json.dumps(STATE).encode(), codec.read),
        }

    def _written(self, data: bytes, name: str = "file") -> Path:
        file = self._folder / name
        file.write_bytes(data)
        return file

    def _aws(self, config: bytes, credentials: bytes) -> object:
        files = {
            "AWS_CONFIG_FILE": str(self._written(config, "config")),
            "AWS_SHARED_CREDENTIALS_FILE": str(self._written(credentials, "credentials")),
        }
        return profiles.read({**files, "HOME": str(self._folder)})

    def _grants(self, data: bytes) -> object:
        grants = Grants(self._folder / "tokens", self._written(data, "grants.json"), lambda: 1.8e9, lambda _: "started")
        grants.load()
        return grants.all()

    def _audit(self, data: bytes) -> object:
        lines = Reader([AuditFile(self._written(data, "audit.jsonl"), 10**6, 0)])
        try:
            return lines.some(10_000)
        finally:
            lines.close()


def fuzz_files(inputs: int, until: float, rng: random.Random, findings: Findings) -> None:
    """Have every reader read its share of the inputs."""
    with tempfile.TemporaryDirectory(prefix="x-") as folder:
        kinds = list(Readers(Path(folder)).kinds.items())
        for number in range(inputs):
            name, (good, read) = kinds[number % len(kinds)]
            data = a_file(good, rng)
            began = time.monotonic()
            try:
                read(data)
            except (errors.XacctError, codec.Unusable):
                findings.count["files refused"] += 1
            except Exception as bug:  # noqa: BLE001 - that is what is looked for
                findings.found(f"{name}: {type(bug).__name__}: {bug}", data)
            if time.monotonic() - began > MOMENT:
                findings.found(f"{name}: took {time.monotonic() - began:.1f} s", data)
            findings.count["file inputs"] += 1
            if time.monotonic() > until:
                break
