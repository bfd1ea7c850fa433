"""Looks at the past: a span of a camera's recording, understood again."""

from enum import StrEnum
from typing import NewType

import msgspec

from watchglass.base.ids import CameraId

LookBackId = NewType("LookBackId", str)

MOST_LOOKS_BACK = 20
"""That wait or go on at a time."""
MOST_LOOK_BACK_S = 31 * 24 * 3600


class LookBackState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class LookBack(msgspec.Struct, frozen=True, kw_only=True):
    """One look, UTC ns. What it finds has its id as ``job``; ``done_to_ns``: it has come so far.
    ``pictures`` were looked at in ``busy_s``. ``error``: why it failed, in a sentence."""

    id: LookBackId
    camera: CameraId
    from_ns: int
    to_ns: int
    by: str
    asked_ns: int
    state: LookBackState = LookBackState.WAITING
    done_to_ns: int = 0
    pictures: int = 0
    busy_s: float = 0.0
    error: str = ""
