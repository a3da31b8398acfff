"""One tree of everything that can go wrong: a code for programs, a sentence and a hint for people.

The branches say what the keeper does about it: `Temporary` tries again by itself and soon, `Refusal` says why
and tries again only now and then, `HumanNeeded` waits for somebody, `BadInput` is the caller's to mend. What is
held and unexpired stays in every case: AWS itself still takes it. docs/errors.md is made from this file. A
sentence never holds a secret: codes, keys and tokens are not passed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from xacct.wire import Category


class XacctError(Exception):
    """A failure that a person may read.

    Attributes:
        status: its HTTP status on the control channel.
    """

    code: ClassVar[str] = "internal"
    category: ClassVar[Category] = "bug"
    status: ClassVar[int] = 500
    default_hint: ClassVar[str] = ""

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        sentence = _bounded(sentence)
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = _bounded(self.default_hint if hint is None else hint)


LONGEST = 1500
"""Characters of a sentence or a hint, at most: part of it may be words of others."""


def _bounded(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"


# What the caller can mend.


class BadInput(XacctError):
    """A request, argument or setting that can't be meant."""

    code = "bad-request"
    category: ClassVar[Category] = "usage"
    status = 400


class UnknownRole(BadInput):
    """No profile or setting of that name leads anywhere."""

    code = "unknown-role"
    status = 404


class ConfigError(BadInput):
    """A configuration file that can't be read, parsed or meant."""

    code = "bad-config"
    status = 409


class PromptNotOpen(BadInput):
    """An answer to a question that is no longer open."""

    code = "prompt-closed"
    status = 409


class CodeUsed(BadInput):
    """AWS has seen this code already and takes each code once; it was not sent again."""

    code = "code-used"
    status = 409


class OtherVersion(BadInput):
    """A request of another control API: xacctctl and xacctd are of different releases."""

    code = "other-version"
    status = 409


class StartupFailed(XacctError):
    """The daemon can't start: port taken, another instance, a directory it may not use."""

    code = "startup-failed"
    category: ClassVar[Category] = "usage"


# What only a human can mend.


class HumanNeeded(XacctError):
    """An MFA code is needed before these credentials can be had."""

    code = "login-required"
    category: ClassVar[Category] = "human"
    status = 403


class NobodyToAsk(HumanNeeded):
    """A code is needed and no terminal or dialog is there to ask for it."""

    code = "nobody-to-ask"


class Declined(HumanNeeded):
    """The human said no."""

    code = "declined"


class TimedOut(HumanNeeded):
    """Nobody answered in time, or everybody who wanted the credentials has gone."""

    code = "timed-out"


class Locked(HumanNeeded):
    """The human has locked the agent: no credentials leave until it is unlocked."""

    code = "locked"


class MfaTooOld(HumanNeeded):
    """AWS refuses a role from an MFA session of some age: its trust policy may limit aws:MultiFactorAuthAge."""

    code = "mfa-too-old"


class TooManyWrongCodes(HumanNeeded):
    """Three codes in a row were refused; asking again waits a little."""

    code = "too-many-wrong-codes"
    default_hint = "Check which MFA device you read the code from, and that its clock is right."

    def __init__(self, sentence: str, hint: str | None = None, *, roles: str = "") -> None:
        super().__init__(sentence, hint)
        self.roles = roles
        """Whom the codes were for, in words."""


# What passes by itself.


class Temporary(XacctError):
    """Recoverable: what is held stays, the next try comes by itself."""

    code = "temporary"
    category: ClassVar[Category] = "temporary"
    status = 503
    answered: ClassVar[bool] = True
    """Whether STS may have looked at the request. A code it never saw is not used up."""


class AuditNotWritten(Temporary):
    """The audit can't be written, and `[audit] required = true` lets nothing leave that is not in it."""

    code = "audit-not-written"


class Busy(Temporary):
    """A new daemon can't take over yet: a call to AWS is under way, or a question is open."""

    code = "busy"


class Throttled(Temporary):
    """STS said to slow down."""

    code = "throttled"


class AwsUnavailable(Temporary):
    """STS answered with a 5xx, or with something that is no STS answer."""

    code = "aws-unavailable"


class NetworkDown(Temporary):
    """STS could not be reached: name resolution, connection, TLS, proxy, time-out."""

    code = "network"
    answered = False


class NetworkLost(NetworkDown):
    """The connection broke after the request had been sent: STS may have seen it."""

    code = "network-lost"
    answered = True


class ClockSkew(Temporary):
    """STS refused the signature because this machine's clock is off; the sentence says by how much.

    The signature is checked before anything else, so a code in the request has not been looked at.
    """

    code = "clock-skew"
    answered = False
    default_hint = "Set the clock (timedatectl set-ntp true); xacct tries again by itself."


# What does not pass by itself.


class Refusal(XacctError):
    """Irrecoverable until something outside changes."""

    code = "refused"
    category: ClassVar[Category] = "refused"
    status = 403


class WrongCode(Refusal):
    """AWS did not accept the MFA code (wrong or used before: AWS says the same of both)."""

    code = "wrong-code"


class WrongSerial(Refusal):
    """The mfa_serial is not a device of the source's user."""

    code = "wrong-serial"
    default_hint = "Compare mfa_serial in ~/.aws/config with the device under IAM > Users > Security credentials."


class CodeMissing(Refusal):
    """AWS wants an MFA code for this call and the profile names no mfa_serial."""

    code = "mfa-missing"
    default_hint = "Add mfa_serial = arn:aws:iam::ACCOUNT:mfa/DEVICE to the profile."


class AccessDenied(Refusal):
    """AWS says no: the role's trust policy, or a policy on this side."""

    code = "access-denied"


class PolicyDenied(AccessDenied):
    """An explicit deny: a service control policy, a permissions boundary or a session policy."""

    code = "policy-denied"
    default_hint = "An administrator of the organization has to allow it; a new code won't help."


class ParentExpired(Refusal):
    """The credentials the call was made with have ended: the MFA session or the first role of a chain."""

    code = "parent-expired"


class BadKey(Refusal):
    """The source's access key is deleted, inactive or mistyped."""

    code = "bad-key"


class BadSignature(Refusal):
    """The secret access key does not belong to the access key id."""

    code = "bad-signature"


class DurationTooLong(Refusal):
    """More seconds were asked for than the role's maximum or the chaining limit allows."""

    code = "duration"


class TooShortLived(Refusal):
    """The credentials don't last as long as was asked for, or as EC2's protocol needs: SDKs use such past their end."""

    code = "too-short-lived"


class RegionDisabled(Refusal):
    """STS is switched off in that region for the account."""

    code = "region-disabled"
    default_hint = "Set region on the profile to one that is enabled, or enable STS there."


class SourceUnusable(Refusal):
    """The source has no keys, or its credential_process failed."""

    code = "source"
    category: ClassVar[Category] = "usage"


# What keeps state between two runs of the daemon; nothing that is held depends on it.


class KeychainUnavailable(XacctError):
    """The operating system's keychain is locked or missing, or does not answer: state is neither read nor kept."""

    code = "keychain"
    category: ClassVar[Category] = "temporary"
    status = 503


class KeychainDenied(KeychainUnavailable):
    """The human, or their setting, does not let xacct use the keychain; they are not asked again in this run."""

    code = "keychain-denied"
    category: ClassVar[Category] = "human"
    default_hint = "To be asked again: xacctctl stop && xacctctl start"


class StateRefused(XacctError):
    """State that an earlier run kept is not used: changed, cut short, of another version or key, or not ours alone."""

    code = "state-refused"
    category: ClassVar[Category] = "temporary"
    default_hint = "Log in again; it is replaced when something is next kept."


class StateNotKept(XacctError):
    """State can't be kept for the next run, or what was kept can't be removed."""

    code = "state-not-kept"
    category: ClassVar[Category] = "temporary"
    default_hint = "Check its directory and the disk; xacct tries again by itself."


def _tree(kind: type[XacctError]) -> list[type[XacctError]]:
    return [kind, *(below for branch in kind.__subclasses__() for below in _tree(branch))]


BY_CODE = {kind.code: kind for kind in _tree(XacctError)}
"""The class of each code, for an error that was written down and is read again."""
