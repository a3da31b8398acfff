"""`docker` and `podman`: their actions and options. What each does is in a file of its name."""

from argparse import REMAINDER, ArgumentParser, Namespace
from functools import partial
from importlib import import_module

from xacct.ctl.client import Client
from xacct.ctl.docker.ways import WAYS
from xacct.ctl.failure import USAGE, CtlError
from xacct.ctl.verb import Verb


def docker(args: Namespace, client: Client) -> int:
    """Do what the action says."""
    if args.action is None:
        raise CtlError("docker needs to be told what to do.", "xacctctl docker --help", USAGE)
    status: int = getattr(import_module(f"xacct.ctl.docker.{args.action}"), args.action)(args, client)
    return status


def _declare(engine: str, parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="run")
    run = actions.add_parser("run", help="run a container in a role")
    run.add_argument("role", metavar="ROLE")
    run.add_argument("arguments", nargs=REMAINDER, metavar="ARGS", help=f"of {engine} run: options, image, command")
    _declare_way(engine, run)
    run.add_argument("--explain", action="store_true", help="say what would be done, and why, and do nothing")
    run.add_argument("--ttl", metavar="DURATION", help="how long it is good (8h), instead of as long as it runs")


def _declare_way(engine: str, parser: ArgumentParser) -> None:
    parser.add_argument("--engine", default=engine, metavar="COMMAND", help=f"the engine's command (default: {engine})")
    parser.add_argument("--way", choices=WAYS, help="how the endpoint is reached (default: what the engine allows)")
    parser.add_argument("--relay-image", default="alpine/socat", metavar="IMAGE", help="an image that has socat")


def _verb(engine: str) -> Verb:
    return Verb(
        f"Run containers in a role, with {engine}: their SDKs fetch credentials from xacctd for as long as"
        " they run. The way there depends on the engine; --explain says which it is and why.",
        (
            f"xacctctl {engine} run prod -- --rm -it amazon/aws-cli s3 ls",
            f"xacctctl {engine} run --explain prod -- -d --name api my-image",
        ),
        docker,
        partial(_declare, engine),
    )


VERBS = {"docker": _verb("docker"), "podman": _verb("podman")}
