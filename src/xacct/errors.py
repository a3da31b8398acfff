"""One tree of everything that can go wrong: a code for programs, a sentence and a hint for people.

The branches say what the keeper does about it: `Temporary` tries again by itself and soon, `Refusal` says why
and tries again only now and then, `HumanNeeded` waits for somebody, `BadInput` is the caller's to mend. What is
held and unexpired stays in every case: AWS itself still takes it. docs/errors.md is made from this file. A
sentence never holds a secret: codes, keys and tokens are not passed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from xacct.wire import Category

E = TypeVar("E", bound=BaseException)


class XacctError(Exception):
    """A failure that a person may read.

    Attributes:
        status: its HTTP status on the control channel.
    """

    code: ClassVar[str] = "internal"
    category: ClassVar[Category] = "bug"
    status: ClassVar[int] = 500
    default_hint: ClassVar[str] = ""

    def __init_subclass__(cls, *, code: str, category: Category | None = None, status: int | None = None) -> None:
        """Name a failure's code; its category and status are those of its branch where it does not say otherwise."""
        super().__init_subclass__()
        cls.code, cls.category, cls.status = code, category or cls.category, status or cls.status

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        sentence = _bounded(sentence)
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = _bounded(self.default_hint if hint is None else hint)


LONGEST = 1500
"""Characters of a sentence or a hint, at most: part of it may be words of others."""


def bare(error: E) -> E:
    """The same error, without where it was raised and because of what: for one that is kept, or raised again.

    The frames that it would hold on to have keys and tokens in them, and each time it is raised there are more.
    """
    error.__traceback__ = error.__context__ = error.__cause__ = None  # guard: kept-errors-hold-no-frames
    return error


def _bounded(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"


# What the caller can mend.


class BadInput(XacctError, code="bad-request", category="usage", status=400):
    """A request, argument or setting that can't be meant."""


class UnknownRole(BadInput, code="unknown-role", status=404):
    """No profile or setting of that name leads anywhere."""


class ConfigError(BadInput, code="bad-config", status=409):
    """A configuration file that can't be read, parsed or meant."""


class UnscopedAgent(BadInput, code="agent-unscoped", status=403):
    """An agent's shell asked for all that a role may do, and config.toml has such say what they need."""


class KeyNotUsed(ConfigError, code="key-not-used"):
    """An access key in the keychain is not used: AWS's files have credentials of its profile, or no such profile."""


class RotationUnfinished(BadInput, code="rotation-unfinished", status=409):
    """An access key's rotation is under way, or was cut short, or has left the old key there."""


class PromptNotOpen(BadInput, code="prompt-closed", status=409):
    """An answer to a question that is no longer open."""


class CodeUsed(BadInput, code="code-used", status=409):
    """AWS has seen this code already and takes each code once; it was not sent again."""


class OtherVersion(BadInput, code="other-version", status=409):
    """A request of another control API: xacctctl and xacctd are of different releases."""


class StartupFailed(XacctError, code="startup-failed", category="usage"):
    """The daemon can't start: port taken, another instance, a directory it may not use."""


# What only a human can mend.


class HumanNeeded(XacctError, code="login-required", category="human", status=403):
    """An MFA code is needed before these credentials can be had."""


class NobodyToAsk(HumanNeeded, code="nobody-to-ask"):
    """A code is needed and no terminal or dialog is there to ask for it."""


class Declined(HumanNeeded, code="declined"):
    """The human said no."""


class TimedOut(HumanNeeded, code="timed-out"):
    """Nobody answered in time, or everybody who wanted the credentials has gone."""


class Locked(HumanNeeded, code="locked"):
    """The human has locked the agent: no credentials leave until it is unlocked."""


class SignInPending(HumanNeeded, code="sign-in-pending"):
    """A sign-in waits for somebody in a browser."""


class SignInEnded(HumanNeeded, code="sign-in-ended"):
    """A sign-in can't be renewed any more: it has ended, or was ended."""


class SignInNotTaken(HumanNeeded, code="sign-in-not-taken"):
    """What a browser has brought back from a sign-in is too late, was used, or belongs to another one."""


class WrongIdentity(HumanNeeded, code="wrong-identity"):
    """Somebody has signed in, and as another identity than the profile names: nothing of it is used."""


class MfaTooOld(HumanNeeded, code="mfa-too-old"):
    """AWS refuses a role from an MFA session of some age: its trust policy may limit aws:MultiFactorAuthAge."""


class TooManyWrongCodes(HumanNeeded, code="too-many-wrong-codes"):
    """Three codes in a row were refused; asking again waits a little."""

    default_hint = "Check which MFA device you read the code from, and that its clock is right."

    def __init__(self, sentence: str, hint: str | None = None, *, roles: str = "") -> None:
        super().__init__(sentence, hint)
        self.roles = roles
        """Whom the codes were for, in words."""


# What passes by itself.


class Temporary(XacctError, code="temporary", category="temporary", status=503):
    """Recoverable: what is held stays, the next try comes by itself."""

    answered: ClassVar[bool] = True
    """Whether STS may have looked at the request. A code it never saw is not used up."""


class AuditNotWritten(Temporary, code="audit-not-written"):
    """The audit can't be written, and `[audit] required = true` lets nothing leave that is not in it."""


class Busy(Temporary, code="busy"):
    """A new daemon can't take over yet: a call to AWS is under way, or a question is open."""


class Throttled(Temporary, code="throttled"):
    """STS said to slow down."""

    retry_after: float | None = None
    """Seconds after which to come again, where AWS has said so."""


class AwsUnavailable(Temporary, code="aws-unavailable"):
    """STS answered with a 5xx, or with something that is no STS answer."""


class NetworkDown(Temporary, code="network"):
    """STS could not be reached: name resolution, connection, TLS, proxy, time-out."""

    answered = False


class NetworkLost(NetworkDown, code="network-lost"):
    """The connection broke after the request had been sent: STS may have seen it."""

    answered = True


class SourceLocked(Temporary, code="source-locked", category="human", status=403):
    """The access key of a source is in a keychain that is locked, or does not answer. The next fetch tries again."""

    answered = False


class ClockSkew(Temporary, code="clock-skew"):
    """STS refused the signature because this machine's clock is off; the sentence says by how much.

    The signature is checked before anything else, so a code in the request has not been looked at.
    """

    answered = False
    default_hint = "Set the clock (timedatectl set-ntp true); xacct tries again by itself."


# What does not pass by itself.


class Refusal(XacctError, code="refused", category="refused", status=403):
    """Irrecoverable until something outside changes."""


class WrongCode(Refusal, code="wrong-code"):
    """AWS did not accept the MFA code (wrong or used before: AWS says the same of both)."""


class WrongSerial(Refusal, code="wrong-serial"):
    """The mfa_serial is not a device of the source's user."""

    default_hint = "Compare mfa_serial in ~/.aws/config with the device under IAM > Users > Security credentials."


class CodeMissing(Refusal, code="mfa-missing"):
    """AWS wants an MFA code for this call and the profile names no mfa_serial."""

    default_hint = "Add mfa_serial = arn:aws:iam::ACCOUNT:mfa/DEVICE to the profile."


class AccessDenied(Refusal, code="access-denied"):
    """AWS says no: the role's trust policy, or a policy on this side."""


class PolicyDenied(AccessDenied, code="policy-denied"):
    """An explicit deny: a service control policy, a permissions boundary or a session policy."""

    default_hint = "An administrator of the organization has to allow it; a new code won't help."


class ParentExpired(Refusal, code="parent-expired"):
    """The credentials the call was made with have ended: the MFA session or the first role of a chain."""


class BadKey(Refusal, code="bad-key"):
    """The source's access key is deleted, inactive or mistyped."""


class TooManyKeys(Refusal, code="too-many-keys"):
    """IAM makes no third access key for a user."""


class NoSuchKey(Refusal, code="no-such-key"):
    """IAM has no access key of this id."""


class BadSignature(Refusal, code="bad-signature"):
    """The secret access key does not belong to the access key id."""


class ClientUnknown(Refusal, code="client-unknown"):
    """IAM Identity Center does not know the client that we were to it: it is registered anew."""


class DurationTooLong(Refusal, code="duration"):
    """More seconds were asked for than the role's maximum or the chaining limit allows."""


class TooShortLived(Refusal, code="too-short-lived"):
    """The credentials don't last as long as was asked for, or as EC2's protocol needs: SDKs use such past their end."""


class RegionDisabled(Refusal, code="region-disabled"):
    """STS is switched off in that region for the account."""

    default_hint = "Set region on the profile to one that is enabled, or enable STS there."


class ActionUnknown(Refusal, code="action-unknown"):
    """An STS that does not know a call: that of an older partition, the global endpoint, another product's."""


class ScopeRefused(Refusal, code="scope-refused"):
    """Credentials can't be narrowed as their grant demands: then there are none."""


class BelowNarrowedGrant(Refusal, code="below-narrowed-grant"):
    """A process below a narrowed grant asked for what would widen it, or nobody can tell whether it is below one."""

    default_hint = "Ask in another terminal."


class SourceUnusable(Refusal, code="source", category="usage"):
    """The source has no keys, or its credential_process failed."""


# What keeps state between two runs of the daemon; nothing that is held depends on it.


class KeychainUnavailable(XacctError, code="keychain", category="temporary", status=503):
    """The operating system's keychain is locked or missing, or does not answer: state is neither read nor kept."""


class KeychainLocked(KeychainUnavailable, code="keychain-locked", category="human"):
    """The operating system's keychain is locked."""


class KeychainSlow(KeychainUnavailable, code="keychain-slow", category="human"):
    """The operating system's keychain does not answer in time: a dialog of it may be open."""


class KeychainDenied(KeychainUnavailable, code="keychain-denied", category="human"):
    """The human, or their setting, does not let xacct use the keychain; they are not asked again in this run."""

    default_hint = "To be asked again: xacctctl stop && xacctctl start"


class StateRefused(XacctError, code="state-refused", category="temporary"):
    """State that an earlier run kept is not used: changed, cut short, of another version or key, or not ours alone."""

    default_hint = "Log in again; it is replaced when something is next kept."


class StateNotKept(XacctError, code="state-not-kept", category="temporary"):
    """State can't be kept for the next run, or what was kept can't be removed."""

    default_hint = "Check its directory and the disk; xacct tries again by itself."


def _tree(kind: type[XacctError]) -> list[type[XacctError]]:
    return [kind, *(below for branch in kind.__subclasses__() for below in _tree(branch))]


BY_CODE = {kind.code: kind for kind in _tree(XacctError)}
"""The class of each code, for an error that was written down and is read again."""
