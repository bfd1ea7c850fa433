"""Live frames from the file being written: all of them, once, across files."""

import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.api.recorded import Recorded
from watchglass.api.filetable import FileTable
from watchglass.api.tailfeed import TailFeed, newest_file
from watchglass.base.clock import NS_PER_S, SystemClock
from watchglass.live.feed import LiveFrame, LiveItem, LiveShape
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName

MAIN = StreamName.MAIN


class SiteClock(SystemClock):
    """Wall time as the recorder's, waiting as the machine's."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded

    def wall_ns(self) -> int:
        return self._recorded.site.clock.wall_ns()


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    found = Recorded(tmp_path / "s", sound=True)
    found.record(4)
    return found


def feed_of(recorded: Recorded) -> TailFeed:
    return TailFeed(lambda _: recorded.site.volume.path, FileTable(), SiteClock(recorded))


def frames_of(items: Sequence[LiveItem]) -> list[LiveFrame]:
    return [item for item in items if isinstance(item, LiveFrame)]


def test_frames_go_on_across_files_and_runs(recorded: Recorded) -> None:
    feed = feed_of(recorded)
    got: list[LiveItem] = []
    feed.start(recorded.camera, MAIN, got.extend)
    back = list(feed.since_key_frame(recorded.camera, MAIN))
    fed = recorded.worker.streams[recorded.camera].fed
    assert isinstance(back[0], LiveShape)
    first = frames_of(back)
    assert first[0].is_key
    begins = fed.index(first[0].data, 30)
    for second in range(14):
        if second == 9:
            recorded.worker.stream(recorded.camera).end(GapCause.STALLED)
        recorded.record(1)
        time.sleep(0.15)
    time.sleep(0.4)
    feed.stop(recorded.camera, MAIN)
    feed.close()
    later = frames_of(got)
    known = {(each.run, each.decode_time) for each in first}
    added = [each for each in later if (each.run, each.decode_time) not in known]
    assert [each.data for each in (*first, *added)] == fed[
        begins : begins + len(first) + len(added)
    ]
    assert len(added) > 120
    runs = list(dict.fromkeys(each.run for each in added))
    assert len(runs) == 2
    for run in runs:
        of_run = [each for each in (*first, *added) if each.run == run]
        for before, after in pairwise(of_run):
            assert after.after == before.decode_time
    assert added[[each.run for each in added].index(runs[1])].after == -1
    recorded.close()


def test_what_is_old_is_not_live(recorded: Recorded) -> None:
    feed = feed_of(recorded)
    assert len(feed.since_key_frame(recorded.camera, MAIN)) > 5
    recorded.site.clock.advance(11 * NS_PER_S)
    assert frames_of(feed.since_key_frame(recorded.camera, MAIN)) == []
    recorded.worker.tell_gap(recorded.camera, GapCause.STALLED)
    recorded.cycle()
    assert feed.since_key_frame(recorded.camera, MAIN) == []
    recorded.close()


def test_nothing_where_nothing_was_recorded(tmp_path: Path) -> None:
    assert newest_file(tmp_path / "none") is None
    (tmp_path / "2026" / "01").mkdir(parents=True)
    assert newest_file(tmp_path) is None
