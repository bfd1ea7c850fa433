"""How the recorder and its machine are, for a person who looks after them."""

from typing import Literal

import msgspec

from watchglass.model.process import ProcessStatus


class LogLine(msgspec.Struct, frozen=True, array_like=True):
    """A line of a process's log: UTC as it was written, and no secret in it."""

    at: str
    level: str
    process: str
    text: str


class FindingTold(msgspec.Struct, frozen=True):
    """One thing that was looked at. The last three explain it, and are empty where nothing does."""

    about: str
    value: str
    meaning: str
    verdict: Literal["fine", "note", "wrong"]
    means: str = ""
    normal: str = ""
    otherwise: str = ""


class SystemRequest(msgspec.Struct, frozen=True, tag="system"):
    """What is to be known of the recorder; takes as long as its slowest process."""


class SystemReport(msgspec.Struct, frozen=True, tag="system_report"):
    """``backup_ns``: UTC of the last backup; None where none was made. ``clock_kept``: whether the
    kernel says that something keeps the clock right; None where it does not say."""

    version: str
    started_ns: int
    processes: tuple[ProcessStatus, ...]
    findings: tuple[FindingTold, ...]
    lines: tuple[LogLine, ...]
    backup_ns: int | None
    clock_kept: bool | None
