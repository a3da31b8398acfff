"""The AWS files of an agent's shells: one profile, whose credential_process is ours; and the variables that lead there.

They are led by files, not by the endpoint's variables. Codex can leave out what is called like a token, Gemini CLI what
is called like a credential; and a file is good after a restart, a logout and a reboot, where a grant may have ended.
"""

import os
import shlex
from collections.abc import Mapping
from typing import Final

from xacct import awsfiles
from xacct.ctl import block, configure, variables
from xacct.ctl.failure import CtlError

PROFILE: Final = "xacct-agent"
"""A name that no file of the user's has: where a tool goes back to those, SDKs stop instead of taking [default]."""

_FILES: Final = (variables.CONFIG, "AWS_SHARED_CREDENTIALS_FILE")
_STS: Final = (awsfiles.ENDPOINT, *awsfiles.CA_BUNDLES)
_PROFILES: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
EMPTIED: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
"""What would win over a profile in some SDK. Empty is not there, for all of them."""

UNSET: Final = (*EMPTIED, variables.BEDROCK)
"""What is taken away where that can be: the last is a key of Amazon Bedrock's, which botocore sends even empty."""

_OURS: Final = ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XACCT_SOCKET")
"""By what xacctctl finds xacctd (paths.py): an agent may not hand it to its shells."""


def variables_of(directory: str) -> dict[str, str]:
    """Return the variables that lead SDKs to the files in a directory, and nowhere else."""
    values = (f"{directory}/config", f"{directory}/credentials", PROFILE, PROFILE)
    return {**dict(zip((*_FILES, *_PROFILES), values, strict=True)), **dict.fromkeys(EMPTIED, "")}


def script(environ: Mapping[str, str], home: str, agents: str) -> str:
    """Return a program that is xacctctl in the surroundings of this shell, whatever an agent makes of its own.

    Without it, `prod` would be looked for in the agent's AWS files, which have no such profile. And where an agent
    hands on no CA bundle, it would be the role of another STS, with a login of its own.

    Args:
        environ: this shell's.
        home: the user's.
        agents: the directory that has all agents' AWS files.

    Raises:
        CtlError: this shell is an agent's, or one of a copy of ours.
    """
    before = {**variables.without_ours(environ), "HOME": home}
    files = awsfiles.named(before, awsfiles.directory())
    # guard: agents-files-lead-not-to-themselves
    if variables.is_copy(files.config) or files.config.startswith(f"{agents}/"):
        raise CtlError(
            "AWS_CONFIG_FILE is a file of xacct's in this shell, not yours.",
            "Say it in a shell of your own, that no agent and no xacctctl env or exec has changed.",
        )
    if awsfiles.HIDDEN in files.endpoint:  # guard: no-password-of-an-address-in-the-script
        raise CtlError(f"{awsfiles.ENDPOINT} has a password, which is not written into a file.", "Leave it out.")
    means = files.environ()
    own = {name: value for name, value in means.items() if name not in _FILES or before.get(name)}
    ours = {name: value for name in _OURS if (value := before.get(name)) and value.startswith("/")}
    lines = [
        "#!/bin/sh",
        "# xacctctl as it is in a shell that no agent has changed. Written by `xacctctl agent install`.",
        f"unset {' '.join((*_FILES, *_PROFILES, *EMPTIED, *_STS))}",
        *(f"export {name}={shlex.quote(value)}" for name, value in {**own, **ours}.items()),
        f'exec {shlex.join(_xacctctl())} "$@"',
    ]
    return "\n".join(lines) + "\n"


def _xacctctl() -> list[str]:
    """Return the command by its whole path: an agent may have another PATH than this shell."""
    first, *rest = shlex.split(configure.program())
    if first.startswith("/"):
        return [first, *rest]
    bare = [f"{directory}/{first}" for directory in (os.confstr("CS_PATH") or "").split(":")]
    return [next((path for path in bare if os.access(path, os.X_OK)), first), *rest]


def config(words: list[str], region: str | None, installed: str) -> str:
    """Return the content of the config file.

    Args:
        words: the credential_process, as words; its first is a path.
        region: the role's own.
        installed: how the installation is taken away again.

    Raises:
        CtlError: AWS's tools don't agree on how to read one of the words.
    """
    lines = [
        f"# Written by `xacctctl agent install`; `{installed}` takes it away.",
        f"[profile {PROFILE}]",
        f"credential_process = {' '.join(map(_quoted, words))}",
        *([f"region = {region}"] if region else []),
    ]
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    if word.startswith("-") and word[1:].replace("-", "").isalnum():
        return word
    try:
        return block.quoted(word)
    except ValueError:
        raise CtlError(
            f"AWS tools don't agree on how to read {word!r} in a file.", "Put it into a scope of config.toml: --scope"
        ) from None
