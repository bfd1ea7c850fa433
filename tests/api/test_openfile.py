"""What is read back from the file being written: from the last key frame on, while it is live."""

import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.api.recorded import Recorded
from watchglass.api.filetable import FileTable
from watchglass.api.openfile import OpenFileReader, newest_file
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, RunId, random_id
from watchglass.model.gap import GapCause
from watchglass.model.live import LiveFrame, LiveItem, LiveShape
from watchglass.model.stream import StreamName
from watchglass.recording.mediapath import media_path

MAIN = StreamName.MAIN


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    found = Recorded(tmp_path / "s", sound=True)
    found.record(4)
    return found


def reader_of(recorded: Recorded) -> OpenFileReader:
    return OpenFileReader(lambda _: recorded.site.volume.path, FileTable(), recorded.site.clock)


def frames_of(items: Sequence[LiveItem]) -> list[LiveFrame]:
    return [item for item in items if isinstance(item, LiveFrame)]


def test_from_the_last_key_frame_across_files_and_runs(recorded: Recorded) -> None:
    reader = reader_of(recorded)
    runs = set()
    for second in range(14):
        if second == 9:
            recorded.worker.stream(recorded.camera).end(GapCause.STALLED)
        recorded.record(1)
        fed = recorded.worker.streams[recorded.camera].fed
        back = list(reader.since_key_frame(recorded.camera, MAIN))
        frames = frames_of(back)
        if not frames:
            continue  # a run that has just begun has nothing on disk
        assert isinstance(back[0], LiveShape)
        assert len(frames) == len(back) - 1
        assert [each.is_key for each in frames] == [True, *[False] * (len(frames) - 1)]
        assert all(later.after == each.decode_time for each, later in pairwise(frames))
        begins = len(fed) - 1 - fed[::-1].index(frames[0].data)
        assert [each.data for each in frames] == fed[begins : begins + len(frames)]
        assert len(fed) - begins - len(frames) <= 5
        runs.add(back[0].run)
    assert len(runs) == 2
    recorded.close()


def test_what_is_old_is_not_live(recorded: Recorded) -> None:
    reader = reader_of(recorded)
    assert len(reader.since_key_frame(recorded.camera, MAIN)) > 5
    recorded.site.clock.advance(11 * NS_PER_S)
    assert frames_of(reader.since_key_frame(recorded.camera, MAIN)) == []
    recorded.worker.tell_gap(recorded.camera, GapCause.STALLED)
    recorded.cycle()
    assert reader.since_key_frame(recorded.camera, MAIN) == []
    recorded.close()


def test_nothing_where_nothing_was_recorded(tmp_path: Path) -> None:
    assert newest_file(tmp_path / "none") is None
    (tmp_path / "2026" / "01").mkdir(parents=True)
    assert newest_file(tmp_path) is None


def test_the_newest_is_the_last_that_is_a_recording(tmp_path: Path) -> None:
    camera = CameraId(random_id())
    chance = random.Random(3)
    times_ns = sorted(chance.randrange(2**60, 2**60 + 3 * 10**14) for _ in range(300))
    paths = [
        media_path(tmp_path, camera, MAIN, at_ns, RunId(random_id()), chance.randrange(9))
        for at_ns in times_ns
    ]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for junk in (".part", "notes.txt", "zzz", "999999.999Z-x-0001.mp4"):
        (paths[-1].parent / junk).touch()
    for _ in range(40):  # within the last day
        assert newest_file(tmp_path / camera / "main") == paths[-1]
        paths.pop().unlink()
