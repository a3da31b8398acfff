"""What `policy` prints, judged by cfn-lint and Terraform, where they are."""

import json
import os
import re
import shutil
import subprocess

import pytest
from toolchains import TERRAFORM_PROVIDER

from xacct import trust_policy
from xacct.ctl.policy_formats import FORMATS, PARTS
from xacct.model import Role, Source

PATIENCE = 300


@pytest.fixture(scope="session", autouse=True)
def built():
    """Nothing has to be compiled for these."""


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} here")


def answer(partition="aws"):
    role = Role(
        "prod",
        Source("main", "profile"),
        f"arn:{partition}:iam::234567890123:role/team/a-b",
        f"arn:{partition}:iam::123456789012:mfa/u",
        external_id="x-1",
        mfa="direct",
        duration=43200,
        mfa_max_age=900.0,
        source_identity="alice",
        tags=(("team", 'é "blue"'),),
        transitive_tag_keys=("team",),
    )
    found = trust_policy.policies(role, None)
    return {
        "role": role.name,
        "role_arn": role.role_arn,
        "principal": found.principal.arn,
        "trust_policy": json.dumps(found.trust),
        "caller_policy": json.dumps(found.caller),
        "max_session": found.max_session,
    }


def run(*words, folder, **variables):
    done = subprocess.run(
        words,
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs("cfn-lint")
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("partition", "region"),
    [("aws", "eu-central-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")],
)
def test_cfn_lint_finds_nothing(tmp_path, part, partition, region):
    (tmp_path / "role.json").write_text(FORMATS["cloudformation"](answer(partition), part))
    run("cfn-lint", "--regions", region, "--", "role.json", folder=tmp_path)


@needs("terraform")
@pytest.mark.parametrize("part", PARTS)
def test_terraform_reads_what_was_meant(tmp_path, part):
    """Without the provider, which is hundreds of megabytes: the arguments as values, worked out by Terraform."""
    said = answer()
    printed = FORMATS["terraform"](said, part)
    (tmp_path / "role.tf").write_text(printed + "\n")
    run("terraform", "fmt", "-check", "-diff", "role.tf", folder=tmp_path)
    (tmp_path / "role.tf").write_text("locals {\n  it = {" + re.sub(r"^resource .*\{", "", printed) + "\n}\n")
    shown = subprocess.run(
        ["terraform", "console"],
        cwd=tmp_path,
        input="jsonencode(local.it)\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    found = json.loads(json.loads(shown.stdout.strip().splitlines()[-1]))
    name, text = ("assume_role_policy", "trust_policy") if part == "trust" else ("policy", "caller_policy")
    assert json.loads(found[name]) == json.loads(said[text])
    assert found["name"] == ("a-b" if part == "trust" else "assume-a-b-234567890123")


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """The variable by which Terraform takes the stand-in for the provider hashicorp/aws, and installs nothing."""
    if TERRAFORM_PROVIDER.missing:
        pytest.skip(TERRAFORM_PROVIDER.missing)
    TERRAFORM_PROVIDER.build()
    settings = tmp_path_factory.mktemp("terraform") / "terraform.rc"
    folder = json.dumps(str(TERRAFORM_PROVIDER.made.parent))
    settings.write_text(f'provider_installation {{\n  dev_overrides {{\n    "hashicorp/aws" = {folder}\n  }}\n}}\n')
    return {"TF_CLI_CONFIG_FILE": str(settings)}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_terraform_validates_it(tmp_path, provider, partition, part):
    (tmp_path / "role.tf").write_text(FORMATS["terraform"](answer(partition), part) + "\n")
    run("terraform", "validate", folder=tmp_path, **provider)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("max_session_duration", "max_session_length"),
        ("43200", "43201"),
        ('"a-b"', '"a b"'),
        ('"/team/"', '"team"'),
        ("jsonencode(", "tostring("),
    ],
)
def test_what_terraform_would_refuse_is_noticed(tmp_path, provider, right, wrong):
    printed = FORMATS["terraform"](answer(), "trust")
    assert right in printed
    (tmp_path / "role.tf").write_text(printed.replace(right, wrong) + "\n")
    with pytest.raises(AssertionError, match=r"Error: "):
        run("terraform", "validate", folder=tmp_path, **provider)
