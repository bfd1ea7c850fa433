"""Looks at the past: a span of a camera's recording, understood again."""

from enum import StrEnum
from typing import NewType

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId
from watchglass.model.assignment import Shutdown
from watchglass.model.way import Way

LookBackId = NewType("LookBackId", str)

MOST_LOOKS_BACK = 20
"""That wait or go on at a time."""
MOST_LOOK_BACK_S = 31 * 24 * 3600

LATE = "late-"
"""A job's name begins so where it makes up for what there was no time for: what it finds is found
as if it had been found then."""


class LookBackState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class LookBack(msgspec.Struct, frozen=True, kw_only=True):
    """One look, UTC ns. What it finds has its id as ``job``; ``done_to_ns``: it has come so far.
    ``pictures``, of ``footage_s`` of recording, were looked at in ``busy_s``. ``error``: why it
    failed, or what of it could not be looked at, in a sentence."""

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
    footage_s: float = 0.0
    error: str = ""

    @property
    def speed(self) -> float | None:
        """How many seconds of recording are understood in one; None before the first. Time in which
        nothing was recorded is gone through in no time, and does not count."""
        if self.busy_s <= 0 or self.footage_s <= 0:
            return None
        return self.footage_s / self.busy_s


class LookBackStart(msgspec.Struct, frozen=True, tag="look_back_start"):
    """The first message to the process that reads a recording again. ``files``: paths of what is
    recorded of the span, in order; ``volumes``: where they lie. ``analyst`` is who looks. Up to
    ``careful_to_ns`` one group of pictures is looked at at a time, for who looks has died; those
    that begin at ``left_out`` (UTC ns) are what it dies of."""

    look: LookBack
    files: tuple[str, ...]
    volumes: tuple[str, ...]
    analyst: Way
    log_level: str
    log_json: bool
    fences: FenceMode = FenceMode.AUTO
    careful_to_ns: int = 0
    left_out: tuple[int, ...] = ()


class LookBackTold(msgspec.Struct, frozen=True, tag="look_back_told"):
    """Its word on its standard output: how far it is. ``over``: that was all. ``pictures``,
    ``busy_s`` and ``footage_s`` are of this process. ``died_at``: who looks has died, of one of
    the groups of pictures that begin then (UTC ns), or of something else; the process ends."""

    done_to_ns: int
    pictures: int
    busy_s: float
    over: bool = False
    died_at: tuple[int, ...] = ()
    footage_s: float = 0.0


ToLookBack = LookBackStart | Shutdown
