"""Loaded by each Python process of the bench's recorder: its disk refuses what it is told to.

The file that ``BENCH_REFUSES`` names holds a ``WriteSite`` and an error number, or is not there.
"""

import os
from pathlib import Path

from watchglass.base.disk import Disk, WriteSite

_TOLD = Path(os.environ["BENCH_REFUSES"])


def _before(_disk: Disk, site: WriteSite, _call: str, path: str) -> None:
    try:
        told, code = _TOLD.read_text(encoding="ascii").split()
    except (FileNotFoundError, PermissionError, ValueError):  # or we are fenced off from it
        return
    if site == told:
        _TOLD.with_name(f"hit.{site}.{code}").touch()
        raise OSError(int(code), os.strerror(int(code)), path)


setattr(Disk, "before", _before)  # noqa: B010 - a method, which mypy lets nobody assign
