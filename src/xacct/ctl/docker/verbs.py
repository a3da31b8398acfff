"""`docker` and `podman`: their actions and options. What each does is in a file of its name."""

from argparse import REMAINDER, ArgumentParser, Namespace
from functools import partial
from importlib import import_module

from xacct.ctl import scope_options, when
from xacct.ctl.client import Client
from xacct.ctl.docker.ways import WAYS
from xacct.ctl.failure import USAGE, CtlError
from xacct.ctl.verb import Verb


def docker(args: Namespace, client: Client) -> int:
    """Do what the action says."""
    if args.action is None:
        raise CtlError("docker needs to be told what to do.", "xacctctl docker --help", USAGE)
    if getattr(args, "ttl", None) is not None:
        when.seconds(args.ttl, when.GRANT)  # before anything is asked or started
    status: int = getattr(import_module(f"xacct.ctl.docker.{args.action}"), args.action)(args, client)
    return status


def _declare(engine: str, parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="run|compose|doctor|setup")
    run = actions.add_parser("run", help="run a container in a role")
    run.add_argument("role", metavar="ROLE")
    run.add_argument("arguments", nargs=REMAINDER, metavar="ARGS", help=f"of {engine} run: options, image, command")
    run.add_argument("--explain", action="store_true", help="say what would be done, and why, and do nothing")
    run.add_argument(
        "--token-file",
        action="store_true",
        help="bring the token in as a file besides, for Rust's object_store; its user must be root or you",
    )
    compose = actions.add_parser("compose", help="print a Compose override file, or run a command with it")
    compose.add_argument("role", metavar="ROLE")
    compose.add_argument("arguments", nargs=REMAINDER, metavar="-- COMMAND", help="such as -- docker compose up")
    compose.add_argument("--service", action="append", default=[], help="a service of the file; may be given again")
    for action in (run, compose):
        action.add_argument("--ttl", metavar="DURATION", help="how long it is good (8h), instead of as long as it runs")
        scope_options.declare(action, ttl=False)
    doctor = actions.add_parser("doctor", help="prove the way by a fetch from within a container")
    doctor.add_argument("role", metavar="ROLE")
    doctor.add_argument("--image", help="an image that is here (default: one of the usual small ones)")
    setup = actions.add_parser("setup", help="print the one command that takes root")
    setup.add_argument("--yes", action="store_true", help="run it")
    setup.add_argument("--remove", action="store_true", help="the command that undoes it")
    setup.add_argument("--stop-relay", action="store_true", help="end the relay instead, and remove its network")
    for action in (run, compose, doctor, setup):
        _declare_way(engine, action)


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
            f"xacctctl {engine} run --read-only prod -- --rm my-agent",
            f"xacctctl {engine} run --explain prod -- -d --name api my-image",
            f"xacctctl {engine} doctor prod",
            f"xacctctl {engine} setup",
            f"xacctctl {engine} compose --service api prod > docker-compose.override.yml",
            f"xacctctl {engine} compose prod -- docker compose up",
        ),
        docker,
        partial(_declare, engine),
    )


VERBS = {"docker": _verb("docker"), "podman": _verb("podman")}
