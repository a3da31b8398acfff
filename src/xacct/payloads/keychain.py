"""Access keys and MFA devices, and what of them is in the keychain."""

from typing import Literal, NotRequired, TypedDict

from xacct.payloads.failures import ErrorBody


class KeyRequest(TypedDict):
    """POST /v1/keys: keep an access key of a profile in the keychain.

    Attributes:
        access_key_id: absent with `secret_access_key`: the profile's own key, which is in the AWS files.
        check: false: AWS is not asked whose key it is.
    """

    profile: str
    access_key_id: NotRequired[str]
    secret_access_key: NotRequired[str]
    check: NotRequired[bool]


class RotationInfo(TypedDict):
    """How far the rotation of an access key is; nothing in it is secret.

    Attributes:
        step: a key is `making`, is `made`, is what the keychain `switched` to, the old one is `retired` (inactive).
        began: Unix seconds.
        old: the last four characters of the old key's id.
        new: of the new one's; empty: none is known to be made.
    """

    step: Literal["making", "made", "switched", "retired"]
    began: float
    old: str
    new: str


class RotateRequest(TypedDict):
    """POST /v1/keys/PROFILE/rotate.

    Attributes:
        finish: end what is left of a rotation instead of beginning one.
        delete: delete the old key as well; else it is made inactive.
        attend: whether the client answers prompts itself (default true).
    """

    finish: NotRequired[bool]
    delete: NotRequired[bool]
    attend: NotRequired[bool]


class RotatingEvent(TypedDict):
    """A step of a rotation is done.

    Attributes:
        ends: the last four characters of the id of the key that it is about.
    """

    event: Literal["rotating"]
    step: Literal["made", "works", "switched", "retired", "deleted", "undone"]
    ends: str


class RotatedEvent(TypedDict):
    """A rotation is over.

    Attributes:
        ends: the last four characters of the id of the key that counts.
        arn: whose it is by AWS's word.
        old: the last four characters of the other key's id.
        old_is: what became of that.
    """

    event: Literal["rotated"]
    profile: str
    ends: str
    arn: str
    old: str
    old_is: Literal["inactive", "deleted", "another's"]


class KeyInfo(TypedDict):
    """One access key in the keychain, in GET /v1/keys; nothing in it is secret.

    Attributes:
        ends: the last four characters of the key's id.
        added: Unix seconds.
        config: the AWS config file that has the profile, as is `credentials`.
        rotation: what is left to do of a rotation; absent: nothing.
    """

    profile: str
    ends: str
    added: float
    config: str
    credentials: str
    rotation: NotRequired[RotationInfo]


class KeysAnswer(TypedDict):
    """GET /v1/keys.

    Attributes:
        keychain: what it is called on this system.
    """

    keys: list[KeyInfo]
    keychain: str


class KeyAnswer(TypedDict):
    """POST /v1/keys and POST /v1/keys/PROFILE/check.

    Attributes:
        ends: the last four characters of the key's id.
        arn: whose key it is by AWS's word (GetCallerIdentity); null: AWS was not asked.
    """

    profile: str
    ends: str
    arn: str | None


class MfaDeviceInfo(TypedDict):
    """One MFA device, in GET /v1/mfa.

    Attributes:
        gives_codes: false: STS can't use it.
        enabled: since when it is the user's (Unix seconds); null: IAM does not list it, or was not asked.
        roles: those that the configuration names it for.
    """

    serial: str
    kind: Literal["virtual", "hardware", "security-key"]
    gives_codes: bool
    enabled: float | None
    roles: list[str]


class SeedRequest(TypedDict):
    """POST /v1/mfa/seeds: keep the TOTP seed of a device in the keychain.

    Attributes:
        secret: in base32, or an otpauth:// address.
    """

    serial: str
    secret: str


class SeedInfo(TypedDict):
    """A stored seed, without the seed; `added` in Unix seconds."""

    serial: str
    added: float


class SeedAnswer(TypedDict):
    """POST /v1/mfa/seeds.

    Attributes:
        roles: those that the configuration names the device for.
    """

    serial: str
    roles: list[str]


class MfaUser(TypedDict):
    """The MFA devices of one IAM user.

    Attributes:
        source: whose access key it is.
        asked_with: what IAM was asked with; null: it has not told.
        error: why it has not.
    """

    source: str
    asked_with: Literal["session", "keys"] | None
    devices: list[MfaDeviceInfo]
    error: ErrorBody | None


class MfaAnswer(TypedDict):
    """GET /v1/mfa.

    Attributes:
        seeds: of whichever user's devices they are stored.
        keychain: what it is called on this system, where they are.
    """

    now: float
    users: list[MfaUser]
    seeds: list[SeedInfo]
    keychain: str
