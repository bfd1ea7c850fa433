"""What the API asks the index answers the same as what everybody else asks."""

from pathlib import Path

import pytest

from tests.api.recorded import Recorded
from watchglass.base.clock import NS_PER_S
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording.timeline import timeline
from watchglass.store.index import IndexStore
from watchglass.store.quick_index import QuickIndex


@pytest.fixture
def eventful(tmp_path: Path) -> Recorded:
    """Files that join, a hole in a run, gaps of several lengths, runs that share UTC."""
    recorded = Recorded(tmp_path / "s")
    stream = recorded.worker.stream(recorded.camera)
    recorded.record(14)
    stream.skip(5)
    stream.to_key_frame()
    recorded.record(14)
    for pause_s in (0, 2, 40):
        recorded.worker.tell_gap(recorded.camera, GapCause.STALLED)
        recorded.cycle()
        recorded.site.clock.advance(pause_s * NS_PER_S)
        recorded.record(8)
    recorded.worker.tell_gap(recorded.camera, GapCause.CLOCK_STEP)
    recorded.cycle()
    recorded.site.clock.step_wall(-20 * NS_PER_S)
    recorded.record(30)
    return recorded


def test_timelines_are_the_same(eventful: Recorded) -> None:
    path = eventful.site.state / "index.db"
    plain, quick = IndexStore(path), QuickIndex(path)
    now_ns = eventful.site.clock.wall_ns() + NS_PER_S
    asked = (eventful.camera, StreamName.MAIN)
    with plain.read() as one, quick.read() as two, quick.merged() as three:
        whole = timeline(one, *asked, 0, now_ns, now_ns)
        assert len(whole.spans) > 8
        assert whole.overlaps
        assert len(three.files_between(*asked, 0, now_ns)) < len(
            one.files_between(*asked, 0, now_ns)
        )
        for first in range(0, 160, 7):
            for length in (1, 13, 200):
                from_ns = eventful.began_ns + first * NS_PER_S
                span = (from_ns, from_ns + length * NS_PER_S, now_ns)
                expected = timeline(one, *asked, *span)
                assert timeline(two, *asked, *span) == expected
                assert timeline(three, *asked, *span) == expected
    plain.close()
    quick.close()
    eventful.close()


def test_an_index_made_anew_is_found(eventful: Recorded, tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    empty, full = IndexStore(path), eventful.site.state / "index.db"
    quick = QuickIndex(path)
    with quick.read() as index:
        assert index.streams() == []
    empty.close()
    eventful.close()
    for name in ("index.db", "index.db-wal", "index.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    path.write_bytes(b"")
    path.unlink()
    full.rename(path)
    with quick.read() as index:
        assert len(index.streams()) == 1
    quick.close()
