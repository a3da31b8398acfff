"""The payloads of the control API as types: requests, answers and events, a file for each subject. See wire.py."""

from xacct.payloads.accounts import *  # noqa: F403 - its types are this package's
from xacct.payloads.daemon import *  # noqa: F403 - its types are this package's
from xacct.payloads.events import *  # noqa: F403 - its types are this package's
from xacct.payloads.failures import *  # noqa: F403 - its types are this package's
from xacct.payloads.grants import *  # noqa: F403 - its types are this package's
from xacct.payloads.identities import *  # noqa: F403 - its types are this package's
from xacct.payloads.keychain import *  # noqa: F403 - its types are this package's
from xacct.payloads.logins import *  # noqa: F403 - its types are this package's
from xacct.payloads.prompts import *  # noqa: F403 - its types are this package's
from xacct.payloads.roles import *  # noqa: F403 - its types are this package's
