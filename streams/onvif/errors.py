"""Why a camera did not do as it was asked. In our own words: what a camera says may hold anything."""

from __future__ import annotations

from enum import StrEnum


class Trouble(StrEnum):
    """The kinds that somebody can act on."""

    UNREACHABLE = "unreachable"  # no connection
    NO_ANSWER = "no_answer"  # not within the deadline
    REFUSED = "refused"  # user or password
    UNSUPPORTED = "unsupported"  # the camera has no such service or operation
    FAULT = "fault"  # the camera says no
    GARBAGE = "garbage"  # not ONVIF, or not what was asked for


class OnvifError(Exception):
    """One request failed. `detail` is a clause for the log: no address, no text of the camera, no secret."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(f"{trouble.value}: {detail}")
        self.trouble = trouble
        self.detail = detail
