"""This shell: whether what SDKs started here fetch is ours, and what they would prefer to it."""

from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from xacct import fileio, wire
from xacct.awsfiles import Files, resolved
from xacct.ctl import shadow, variables
from xacct.ctl.doctor import awsfiles
from xacct.ctl.doctor.finding import OTHERS, Checks, Finding, broken, ok, skipped, warning
from xacct.ctl.doctor.scene import Scene
from xacct.ctl.render import files_of

ANEW: Final = 'eval "$(xacctctl env ROLE)"'

_URI, _FILE, _TOKEN = variables.CONTAINER
_ENDED: Final = b"ended"
"""What xacctd leaves in the file of a grant that is over; see grants/token_files.py."""

_PATHS: Final = ("/v1/credentials/", "/v1/role-arn/")


def _endpoint(scene: Scene) -> Finding:
    uri = scene.environ.get(_URI)
    if uri is None:
        return skipped(f"Programs of this shell don't ask xacctd; after {ANEW} they do.")
    try:
        at = urlsplit(uri)
        host, port = at.hostname, at.port
    except ValueError:
        return broken(f"{_URI} is no URL.", ANEW)
    if host not in ("127.0.0.1", "localhost") or not at.path.startswith(_PATHS):
        return warning(f"{_URI} leads to {host}, not to xacctd.", ANEW)
    return _ours(scene, port, at.path)


def _ours(scene: Scene, port: int | None, path: str) -> Finding:
    endpoint = scene.daemon.endpoint
    if endpoint is None:
        return broken(f"{_URI} leads to port {port}, but xacctd is not there: SDKs fail.", "xacctctl start")
    if port != urlsplit(endpoint).port:
        return broken(f"{_URI} leads to port {port}, but xacctd is at {endpoint}.", ANEW)
    if _is_unknown(scene, path):
        return broken(f"{_URI} leads to a role that there is no more.", ANEW)
    return ok(f"{_URI} leads to xacctd.")


def _is_unknown(scene: Scene, path: str) -> bool:
    roles = scene.daemon.roles
    return (
        roles is not None
        and _elsewhere(scene) is None
        and path.startswith(_PATHS[0])
        and path not in {urlsplit(role["url"]).path for role in roles["roles"]}
    )


def _token(scene: Scene) -> Finding:
    file, token = scene.environ.get(_FILE), scene.environ.get(_TOKEN)
    if _URI not in scene.environ:
        return skipped("This shell needs no token.")
    if not file and not token:
        return broken("No token is set: xacctd refuses every request.", ANEW)
    if not file or not token:
        return warning(f"{_TOKEN if file else _FILE} is not set: some SDKs know only that one.", ANEW)
    return _token_file(Path(file), token)


def _token_file(path: Path, token: str) -> Finding:
    try:
        content, mode = fileio.read(path), path.stat().st_mode
    except OSError as error:
        return broken(f"The token file {path} can't be read ({error.strerror}): its grant has ended.", ANEW)
    if content == _ENDED:
        return broken(f"The token file {path} says that its grant has ended.", ANEW)
    if content != token.encode("utf-8", "surrogateescape"):
        why = "ends in a new line, which SDKs refuse" if content.endswith(b"\n") else f"is not what {_TOKEN} says"
        return broken(f"The token in {path} {why}.", ANEW)
    if mode & OTHERS:
        return broken(f"The token file {path} can be read by others.", f"chmod 600 {path}")
    return ok("The token is where SDKs look for it.")


def _grant(scene: Scene) -> Finding:
    file = scene.environ.get(_FILE)
    if _URI not in scene.environ or not file or scene.daemon.grants is None or Path(file).parent.name != "grants":
        return skipped("Whether this shell's grant is good, xacctd would know.")
    grant = _of_this_shell(scene)
    if grant is None:
        return broken("The grant of this shell has ended: its requests are refused.", ANEW)
    theirs = _elsewhere(scene)
    if theirs is not None:
        return warning(
            f"The grant of this shell is for roles of {files_of(theirs)}; its variables name others by now.", ANEW
        )
    return ok(f"The grant {grant['id']} of this shell is good.")


def _elsewhere(scene: Scene) -> wire.AwsFiles | None:
    """Return the files that the grant of this shell is for, where the shell means others by now."""
    grant, roles = _of_this_shell(scene), scene.daemon.roles
    files, meant = grant and grant.get("files"), roles and roles.get("files")
    return files if files and meant and _resolved(files) != _resolved(meant) else None


def _of_this_shell(scene: Scene) -> wire.GrantInfo | None:
    """Return the grant whose token this shell has, as far as the daemon knows one."""
    name = Path(scene.environ.get(_FILE, "")).name
    known = scene.daemon.grants["grants"] if scene.daemon.grants is not None else []
    return next((grant for grant in known if grant["id"] == name), None)


def _resolved(files: wire.AwsFiles) -> tuple[Files, dict[str, str]]:
    return resolved(Files(files["config"], files["credentials"], files["home"])), files.get("sts", {})


def _keys(scene: Scene) -> Finding:
    there = [variable for variable in variables.KEYS[:3] if scene.environ.get(variable)]
    if not there:
        return ok("No keys in the environment.")
    if _URI in scene.environ:
        return broken(f"{there[0]} is set: every SDK prefers it to xacctd.", f"unset {' '.join(there)}")
    if variables.ROLE in scene.environ:
        return warning("The credentials in this environment (xacctctl env --static) are not renewed.", ANEW)
    return ok(f"{there[0]} is set, and is what programs of this shell use; xacctctl env takes it away.")


def _profile(scene: Scene) -> Finding:
    variable = next((v for v in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE") if scene.environ.get(v)), None)
    if variable is None:
        return ok("AWS_PROFILE is not set.")
    chosen = scene.environ[variable]
    if astray := variables.strayed(scene.environ):
        return broken(astray, variables.anew(scene.environ))
    profile = awsfiles.read(scene.environ, scene.home).profiles.get(chosen)  # as this shell's SDKs see it
    if profile is None:
        return broken(f"{variable} is {chosen}, a profile that does not exist.", f"unset {variable}")
    if _URI in scene.environ and awsfiles.has_credentials(profile):
        return broken(f"{variable} is {chosen}, whose credentials most SDKs prefer to xacctd.", f"unset {variable}")
    return ok(f"{variable} is {chosen}{', which has settings only' if _URI in scene.environ else ''}.")


def _rival(variable: str, scene: Scene) -> Finding:
    if not scene.environ.get(variable):
        return ok(f"{variable} is not set.")
    if _URI in scene.environ:
        return broken(f"{variable} is set: most SDKs prefer it to xacctd.", f"unset {variable}")
    return ok(f"{variable} is set; xacctctl env takes it away.")


def _bedrock(scene: Scene) -> Finding:
    if variables.BEDROCK not in scene.environ:
        return ok(f"{variables.BEDROCK} is not set.")
    if _URI in scene.environ:  # empty, too: see docs/sdk-facts.md
        said = f"{variables.BEDROCK} is set: programs ask Amazon Bedrock with that key, whatever role this shell is in."
        return broken(said, f"unset {variables.BEDROCK}")
    return ok(f"{variables.BEDROCK} is set; xacctctl env takes it away.")


def _polars(scene: Scene) -> Finding:
    file = shadow.taken_by_polars(str(scene.home))
    if file is None:
        return ok("No keys in ~/.aws/credentials that polars would take.")
    return ok(f"There are keys in {file}, which polars takes whatever a shell is in: {shadow.FOR_POLARS}")


def _default(scene: Scene) -> Finding:
    files = [file for file in shadow.files(scene.environ, str(scene.home)) if shadow.shadows(shadow.lines(file))]
    if not files:
        return ok("[default] has no credentials that would win.")
    where = " and ".join(files)
    ours = scene.environ.get(variables.OUR_PROFILE)
    if variables.strayed(scene.environ):
        return ok(f"[default] in {where} has credentials; AWS_PROFILE comes before it.")
    if _URI in scene.environ and ours and scene.environ.get(variables.PROFILE) == ours:
        return ok(f"[default] in {where} has credentials; programs without a profile have {ours} here instead.")
    if _URI in scene.environ:
        return broken(f"[default] in {where} has credentials, which SDKs prefer to xacctd.", ANEW)
    return ok(f"[default] in {where} has credentials; xacctctl env and exec take programs past it.")


CHECKS: Final[Checks] = {
    "shell-endpoint": _endpoint,
    "shell-token": _token,
    "shell-grant": _grant,
    "shell-keys": _keys,
    "shell-profile": _profile,
    "shell-web-identity": partial(_rival, "AWS_WEB_IDENTITY_TOKEN_FILE"),
    "shell-relative-uri": partial(_rival, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
    "shell-bedrock-key": _bedrock,
    "default-profile": _default,
    "polars-keys": _polars,
}
"""In the order in which SDKs look."""
