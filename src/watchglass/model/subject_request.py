"""Requests of people who were filmed: what they ask for, by when, and what came of it."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CameraId

USUAL_DAYS = 30
"""By when a request is to be answered, unless somebody says otherwise."""
KEPT_DAYS = 90
"""So long after the answer the name, the contact and the words of who asked are kept."""
TOLD_DAYS = (7, 1)
"""So long before the deadline somebody is told, each time anew."""


class RequestOutcome(StrEnum):
    """What came of a request."""

    REDACTED = "redacted"
    """A copy was given in which others are covered."""
    ERASED = "erased"
    REFUSED = "refused"
    NOTHING = "nothing"
    """There is nothing of that time."""


class SubjectRequest(msgspec.Struct, frozen=True):
    """Somebody asks about a span (UTC ns) of some cameras. ``who``, ``contact`` and ``said`` are
    erased some time after the answer; then ``forgotten_ns`` is set."""

    id: str
    who: str
    contact: str
    said: str
    cameras: tuple[CameraId, ...]
    from_ns: int
    to_ns: int
    received_ns: int
    deadline_ns: int
    taken_by: str
    outcome: RequestOutcome | None = None
    answer: str = ""
    answered_by: str = ""
    answered_ns: int | None = None
    forgotten_ns: int | None = None


class TakeSubjectRequest(msgspec.Struct, frozen=True, tag="take_subject_request"):
    """Take a request in: its span is held at once."""

    request: str
    who: str
    contact: str
    said: str
    cameras: tuple[str, ...]
    from_ns: int
    to_ns: int
    by: str
    days: int = USUAL_DAYS


class AnswerSubjectRequest(msgspec.Struct, frozen=True, tag="answer_subject_request"):
    """It is answered: its holds are lifted. ``answer`` says why, where it is refused."""

    request: str
    outcome: RequestOutcome
    answer: str
    by: str


FilmedRequest = TakeSubjectRequest | AnswerSubjectRequest
