"""Where media files lie."""

import sys
from pathlib import Path

import pytest

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, RunId
from watchglass.model.stream import StreamName
from watchglass.recording.mediapath import media_path

_FILES = 100


def test_a_file_takes_one_new_name_and_not_one_for_each_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's table of names grows by each, also when it is gone again."""
    entered: list[str] = []
    intern = sys.intern

    def counted(name: str) -> str:
        entered.append(name)
        return intern(name)

    monkeypatch.setattr(sys, "intern", counted)
    for number in range(_FILES):
        wall_ns = (1_700_000_000 + number) * NS_PER_S
        media_path(tmp_path, CameraId("a" * 32), StreamName.MAIN, wall_ns, RunId("b" * 32), number)
    assert len(entered) < _FILES + 10
    assert sum(each.endswith(".mp4") for each in entered) == _FILES
