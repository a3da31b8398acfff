"""Every profile means what it means to AWS's command line, or is refused with a sentence.

hypothesis writes AWS's two files; botocore, which is what AWS's command line resolves profiles with, and xacct make
their first calls of them. Where xacct does otherwise on purpose, docs/aws-settings.md lists it, and DEVIATIONS here.
"""

import re
from pathlib import Path

import botocore.session
import two_resolvers as two
from examples import examples
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from xacct.aws import regions

NAMES = ("prod", "base", "a b", "default", "x")
KEYS = ("AKIABASE", "AKIAOTHER")
ARNS = tuple(f"arn:{p}:iam::123456789012:role/r" for p in ("aws", "aws", "aws", "aws-cn", "aws-us-gov", "aws-eusc"))
REGIONS = (
    "eu-central-1", "us-east-1", "eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "ap-south-2",
    "eu-central-1  # home", '"eu-west-1"', "eu-west-1a", "EU Frankfurt", "", "fips-us-gov-west-1", "eu-west-1-fips",
)  # fmt: skip
URLS = ("http://127.0.0.1:4566", "https://sts.example.com/path", "localhost:4566", "", "http://", "ftp://x")

SETTINGS = {
    "role_arn": ARNS,
    "source_profile": (*NAMES, *NAMES, "missing", ""),
    "credential_source": ("Environment", "environment", "Ec2InstanceMetadata", "Nonsense"),
    "mfa_serial": ("arn:aws:iam::123456789012:mfa/u", "GAHT12345678", ""),
    "external_id": ("an id", "x:1", ""),
    "role_session_name": ("me@here", ""),
    "duration_seconds": ("900", "3600", "1h", ""),
    "region": REGIONS,
    "endpoint_url": URLS,
    "services": ("local", "empty", "missing", ""),
    "sts_regional_endpoints": ("legacy", "regional", "bogus", ""),
    "use_fips_endpoint": ("true", "false", "True", "yes"),
    "use_dualstack_endpoint": ("true", "false"),
    "ignore_configured_endpoint_urls": ("true", "false"),
    "ca_bundle": ("/nonexistent.pem", ""),
    "aws_access_key_id": (*KEYS, ""),
    "aws_secret_access_key": ("secret", "secret", ""),
    "aws_session_token": ("token",),
    "aws_security_token": ("older",),
    "credential_process": ("/bin/keys --for me", "xacctctl process prod", ""),
    "web_identity_token_file": (two.TOKEN_FILE, "/nonexistent", "relative", ""),
    "sso_account_id": ("123456789012",),
    "sso_start_url": ("https://x.example.com",),
    "retry_mode": ("standard", "bogus"),
    "max_attempts": ("3", "many"),
    "defaults_mode": ("standard", "bogus"),
    "include_profile": ("base",),
    "output": ("json",),
}
KEY = ("aws_access_key_id", "aws_secret_access_key")
ROLE = ("role_arn", "source_profile")
COMMON = (
    KEY,
    KEY,
    ROLE,
    ROLE,
    (*ROLE, "mfa_serial"),
    (*ROLE, "external_id"),
    (*ROLE, "region"),
    (*ROLE, "endpoint_url"),
)

# Where xacct does otherwise on purpose: what makes it so. `xacct refuses`: by what its sentence says.
REFUSED = {
    "a flag that is neither true nor false": r"neither true nor false",
    "an empty value": r"is empty|has an aws_access_key_id and no",
    "a block where one value belongs": r"is an indented block",
    "a region that no partition of AWS has": r"no region of AWS's",
    "files that are not there": r"can't be read",
    "temporary keys without an end": r"keys of .* are temporary",
    "keys in the environment": r"no access key in the daemon's environment",
    "a duration that is no number": r"duration_seconds of .* is no number",
    "a section in the credentials file with a prefix": r"take \[.*\] in .* for a profile called",
    "a chain through profiles with different addresses": r"have not the same",
    "a hop that can't be used by itself": r"which can't be used|can't be read",
    "a profile that asks xacct": r"asks xacct",
    "a services section of no use": r"is no block",
    "an endpoint that is no address": r"has to begin with|names no host|is no address",
}
OF_STS = r"(region|endpoint_url|services|sts_regional_endpoints|use_\w+_endpoint|ca_bundle) of \["
ALLOWED = {
    "no region": r"NoRegionError|EndpointResolutionError|InvalidRegionError|must specify a region",
    "a profile that includes its source": r"source_profile or credential_source",
    "settings that say only how the SDK tries": r"InvalidRetryMode|InvalidDefaultsMode|invalid literal for int",
}


@st.composite
def sections(draw, *, credentials):
    name = draw(st.sampled_from(NAMES))
    plain = (name,) * 6 if credentials else (f"profile {name}", f'profile "{name}"') * 3
    odd = (
        name, f"profile {name}", f"Profile {name}", f" profile {name}", f"profile  {name}", f'"{name}"',
        f"profile-{name}",
        f"profile '{name}' more", f'profile "{name}', "DEFAULT",
    )  # fmt: skip
    header = draw(st.sampled_from(("default", *plain) * 2 + odd))
    keys = list(draw(st.sampled_from(COMMON)))
    keys += draw(st.lists(st.sampled_from(sorted(SETTINGS)), max_size=3))
    lines = [f"[{header}]", *(draw(settings_lines(key)) for key in dict.fromkeys(keys))]
    return draw(st.permutations(lines[1:]).map(lambda rest: [lines[0], *rest]))


@st.composite
def settings_lines(draw, key, value=None):
    if value is None:
        value = draw(st.one_of(*[st.just(SETTINGS[key][0])] * 2, st.sampled_from(SETTINGS[key])))
    form = draw(
        st.sampled_from(["{} = {}"] * 12 + ["{}={}", "{}: {}", "{} =   {}", "{} = {}  ", "# {} = {}", "{}\t=\t{}"])
    )
    key = key.upper() if draw(st.integers(0, 30)) == 0 else key
    nested = draw(st.integers(0, 80)) == 0
    return f"{key} =\n  inner = {value}" if nested else form.format(key, value)


SERVICES = (
    "[services local]\nsts =\n  endpoint_url = http://127.0.0.1:4567\ns3 =\n  endpoint_url = http://127.0.0.1:1\n"
)


EXTRAS = (
    "mfa_serial", "external_id", "role_session_name", "duration_seconds", "region", "region", "region", "endpoint_url",
    "services", "sts_regional_endpoints", "use_fips_endpoint", "use_dualstack_endpoint", "retry_mode",
    "ignore_configured_endpoint_urls",
)  # fmt: skip


@st.composite
def extras(draw, most):
    """Settings that work together well enough, each with a value that mostly can be meant."""
    found = {}
    for key in draw(st.lists(st.sampled_from(EXTRAS), max_size=most, unique=True)):
        sound = [value for value in SETTINGS[key][:7] if re.fullmatch(r"[-A-Za-z0-9:/@ .]+", value)]
        found[key] = draw(st.sampled_from([*sound * 3, *SETTINGS[key]]))
    return found


@st.composite
def tidy(draw):
    """Files as people have them: a source with keys, roles and chains from it, and a [default] of all sorts."""
    keys = {"aws_access_key_id": "AKIABASE", "aws_secret_access_key": "secret"}
    if draw(st.integers(0, 9)) == 0:
        keys["aws_session_token"] = "token"
    way = draw(st.sampled_from(["credentials"] * 4 + ["config", "process", "web identity"]))
    base = dict(draw(extras(2)))
    if way == "process":
        base["credential_process"] = "/bin/keys --for me"
    elif way == "config":
        base |= keys
    elif way == "web identity":
        base |= {"role_arn": ARNS[0], "web_identity_token_file": two.TOKEN_FILE}
    config = {"default": draw(extras(4)), "profile base": base}
    for name in draw(st.lists(st.sampled_from(["prod", "x", "second", "third"]), min_size=1, max_size=3, unique=True)):
        above = ["base"] * 3 + [header.removeprefix("profile ") for header in config][2:]
        config[f"profile {name}"] = {
            "role_arn": draw(st.sampled_from(ARNS)),
            "source_profile": draw(st.sampled_from(above)),
            **draw(extras(3)),
        }
    credentials = {"base": keys} if way == "credentials" else {}
    return [
        [[f"[{header}]", *(draw(settings_lines(k, v)) for k, v in values.items())] for header, values in file.items()]
        for file in (config, credentials)
    ]


@st.composite
def wild(draw):
    """Whatever people may write."""
    found = []
    for credentials in (False, True):
        parts = draw(st.lists(sections(credentials=credentials), max_size=4))
        if draw(st.integers(0, 12)):  # a section twice makes a file unreadable, which is soon tried enough
            parts = list({part[0]: part for part in parts}.values())
        found.append(parts)
    return found


@st.composite
def files(draw):
    """The text of a config and of a credentials file, as bytes."""
    texts = []
    for parts in draw(st.one_of(tidy(), tidy(), wild())):
        lines = [line for part in parts for line in [*part, *draw(st.sampled_from([[], [""], ["; a comment"]]))]]
        if not texts and draw(st.integers(0, 3)):
            lines += SERVICES.splitlines() + ["[services empty]"] * draw(st.booleans())
        end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
        bom = b"\xef\xbb\xbf" if draw(st.integers(0, 60)) == 0 else b""
        texts.append(bom + "".join(f"{line}\n" for line in lines).replace("\n", end).encode())
    return tuple(texts)


def matching(rules, words):
    return next((name for name, pattern in rules.items() if re.search(pattern, words, re.DOTALL)), None)


@settings(
    max_examples=max(examples(200), settings.default.max_examples),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(files())
def test_xacct_calls_where_and_with_what_aws_command_line_calls(tmp_path, texts):
    env = write(tmp_path, *texts)
    found = two.xacct_reads(env)
    if isinstance(found, str):
        with two.only(env):
            assert_unreadable(found)
        return
    with two.only(env):
        names = botocore.session.Session().available_profiles
    assert set(found.roles) <= set(names), "a role that AWS's tools have not"
    for name in names:
        event(compare(env, found, name))


def write(tmp_path, config, credentials):
    (tmp_path / "config").write_bytes(config)
    (tmp_path / "credentials").write_bytes(credentials)
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


def assert_unreadable(sentence):
    """AWS's tools can't read the file either; ours names it, and the line or the setting."""
    try:
        _ = botocore.session.Session().full_config
    except Exception:  # noqa: BLE001 - whatever it is, it can't
        assert re.search(r"(config|credentials) can't be read as an AWS file: .*(line \d+|below \w+)", sentence)
    else:
        raise AssertionError(sentence)


def compare(env, found, name):
    """Compare one profile's first calls. Returns what kind of profile it was, for hypothesis's statistics."""
    theirs, ours = two.botocore_calls(env, name), two.resolver().calls(env, found, name)
    if ours.why is not None:
        if theirs.why is None:
            # Keys are handed out as they are, and a hop goes by the last profile's settings: they read none of its.
            unread = theirs.keys is not None or theirs.calls[0].action == "AssumeRoleWithWebIdentity"
            only_for_sts = unread and re.match(OF_STS, ours.why)
            assert only_for_sts or matching(REFUSED, ours.why), (name, ours.why, theirs)
        assert name in ours.why or "environment" in ours.why or "config" in ours.why, ours.why
        return "both refuse" if theirs.why else f"xacct refuses: {matching(REFUSED, ours.why)}"
    if theirs.why is not None:
        assert matching(ALLOWED, theirs.why), (name, theirs.why, ours)
        return f"botocore refuses: {matching(ALLOWED, theirs.why)}"
    if theirs.keys is not None:
        assert ours.keys == theirs.keys
        assert [call.action for call in ours.calls] == ["GetSessionToken"]
        return "keys"
    return compare_calls(found, name, theirs.calls, ours.calls)


def compare_calls(found, name, theirs, ours):
    if theirs[0].action == "AssumeRoleWithWebIdentity":
        return compare_web_identity(found, name, theirs, ours)
    opened = [call for call in ours if call.action == "GetSessionToken"]
    assumed = [call for call in ours if call.action == "AssumeRole"]
    assert ours == opened + assumed
    assert len(opened) <= 1
    assert (ours[0].key_id, ours[0].token) == (theirs[0].key_id, theirs[0].token)
    assert [c.role_arn for c in assumed] == [c.role_arn for c in theirs]
    assert [c.external_id for c in assumed] == [c.external_id for c in theirs]
    for mine, other in zip(assumed, theirs, strict=True):
        assert mine.session_name == other.session_name or (
            mine.session_name == "ours" and other.session_name.startswith("botocore-session-")
        )
    # Hops before the last are made as each one's own profile says, in its own region; the address is the same.
    last = assumed[-1]
    assert_same_place(found.roles[name], last, theirs[-1])
    serial = theirs[0].serial
    given_to = opened[0].serial if opened else ours[0].serial
    root = found.roles[name]
    while isinstance(root.parent, str):
        root = found.roles[root.parent]
    inherited = found.files.profiles.get(root.parent.name, {}).get("mfa_serial")
    assert given_to == (serial or (inherited if isinstance(inherited, str) else None) or None)  # a block is no serial
    if opened and len(assumed) == 1:
        assert opened[0].where == last.where
    return "mfa" if opened else "chain" if len(assumed) > 1 else "role"


def compare_web_identity(found, name, theirs, ours):
    """The first call carries a token and no signature; what follows is signed with what it gave."""
    mine, other = ours[0], theirs[0]
    assert mine.action == other.action
    assert mine.key_id == other.key_id.strip()  # botocore sends the line's end along
    assert mine.role_arn == other.role_arn
    assert mine.session_name == other.session_name or (
        mine.session_name == "xacct" and other.session_name.startswith("botocore-session-")
    )
    assert [(c.action, c.role_arn, c.key_id, c.token, c.external_id) for c in ours[1:]] == [
        (c.action, c.role_arn, c.key_id, c.token, c.external_id) for c in theirs[1:]
    ]
    if len(ours) > 1:
        assert_same_place(found.roles[name], ours[-1], theirs[-1])
    elif found.roles[name].region is not None:
        assert mine.url == other.url
    return "web identity" if len(ours) == 1 else "from a web identity"


def assert_same_place(role, ours, theirs):
    if role.region is not None:
        assert ours.where == theirs.where
        return
    # No region is named: AWS's tools ask the global endpoint, of the commercial partition whatever the ARN says.
    assert ours.region == regions.of_arn(role.role_arn)
    if role.target.endpoint_url is not None:
        assert ours.url == theirs.url
    else:
        own = r"amazonaws\.(com|com\.cn|eu)|api\.aws|api\.amazonwebservices\.(com\.cn|eu)"  # botocore's partitions.json
        assert re.fullmatch(rf"https://sts(-fips)?\.([a-z0-9-]+\.)?({own})", ours.url)


def test_every_deviation_is_in_the_docs():
    page = (Path(__file__).parents[2] / "docs" / "aws-settings.md").read_text()
    listed = re.findall(r"^- \*\*(.+?)\*\*", page.partition("## Where xacct does otherwise")[2], re.MULTILINE)
    assert set(listed) == {*REFUSED, *ALLOWED, *OTHERWISE}


OTHERWISE = {
    "an MFA session instead of a code for each role",
    "an inherited mfa_serial",
    "a session instead of the keys themselves",
    "the hops of a chain",
    "what the profile says beats the environment",
}
