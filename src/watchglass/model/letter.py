"""A letter: what is told to somebody outside, whatever the way. It holds no secret and no picture,
only where in the recording there is one."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.notice import NoticeKind


class LetterEvent(StrEnum):
    """``opened`` and ``ended`` are of a notice; ``found`` is what a rule found; ``daily`` is the
    two lines on a day; ``test`` says of itself that it is a try."""

    OPENED = "opened"
    ENDED = "ended"
    FOUND = "found"
    DAILY = "daily"
    TEST = "test"


class PictureAt(msgspec.Struct, frozen=True):
    """The picture on show at ``at_ns`` (UTC), and where in it to look."""

    camera: CameraId
    at_ns: int
    box: Box


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """``id``: of the notice or the review item. ``about``: the id of a camera or a volume, or the
    name of a process. ``subject`` is one line, ``text`` some; both may hold what cameras are
    called. ``camera``, ``rule`` and ``object`` are of what a rule found. ``link`` leads to it."""

    event: LetterEvent
    kind: NoticeKind
    subject: str
    text: str
    at_ns: int
    id: str = ""
    about: str = ""
    ended_ns: int | None = None
    camera: str = ""
    rule: str = ""
    object: ObjectClass | None = None
    link: str = ""
    picture: PictureAt | None = None
