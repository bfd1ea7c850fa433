"""Looks: who saw which span of which camera."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CameraId, LookId
from watchglass.model.stream import StreamName


class LookKind(StrEnum):
    """How somebody looked."""

    LIVE = "live"
    PLAYBACK = "playback"
    CLIP = "clip"
    """Took a copy of it."""
    EVIDENCE = "evidence"
    """Took an evidence bundle of it."""
    REDACTED = "redacted"
    """Had a redacted copy of it made: each picture was looked at by a program, or by them."""


class Look(msgspec.Struct, frozen=True, tag="look"):
    """Somebody, by name, looked at a span (UTC ns). ``to_ns`` is None while a live view goes on.

    The span of a look only grows: told again with the same ``id``, it replaces what was told.
    ``unmasked``: what the camera's masks hide was seen too, for the ``reason`` given. A copy may
    have one too.
    """

    id: LookId
    user: str
    camera: CameraId
    stream: StreamName
    kind: LookKind
    from_ns: int
    to_ns: int | None
    unmasked: bool = False
    reason: str = ""
