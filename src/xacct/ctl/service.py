"""`service`: have systemd or launchd keep the daemon: its sockets outlive it, and it comes back by itself."""

import sys
from argparse import ArgumentParser, Namespace

from xacct.ctl import launchd, leftovers, systemd
from xacct.ctl.client import Client
from xacct.ctl.failure import USAGE, CtlError
from xacct.ctl.service_files import SANDBOXES
from xacct.ctl.verb import Verb


def service(args: Namespace, client: Client) -> int:
    """Install, look, or remove."""
    macos = sys.platform == "darwin"
    match args.action:
        case "install" if macos:
            if args.sandbox:
                raise CtlError("launchd has no sandbox to choose.", "xacctctl service install", USAGE)
            return launchd.install(client, now=args.now)
        case "install":
            return systemd.install(client, args.sandbox, now=args.now)
        case "uninstall":
            status = launchd.uninstall() if macos else systemd.uninstall()
            leftovers.report(client, purge=args.purge)
            return status
    return launchd.status() if macos else systemd.status()


def _declare(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="install|status|uninstall")
    install = actions.add_parser("install", help="write the units and start listening; safe to repeat")
    install.add_argument(
        "--now",
        action="store_true",
        help="restart what runs, to take up changes; stop an xacctd that was started otherwise, whatever it holds",
    )
    install.add_argument(
        "--sandbox",
        choices=SANDBOXES,
        help="strict: no file can be written, and the audit loses the callers' programs; none: for a"
        " credential_process that needs setuid, a snap or a browser. It is remembered",
    )
    actions.add_parser("status", help="what is installed, and whether it is up to date (the default)")
    uninstall = actions.add_parser("uninstall", help="stop it, remove what install wrote, and say what stays")
    uninstall.add_argument(
        "--purge",
        action="store_true",
        help="remove that, too: stop an xacctd that runs otherwise, take configure's profiles out of the AWS config"
        " file, and remove state, log and audit. Your settings stay",
    )


VERBS = {
    "service": Verb(
        "Have your own systemd (or launchd, on macOS) keep xacctd. It holds the sockets, so that a restart refuses"
        " nobody, starts xacctd at the first connection, and again after a crash. The port is config.toml's.",
        (
            "xacctctl service install",
            "xacctctl service install --sandbox strict",
            "xacctctl service status",
            "xacctctl service uninstall",
            "xacctctl service uninstall --purge",
        ),
        service,
        _declare,
        starts_daemon=False,
    ),
}
