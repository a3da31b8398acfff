"""What humans are asked, and what they answer."""

from typing import Literal, NotRequired, TypedDict


class AskingProcess(TypedDict):
    """A process of the tree of whoever wants a guarded role."""

    pid: int
    name: str


class Choice(TypedDict):
    """How long a yes may hold.

    Attributes:
        lasts: "once", "minutes", "grant" (for its life) or "logout"; a later daemon may know more.
    """

    lasts: str
    words: str
    minutes: NotRequired[int]


class Prompt(TypedDict):
    """One open question to the human: a code of `serial` (mfa), or whether `label` may use the role (confirm).

    Or to sign in in a browser (sign-in): that takes no answer here unless its `mode` is "paste", and can be declined.

    Attributes:
        label: who has brought it about, as far as that is known; else empty.
        process: likewise ("pid 4711, /usr/bin/aws").
        reason: why it takes a code, where that is not plain; else empty.
        sign_in: what is signed in to (an sso_session, a start URL, or the ARN of a login_session); else empty.
        mode: how (else empty): in any browser "device-code", by a code that is typed there, or "paste", by a text that
            it shows at the end (`shown` is the answer); "redirect" in one on this machine, which comes back by itself.
        url: where in a browser that is done; else empty.
        user_code: what is typed there; empty: nothing.
        service: whose sign-in that is ("IAM Identity Center", or "AWS"); else empty.
        not_before: no code can be accepted until then (the current one has been used): show a countdown.
        problem: why the last answer was not accepted, else null.
        deadline: when the question is withdrawn.
        devices: the MFA devices any of which will do; the first is `serial`.
        choices: how long a yes may hold (confirm), first what it means where it says nothing; an older daemon has none.
        account: whose role it is (confirm); empty: not known.
        scope: what the grant is narrowed to, in words (confirm); empty: nothing.
        allows: what a yes allows, in words (confirm).
        processes: the process that asks and those that it stems from, itself first (confirm); empty: not known.
        directory: where it works (confirm), and `command` its command line with blanks for what may be secret.
    """

    id: str
    kind: Literal["mfa", "confirm", "sign-in"]
    devices: NotRequired[list[str]]
    label: NotRequired[str]
    process: NotRequired[str]
    choices: NotRequired[list[Choice]]
    account: NotRequired[str]
    scope: NotRequired[str]
    allows: NotRequired[str]
    processes: NotRequired[list[AskingProcess]]
    directory: NotRequired[str]
    command: NotRequired[str]
    reason: NotRequired[str]
    sign_in: NotRequired[str]
    mode: NotRequired[Literal["", "device-code", "redirect", "paste"]]
    url: NotRequired[str]
    user_code: NotRequired[str]
    service: NotRequired[str]
    serial: str
    roles: list[str]
    attempt: int
    attempts: int
    problem: str | None
    not_before: float | None
    deadline: float
    now: float


class PromptAnswer(TypedDict):
    """POST /v1/prompts/ID: a code, or `confirm` true for "yes", or `decline` true for "no".

    Attributes:
        serial: whose code it is, where several devices will do; without it, the first's.
        shown: what the browser shows at the end of a sign-in whose `mode` is "paste".
        lasts: beside `confirm`, how long the yes holds: one of the prompt's choices; without it, the first of them.
        minutes: beside a `lasts` of "minutes", how many; without it, what is offered.
    """

    code: NotRequired[str]
    serial: NotRequired[str]
    shown: NotRequired[str]
    confirm: NotRequired[bool]
    lasts: NotRequired[Literal["once", "minutes", "grant", "logout"]]
    minutes: NotRequired[int]
    decline: NotRequired[bool]
