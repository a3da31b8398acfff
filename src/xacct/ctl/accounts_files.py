"""`accounts --csv` and `--names`: the list of accounts as config.toml takes it, rows of a template or names.

They are written down, and not read by the daemon from the list: which roles there are, and what `payments:Admin` means,
is then in files of the user's, and no word changes its meaning because a list did.
"""

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator
from typing import Final

from xacct import fileio, wire
from xacct.ctl import profile_names
from xacct.ctl.failure import CtlError
from xacct.ctl.render import clean, count, out, say

COLUMNS: Final = ("account", "account_name", "slug", "email")
STDOUT: Final = "-"


def write_csv(found: wire.AccountsEvent, file: str) -> None:
    """Write a row for each account: a whole file or none, for what is cut short would be roles that are gone.

    Args:
        found: the list.
        file: where to; `-` for stdout.

    Raises:
        CtlError: it can't be written.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for account in found["accounts"]:
        name = clean(account["account_name"] or "")
        rows.writerow((account["account_id"], name, profile_names.slug(name), clean(account["email"] or "")))
    if file == STDOUT:
        out(text.getvalue().rstrip("\n"))
        return
    try:
        fileio.write_private(os.path.realpath(file), text.getvalue().encode())
    except OSError as error:
        raise CtlError(f"{file} can't be written: {error.strerror}.") from None
    say(f"xacctctl: {count(len(found['accounts']), 'account')} in {file}.")


def names(found: wire.AccountsEvent) -> Iterator[str]:
    """Yield [accounts] of config.toml; names that can't stand there, or that two accounts have, in a comment."""
    given = {account["account_id"]: clean(account["account_name"] or "").strip() for account in found["accounts"]}
    times = Counter(given.values())
    yield "[accounts]"
    for number, name in given.items():
        stands = name and ":" not in name and not name.isdigit() and times[name] == 1  # as settings.check_accounts
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        yield f'{"" if stands else "# "}"{number}" = "{quoted}"'
