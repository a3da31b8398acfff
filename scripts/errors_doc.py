"""Write docs/errors.md from the code that makes the errors.

usage: python scripts/errors_doc.py           (tests/test_docs.py fails where the page is not what this would write)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from xacct import errors, policy
from xacct.aws import failures, iam_failures, sdk_failures, sign_in_failures
from xacct.aws.scoped_failures import SCOPED_ROWS
from xacct.credentials import entry
from xacct.ctl.failure import NO_DAEMON, status_of
from xacct.endpoint import answers
from xacct.prompts import broker

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"

ROLE = "prod"
SKEW = 1200.0

EXIT = {
    0: "ok",
    1: "failed",
    2: "wrong usage",
    3: "xacctd is not running, can't be started, or is another version",
    4: "a human is needed: nobody could be asked, or nobody gave a code, or somebody said no",
    5: "AWS refused",
    6: "`xacctctl verify` has found a hole",
    7: "`xacctctl verify` could not tell",
    130: "interrupted",
}

KINDS: dict[str, str] = {
    "human": "needs a human",
    "temporary": "passes by itself",
    "refused": "refusal",
    "usage": "yours to mend",
    "bug": "a fault of xacct",
}
"""Each category in words."""

HELD: dict[type[errors.XacctError], str] = {
    errors.BadInput: (
        "kept, and served until they expire. xacct tries again as after a refusal: after "
        f"{entry.REFUSED_FIRST:.0f} s, then less and less often; `xacctctl login` tries at once."
    ),
    errors.Temporary: (
        "kept, and served until they expire. xacct tries again by itself, after a second at first and never more "
        f"than {policy.BACKOFF_MAX / 60:.0f} min apart."
    ),
    errors.Refusal: (
        "kept, and served until they expire: AWS still takes them. xacct tries again after "
        f"{entry.REFUSED_FIRST:.0f} s, then less and less often, up to every {entry.REFUSED_MAX / 60:.0f} min. "
        "Once they have expired, `xacctctl login` tries at once."
    ),
    errors.HumanNeeded: "kept, and served until they expire.",
    errors.ClientUnknown: "untouched: xacct registers anew by itself.",
    errors.AccessDenied: (
        "kept, and served until they expire. If an MFA session of more than a minute was refused, the trust policy "
        "may want a younger MFA: xacct asks for one more code where somebody can be asked, and otherwise says "
        "`mfa-too-old`."
    ),
    errors.PolicyDenied: "kept, and served until they expire. A new code is not asked for: it would not help.",
    errors.WrongCode: (
        f"untouched. The question is put again, {broker.ATTEMPTS} times in all; then xacct rests for "
        f"{broker.COOL_DOWN:.0f} s. A code given with `--code` is tried once."
    ),
    errors.WrongSerial: "kept, and served until they expire. No further code is asked for.",
    errors.ParentExpired: (
        "the session that AWS called expired is dropped; role credentials are kept until they expire. A new session "
        "is opened at once if somebody can be asked for a code."
    ),
    errors.BadKey: (
        "an MFA session whose key AWS no longer knows is dropped; role credentials are kept until they expire."
    ),
    errors.DurationTooLong: (
        "kept. An hour is asked for instead, and the role's limit is remembered: you see this sentence only where "
        "an hour is too long as well."
    ),
}

INTRO = """\
# Errors

Written by `scripts/errors_doc.py` from the code; do not edit.

Each failure is one sentence, a hint that says what to do, and a code for programs. `xacctctl` prints sentence and
hint; the endpoint sends both to the SDK, and most SDKs print them; `xacctctl status` shows the last one of each role.
Search this page for the sentence. Sentences here are about a role called `prod`.

- [What your program shows](#what-your-program-shows)
- [What AWS refuses](#what-aws-refuses)
- [What IAM Identity Center refuses](#what-iam-identity-center-refuses)
- [What AWS's own sign-in refuses](#what-awss-own-sign-in-refuses)
- [When AWS can't be reached](#when-aws-cant-be-reached)
- [All codes](#all-codes)
- [Exit statuses of xacctctl](#exit-statuses-of-xacctctl)

## What your program shows

SDKs wrap what the endpoint says, and some swallow it. When in doubt: `xacctctl status`.

| your program | what it prints |
|---|---|
| boto3, AWS CLI | `Error when retrieving credentials from container-role: ...` and the sentence at the end |
| Go SDK v2, terraform | `failed to refresh cached credentials, failed to load credentials, CODE: SENTENCE` |
| object_store, polars | `Server returned non-2xx status code: 403 Forbidden:` and the sentence |
| Rust SDK | `Non-success status from HTTP credential provider`, without the sentence |
| Java SDK v2 | `Unable to load credentials from any of the providers in the chain`, without the sentence |
| JavaScript SDK v3 | `Could not load credentials from any providers`, without the sentence |
| JavaScript SDK v2 | `Missing credentials in config`, without the sentence |
| Go SDK v1 | `NoCredentialProviders: no valid providers in chain`, without the sentence |
| any, `connection refused` | the daemon is not running: `xacctctl start` |

One sentence comes from the endpoint alone. It tells the same to everybody who has no valid grant, for what would
be found out otherwise is nobody's business:

> {no_grant}

A grant ends with the shell or command it was made for, at its time-out, or when it is revoked.
"""


def page() -> str:
    """The page."""
    no_grant = json.loads(answers.NO_GRANT.partition(b"\r\n\r\n")[2])["message"]
    parts = [
        INTRO.format(no_grant=no_grant),
        "## What AWS refuses\n\nIn the order in which they are recognized.\n",
        *map(_refusal, failures.ROWS),
        "## What AWS refuses of narrower credentials\n\nOf GetScopedCredentials, for grants with a scope.\n",
        *(_refusal(row, SCOPED_ROWS) for row in SCOPED_ROWS if row not in failures.ROWS),
        "## What IAM refuses\n\nOf `xacctctl keys rotate`.\n",
        *(_refusal(row, iam_failures.IAM_ROWS, "central") for row in iam_failures.IAM_ROWS if row not in failures.ROWS),
        "## What IAM Identity Center refuses\n\nSentences about a sign-in name the session `corp`.\n",
        *(_refusal(row, sign_in_failures.OIDC_ROWS, "corp") for row in sign_in_failures.OIDC_ROWS),
        *(_refusal(row, sign_in_failures.CODE_ROWS, "corp") for row in sign_in_failures.CODE_ROWS[:1]),
        *(_refusal(row, sign_in_failures.PORTAL_ROWS) for row in sign_in_failures.PORTAL_ROWS),
        "## What IAM Identity Center refuses of its lists\n",
        *(_refusal(row, sign_in_failures.LISTING_ROWS, "accounts") for row in sign_in_failures.LISTING_ROWS),
        "## What AWS's own sign-in refuses\n\nOf console logins (`login_session`); the identity is `arn:…:user/me`.\n",
        *(_refusal(row, sign_in_failures.CONSOLE_ROWS, "arn:…:user/me") for row in sign_in_failures.CONSOLE_ROWS),
        "## When AWS can't be reached\n",
        *map(_network, sdk_failures.SDK_ROWS),
        _codes(),
        _exits(),
    ]
    return "\n".join(parts)


def _refusal(row: failures.Row, rows: tuple[failures.Row, ...] = failures.ROWS, target: str = ROLE) -> str:
    code = row.codes[0] if row.codes[0] != "*" else "ValidationError"
    error = failures.refusal(code, row.example, target=target, skew=SKEW, rows=rows)
    if "{said}" in row.sentence:
        # A heading is no place for all that AWS says; it is in the line below.
        error.sentence = row.sentence.format(target=target, code=code, said="...").removesuffix(".")
    codes = "any other code" if row.codes == ("*",) else ", ".join(f"`{name}`" for name in row.codes)
    return _entry(error, f"{codes}: “{' '.join(row.example.split())}”" if row.example else codes)


def _network(row: sdk_failures.SdkRow) -> str:
    names = "any other failure" if row.exceptions == ("*",) else ", ".join(f"`{name}`" for name in row.exceptions)
    words = "407" if "407" in row.words else "403" if row.words.startswith(r"\b") else row.words.partition("|")[0]
    kind = "..." if row.exceptions == ("*",) else row.exceptions[-1]
    return _entry(sdk_failures.failed(kind, words, target=ROLE, what="..."), names, who="botocore")


def _entry(error: errors.XacctError, said: str, who: str = "AWS") -> str:
    lines = [
        f"### {error.sentence}",
        "",
        f"- {who} says: {said}",
        f"- hint: {error.hint or 'none'}",
        f"- code `{error.code}`: {_kind(type(error))}; exit status {_status(type(error))}",
        f"- what is held: {_of(HELD, type(error))}",
        "",
    ]
    return "\n".join(lines)


def _kind(error: type[errors.XacctError]) -> str:
    return KINDS[error.category]


def _status(error: type[errors.XacctError]) -> int:
    return status_of({"code": error.code, "category": error.category, "sentence": "", "hint": ""})


def _of(table: dict[type[errors.XacctError], str], error: type[errors.XacctError]) -> str:
    return next(table[kind] for kind in error.__mro__ if kind in table)


def _codes() -> str:
    lines = [
        "## All codes\n",
        "The codes of the control API and of `xacctctl --json`, whatever the sentence.\n",
        "| code | what it means | | exit status |",
        "|---|---|---|---:|",
    ]
    for error in _tree(errors.XacctError):
        meaning = " ".join((error.__doc__ or "").partition("\n\n")[0].split())
        if error is errors.XacctError:
            meaning = "xacct itself failed. Please report it."
        # What xacctd says when it can't start, xacctctl passes on with a status of its own.
        status = NO_DAEMON if error is errors.StartupFailed else _status(error)
        lines.append(f"| `{error.code}` | {meaning} | {_kind(error)} | {status} |")
    return "\n".join([*lines, ""])


def _tree(error: type[errors.XacctError]) -> Iterator[type[errors.XacctError]]:
    """Every class with a code of its own, in the order of the file."""
    if "code" in vars(error):
        yield error
    for below in error.__subclasses__():
        yield from _tree(below)


def _exits() -> str:
    lines = ["## Exit statuses of xacctctl\n", "| status | |", "|---:|---|"]
    lines += [f"| {status} | {meaning} |" for status, meaning in EXIT.items()]
    lines += ["", "`xacctctl exec` ends with the status of its command: 128+n if signal n ended it, 126 if it can't be"]
    lines += ["run, 127 if there is none."]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
