"""Clients that are programs of ours in other languages: how each is compiled, once, where its toolchain is."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_HOME = str(Path.home())
"""Where these tools have their caches. It is read early: the tests take it away from whatever they start."""
CLIENTS = Path(__file__).parents[1] / "contract" / "clients"
MADE = {"made", "node_modules", "Cargo.lock", "package-lock.json"}
"""What the tools leave beside our own files."""
PATIENCE = 900
"""Seconds for one build: a first one downloads, and Rust's takes minutes of both cores."""


@dataclass(frozen=True)
class Toolchain:
    """What makes the program in `folder`: `command`, run there, leaves `made`. `needs`: the programs it takes."""

    folder: Path
    command: tuple[str, ...]
    needs: tuple[str, ...]
    made: Path

    @property
    def missing(self):
        """The reason why it can't be had here, or None."""
        absent = [name for name in self.needs if shutil.which(name) is None]
        return f"no {', '.join(absent)} here" if absent else None

    def build(self):
        """Compile, unless what lies there is younger than all it is made of."""
        if self._is_fresh():
            return
        done = subprocess.run(
            self.command,
            cwd=self.folder,
            env=os.environ | {"HOME": _HOME},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(self.command)}:\n{done.stdout[-4000:]}"
        self.made.touch()

    def _is_fresh(self):
        sources = [path for path in self.folder.rglob("*") if not MADE & set(path.relative_to(self.folder).parts)]
        return self.made.exists() and max(path.stat().st_mtime for path in sources) <= self.made.stat().st_mtime


GO = Toolchain(
    CLIENTS / "go",
    ("go", "build", "-buildvcs=false", "-o", "made/caller", "."),
    ("go",),
    CLIENTS / "go/made/caller",
)
TERRAFORM_PROVIDER = Toolchain(
    CLIENTS / "terraform_provider",
    ("go", "build", "-buildvcs=false", "-o", "made/terraform-provider-aws", "."),
    ("go", "terraform"),
    CLIENTS / "terraform_provider/made/terraform-provider-aws",
)
"""No client: what `terraform validate` asks about the resources that `policy` prints. Its own test builds it."""
JAVA = Toolchain(
    CLIENTS / "java",
    ("mvn", "--quiet", "--batch-mode", "package"),
    ("mvn", "java"),
    CLIENTS / "java/made/caller-1.jar",
)
RUST = Toolchain(
    CLIENTS / "rust",
    ("cargo", "build", "--quiet", "--target-dir", "made"),
    ("cargo", "cc"),
    CLIENTS / "rust/made/debug/caller",
)
JAVA1 = Toolchain(CLIENTS / "java1", JAVA.command, JAVA.needs, CLIENTS / "java1/made/caller-1.jar")
JS = Toolchain(
    CLIENTS / "js",
    ("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"),
    ("npm", "node"),
    CLIENTS / "js/node_modules/@aws-sdk/client-sts/package.json",
)
JS2 = Toolchain(CLIENTS / "js2", JS.command, JS.needs, CLIENTS / "js2/node_modules/aws-sdk/package.json")
ALL = (GO, JAVA, JAVA1, RUST, JS, JS2)


def build(toolchains=ALL):
    """Build whatever can be built here."""
    present = [toolchain for toolchain in toolchains if not toolchain.missing]
    with ThreadPoolExecutor(len(ALL)) as threads:
        list(threads.map(Toolchain.build, present))
