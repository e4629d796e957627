"""How a use case says no, in words for people, Korean and English.

Belongs here: the typed refusals of `hotline`. How they look over HTTP is `api/problems.py`'s business, how
on a terminal the command line's. No message ever carries a password, a token or a camera's address.
"""

from __future__ import annotations

from dataclasses import dataclass

from hotline.domain.words import Term


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of the input. `field` is its name in the API (`cameras.0` for an item)."""

    field: str
    message: str
    message_ko: str


class HotlineError(Exception):
    """Base of all refusals. `detail` and `detail_ko` are sentences for people."""

    def __init__(self, detail: str, detail_ko: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.detail_ko = detail_ko


class Invalid(HotlineError):
    """The input cannot be taken; `errors` names each field."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(
            "; ".join(f"{error.field}: {error.message}" for error in errors),
            "; ".join(f"{error.field}: {error.message_ko}" for error in errors),
        )
        self.errors = errors


class NotFound(HotlineError):
    """No such thing, or none that the asker may know of: the same answer on purpose."""


class Conflict(HotlineError):
    """The thing exists, but not in a state that allows this; `errors` may name the field that clashes."""

    def __init__(self, detail: str, detail_ko: str, *errors: FieldError) -> None:
        super().__init__(detail, detail_ko)
        self.errors = errors


class CameraDown(Conflict):
    """The camera gives no picture now; `retry_after` in whole seconds."""

    def __init__(self, reason: Term, retry_after: int) -> None:
        super().__init__(
            f"The camera gives no picture: {reason.en}.", f"카메라 영상이 없습니다: {reason.ko}."
        )
        self.retry_after = retry_after


class Stale(HotlineError):
    """Somebody else has changed the thing since the asker looked at it."""


class Unconditional(HotlineError):
    """A change of what several people edit must say which state it is a change of."""


class Forbidden(HotlineError):
    """The asker's role never allows this, whatever it is asked on."""


class SignInRefused(HotlineError):
    """Wrong name or password (never which of the two), or nobody signed in."""


class Throttled(HotlineError):
    """Too many failures; `retry_after` in whole seconds says when to try again."""

    def __init__(self, detail: str, detail_ko: str, retry_after: int) -> None:
        super().__init__(detail, detail_ko)
        self.retry_after = retry_after


class Busy(HotlineError):
    """The database did not answer by its deadline, or there is no room for the work."""
