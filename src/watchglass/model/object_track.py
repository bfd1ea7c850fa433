"""Tracks: the way of one thing through the pictures of one camera.

Presence has three states: seen, gone, and not known. A track that is lost is no departure, and a
position that is only carried on is no sighting.
"""

from enum import StrEnum
from typing import NewType

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.detection import Box, ObjectClass

TrackId = NewType("TrackId", str)


class TrackEnd(StrEnum):
    """Why a track is over: it left over the edge of the picture, it stood still until it was taken
    for a part of the scene, or it was lost, and nothing says where to.

    One that settled is there yet: the same track goes on when it moves again."""

    LEFT = "left"
    SETTLED = "settled"
    LOST = "lost"


class Presence(StrEnum):
    """What is known of a thing by now: it was seen there, it was seen to go, or it is not known."""

    SEEN = "seen"
    GONE = "gone"
    UNKNOWN = "unknown"


class TrackPoint(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a thing was at ``at_ns`` (UTC). Not ``seen``: carried on by the tracker, a guess."""

    at_ns: int
    box: Box
    confidence: float
    seen: bool = True


class TrackPart(msgspec.Struct, frozen=True, tag="track", kw_only=True):
    """The newest points of a track, in order; what was told before is not told again.

    ``kind`` is what it is taken for by now. ``coarse``: fewer than two pictures a second were
    looked at. ``detector`` is the SHA-256 of the model that named it, or ``regions``. ``end`` is
    None while it goes on.
    """

    camera: CameraId
    track: TrackId
    kind: ObjectClass
    points: tuple[TrackPoint, ...]
    detector: str
    coarse: bool = False
    end: TrackEnd | None = None
