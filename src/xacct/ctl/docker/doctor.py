"""`docker doctor`: each step to the endpoint, and a fetch from within a container to prove it."""

import os
from argparse import Namespace
from typing import Final

from xacct import wire
from xacct.ctl.client import Client
from xacct.ctl.docker import container, engine, relay, ways, words
from xacct.ctl.failure import FAILED, OK, CtlError
from xacct.ctl.render import clean, out, paint

IMAGES: Final = ("busybox", "alpine", "python", "debian", "ubuntu", "alpine/socat", "amazonlinux")
"""Looked for among those that are here already, in this order."""

FETCHED: Final = 60.0
"""Seconds that the container gets."""

FETCH: Final = r"""
url=${AWS_CONTAINER_CREDENTIALS_FULL_URI#http://}; host=${url%%/*}; path=/${url#*/}
case $host in *:*) port=${host#*:} ;; *) port=80 ;; esac
ask() {
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nConnection: close\r\n\r\n' \
        "$path" "$host" "$AWS_CONTAINER_AUTHORIZATION_TOKEN"
}
if command -v nc >/dev/null; then answer=$(ask | nc -w 10 "${host%:*}" "$port" 2>&1)
elif command -v bash >/dev/null; then
    export host port
    answer=$(ask | bash -c 'exec 3<>"/dev/tcp/${host%:*}/$port" && cat >&3 && cat <&3' 2>&1)
else echo "this image has neither nc nor bash"; exit 3; fi
case $answer in
*'"SecretAccessKey"'*) echo served ;;
HTTP/*) printf '%s\n' "$answer" | head -n 1; printf '%s\n' "$answer" | tail -n 1; exit 1 ;;
*) echo "nothing came: $answer"; exit 2 ;;
esac
"""
"""Runs in the container. The token stays in its environment and the credentials in its memory: neither is printed."""


def doctor(args: Namespace, client: Client) -> int:
    """Say what is right and what is not; the first thing that is not ends it."""
    here = engine.ask(args.engine)
    _good("engine", here.words)
    about = container.about(client)
    _good("daemon", f"serves containers at {about['url']}")
    if about["require_known_caller"]:
        _bad("settings", "require_known_caller: containers on a bridge are refused, each and every one")
    try:
        way = ways.choose(here, words.Words(), about, args.way)
    except CtlError as error:
        return _bad("way", error.sentence, error.hint)
    _good("way", f"{way.name}: {way.why}")
    if way.warning:
        _good("mind", way.warning)
    image = args.image or _image(here)
    if image is None:
        return _bad("image", "none to try it with is here, and none is pulled unasked", f"{here.command} pull busybox")
    _good("image", image)
    return _prove(args, client, here, way, image)


def _prove(args: Namespace, client: Client, here: engine.Engine, way: ways.Way, image: str) -> int:
    with container.granted(client, here, args, way, "docker doctor") as grant:
        if way.name == ways.RELAY:
            _good("relay", f"{relay.NAME} runs")
        after = container.about(client)
        for place, why in after["troubles"].items():
            _bad("listener", f"{place}: {why}")
        if way.where == "container":
            _good("listener", ", ".join(after["listening"]) or "none")
        said = _fetch(args, here, way, image, grant)
    if said == "served":
        _good("fetch", f"a container was given the credentials of {args.role}")
        return OK
    return _bad("fetch", said or "the container said nothing", _hint(way))


def _fetch(args: Namespace, here: engine.Engine, way: ways.Way, image: str, grant: wire.GrantAnswer) -> str:
    environment = container.settings(args.role, grant["urls"][args.role], None, {})
    options = ["--rm", "--pull", "never", "--log-driver", "none", *container.options(way, environment)]
    command = [here.command, "run", *options, "--entrypoint", "sh", image, "-c", FETCH]
    done = engine.run(command, FETCHED, {**os.environ, container.TOKEN: grant["token"]})
    return (done.stdout.strip() or done.stderr.strip()).replace("\n", " ")


def _image(here: engine.Engine) -> str | None:
    shown = engine.output([here.command, "images", "--format", "{{.Repository}}:{{.Tag}}"]).split()
    by_name = {name.rpartition(":")[0].removeprefix("docker.io/").removeprefix("library/"): name for name in shown}
    return next((by_name[name] for name in IMAGES if name in by_name), None)


def _hint(way: ways.Way) -> str:
    if way.name == ways.BRIDGE:
        return "A firewall may keep containers from this machine (ufw, firewalld): let docker0 in to port 9479."
    return "xacctctl audit says what the endpoint made of it; docs/containers.md has the ways"


def _good(what: str, how: str) -> None:
    out(f"{paint('ok', 'good')}    {what:<9} {clean(how)}")


def _bad(what: str, how: str, hint: str = "") -> int:
    out(f"{paint('no', 'bad')}    {what:<9} {clean(how)}")
    if hint:
        out(f"      hint: {hint}")
    return FAILED
