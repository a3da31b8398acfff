"""What failed, as the control API says it."""

from typing import Literal, NotRequired, TypedDict

Category = Literal["human", "refused", "temporary", "usage", "bug"]
"""What mends a failure: a human with a code, whoever refuses, time, the caller, or whoever maintains xacct."""


class ErrorBody(TypedDict):
    """One failure.

    Attributes:
        code: for programs, as is `category`.
        sentence: for people, as is `hint`.
    """

    code: str
    category: NotRequired[Category]
    """Always there from API 2 on; a daemon of API 1 names none."""
    sentence: str
    hint: str


class ErrorAnswer(TypedDict):
    """The body of every answer that is not 2xx."""

    error: ErrorBody
