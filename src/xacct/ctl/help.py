"""The top-level help: a tour short enough to be read."""

from typing import Final

TOUR: Final = """\
usage: xacctctl [--no-start] VERB ...

xacct holds cross-account AWS credentials the way ssh-agent holds keys: one
MFA code in the morning, and every SDK, CLI and IDE has fresh role credentials
all day.

  xacctctl roles                    what ~/.aws/config offers
  xacctctl login prod --for 8h      asks for the code once
  eval "$(xacctctl env prod)"       this shell is in prod now; so is what it
                                    starts. If it fails, the line fails
  xacctctl exec prod -- aws s3 ls   one command in prod
  xacctctl ssh prod host            a shell on another machine, in prod
  xacctctl configure prod           a profile prod-agent, for what reads only
                                    ~/.aws/config
  xacctctl status                   what is held, and for how long

verbs:
{verbs}

options:
  --no-start   fail (3) instead of starting xacctd when it isn't running
  --version    print the version
  --help       this; after a verb: that verb's help with examples

exit status:
  0 ok   1 failed   2 wrong usage   130 interrupted
  3 xacctd isn't running, can't be started or is another version
  4 a human is needed (nobody could be asked, or said no)   5 AWS refused
  exec, ssh: the command's own; 128+n: signal n ended it; 126: it can't be run;
  127: there is none

environment:
  XACCT_SOCKET   the control socket, instead of control.sock in
                 $XDG_RUNTIME_DIR/xacct
  XACCT_DAEMON   the command that starts the daemon, instead of this Python's
                 xacct.daemon
  NO_COLOR       no colours
  COLUMNS        how wide tables and help are, instead of the terminal's width\
"""


def tour(verbs: dict[str, str]) -> str:
    """Return the help text with a line for each verb."""
    return TOUR.format(verbs="\n".join(f"  {name:<11} {what}" for name, what in verbs.items()))
