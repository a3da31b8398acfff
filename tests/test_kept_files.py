"""What is kept of AWS's files: roles, and why a profile is none. Not the files, which have everybody's keys in them."""

import gc

import pytest

from xacct.aws.inifiles import AwsFiles
from xacct.awsfiles import Files
from xacct.catalogue import Catalogue

CONFIG = """
[profile plain]
region = eu-central-1
[profile lost]
role_arn = arn:aws:iam::234567890123:role/lost
source_profile = nowhere
"""
CREDENTIALS = """
[good]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = secret
"""


@pytest.mark.parametrize("more", ["", "no line of such a file\n"])
def test_a_profile_that_is_no_role_keeps_no_file_in_memory(tmp_path, more):
    (tmp_path / "config").write_text(CONFIG + more)
    (tmp_path / "credentials").write_text(CREDENTIALS)
    files = Files(str(tmp_path / "config"), str(tmp_path / "credentials"), str(tmp_path))
    env = {"AWS_CONFIG_FILE": files.config, "AWS_SHARED_CREDENTIALS_FILE": files.credentials, "HOME": files.home}
    catalogue = Catalogue(files, "", env, lambda: 0.0)
    loaded = catalogue.load(lambda found: found.roles)
    assert (set(loaded.unusable) == {"plain", "lost"}) if not more else loaded.unread
    gc.collect()
    # not isinstance: it looks through weak proxies of other tests, whose objects may have gone
    read = [each for each in gc.get_objects() if type(each) is AwsFiles]
    assert not any(str(each.config_file) == files.config for each in read)
    for why in (*loaded.problems, *loaded.unusable.values()):
        assert (why.__traceback__, why.__context__, why.__cause__) == (None, None, None)
