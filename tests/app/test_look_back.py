"""What was recorded is understood once more, beside a recorder that records."""

import os
import signal
import time
from itertools import combinations
from pathlib import Path

import msgspec
import pytest

from tests.app.conftest import cameras, data
from tests.app.running import Serving, call, json_of, wait_until
from tests.app.test_analytics_worker import add, pid_of, value
from watchglass.app.layout import Layout
from watchglass.app.look_back_gops import Gop, chosen
from watchglass.app.look_back_late import Late
from watchglass.app.look_back_worker import pieces, wanted
from watchglass.app.ways import control_client
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId, RunId, random_id
from watchglass.model.analysis import Analysis, AnalysisSpan, SkipCause
from watchglass.model.detection import Box
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.look_back import LATE, LookBack, LookBackId, LookBackState
from watchglass.model.object_track import TrackPart
from watchglass.model.watch_control import (
    LookBackErrand,
    LookBackRequest,
    LooksBack,
    LooksBackRequest,
    StopLookBackRequest,
)
from watchglass.simulate.process import Simulator
from watchglass.store.events import EventStore

__all__ = ["cameras", "data"]
GOES_ON = (LookBackState.WAITING, LookBackState.RUNNING)
RUN = RunId("7" * 32)
SHAPE = LiveShape(RUN, "avc1", "", 320, 180, b"")
PATIENCE_S = 90.0


def gop(number: int, rest: int, seconds: float = 1.0) -> Gop:
    ns = round(seconds * 1e9)
    frame = LiveFrame(RUN, number * 90_000, -1, 3600, 0, True, number * ns, b"key")
    return Gop(Path("x"), SHAPE, frame, (number + 1) * ns, rest_bytes=rest)


def test_where_key_frames_differ_all_around_is_looked_at() -> None:
    gops = [gop(number, 1000 + 100 * (number % 9)) for number in range(40)]
    changed = [number == 20 for number in range(40)]
    assert [at for at, each in enumerate(chosen(gops, changed)) if each] == [19, 20, 21]


def test_what_is_larger_than_what_is_quiet_is_looked_at_too() -> None:
    gops = [gop(number, 9000 if number == 5 else 1000 + number % 500) for number in range(40)]
    assert [at for at, each in enumerate(chosen(gops, [False] * 40)) if each] == [4, 5, 6]


def test_where_sizes_tell_nothing_and_key_frames_are_far_apart_all_is_looked_at() -> None:
    far = [gop(number, 30_000 + number, seconds=10) for number in range(40)]
    assert all(chosen(far, [False] * 40))
    near = [gop(number, 30_000 + number, seconds=1) for number in range(40)]
    assert not any(chosen(near, [False] * 40))


def test_of_few_all_are_looked_at() -> None:
    assert all(chosen([gop(number, 1000) for number in range(4)], [False] * 4))


def skipped(camera: str, begin: int, end: int) -> AnalysisSpan:
    return AnalysisSpan(
        camera=CameraId(camera), from_ns=begin * NS_PER_S, to_ns=end * NS_PER_S,
        state=Analysis.SKIPPED, cause=SkipCause.OVERLOAD,
    )  # fmt: skip


def test_what_was_missed_is_made_up_for_the_newest_first_and_not_without_end() -> None:
    spans = [skipped("a", 1000, 1010), skipped("a", 1011, 1020), skipped("b", 2000, 9000)]
    late = Late(lambda _from, _to: spans)
    now_ns = 20_000 * NS_PER_S
    first, second = late.next(now_ns), late.next(now_ns)
    assert first is not None
    assert second is not None
    assert first.id.startswith(LATE)
    assert (first.camera, first.from_ns, first.to_ns) == ("b", 8400 * NS_PER_S, 9000 * NS_PER_S)
    assert (second.camera, second.from_ns, second.to_ns) == ("a", 1000 * NS_PER_S, 1020 * NS_PER_S)
    assert late.next(now_ns) is None
    spans[2] = skipped("b", 2000, 8400)  # the rest of it
    third = late.next(now_ns)
    assert third is not None
    assert third.to_ns == 8400 * NS_PER_S
    again = late.next(now_ns + 3601 * NS_PER_S)
    assert again is not None


def test_what_was_looked_at_in_part_is_not_counted_twice() -> None:
    second = [gop(number, 1000) for number in range(4)]
    look = LookBack(
        id=LookBackId("x"), camera=CameraId("a"), from_ns=round(0.7 * NS_PER_S),
        to_ns=round(2.6 * NS_PER_S), by="", asked_ns=0,
    )  # fmt: skip
    assert list(wanted(second, look)) == second
    late = msgspec.structs.replace(look, id=LookBackId(f"{LATE}x"))
    assert list(wanted(second, late)) == second[1:3]


def test_messages_are_small_as_pictures_of_now_wait_for_each() -> None:
    frames = [gop(number, 1000).key for number in range(70)]
    found = list(pieces(frames))
    assert [len(each) for each in found] == [30, 30, 10]
    assert [frame for each in found for frame in each] == frames
    assert list(pieces([])) == []


def test_how_fast_it_is_counts_what_was_recorded_alone() -> None:
    look = LookBack(
        id=LookBackId("x"), camera=CameraId("a"), from_ns=0, to_ns=3600 * NS_PER_S, by="",
        asked_ns=0,
    )  # fmt: skip
    assert look.speed is None
    done = msgspec.structs.replace(look, done_to_ns=look.to_ns, busy_s=4.0, footage_s=60.0)
    assert done.speed == 15


def looks(layout: Layout, request: LookBackErrand) -> dict[str, LookBack]:
    reply = control_client(layout).call(request, 10.0)
    assert isinstance(reply, LooksBack)
    return {each.id: each for each in reply.looks}


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_span_of_the_past_is_looked_at_again(data: Path, cameras: Simulator) -> None:
    add(data, cameras.urls[0].main)
    layout = Layout(data / "state")
    with Serving(data, WATCHGLASS_ANALYSIS="true") as serving:
        serving.wait_for("There is no page")
        wait_until(lambda: value(data, "stream_frames_total") > 300, PATIENCE_S)
        (camera,) = json_of("--data", str(data), "camera", "list")
        to_ns = time.time_ns() - 2_000_000_000
        from_ns = to_ns - 3600 * NS_PER_S
        id = LookBackId(random_id())
        asked = looks(layout, LookBackRequest(id, camera["id"], from_ns, to_ns, "me"))
        assert asked[id].state in (LookBackState.WAITING, LookBackState.RUNNING)

        def is_over() -> bool:
            look = looks(layout, LooksBackRequest())[id]
            return look.state not in (LookBackState.WAITING, LookBackState.RUNNING)

        wait_until(is_over, PATIENCE_S)
        over = looks(layout, LooksBackRequest())[id]
        assert over.state is LookBackState.DONE, over
        assert over.done_to_ns == to_ns
        assert over.pictures > 0
        # Most of that hour was not recorded, and does not count as understood.
        assert 10 < over.footage_s < 600
        again = call("--data", str(data), "analyse", camera["id"], "--from", "1 minute ago")
        assert again.returncode == 0, again.stderr
        assert "Done:" in again.stdout
        last, first = looks(layout, LooksBackRequest()).values()
        assert (first.id, last.state) == (id, LookBackState.DONE)
        looks(layout, StopLookBackRequest(id, "me"))
        assert list(looks(layout, LooksBackRequest())) == [last.id]
        killed = [
            killed_while_it_looks(data, name, camera["id"], from_ns, to_ns)
            for name in ("analytics-worker", "look-back-worker")
        ]
        assert serving.end(signal.SIGTERM) == 0
    store = EventStore(layout.events_db, Disk())
    later_ns = to_ns + 600_000_000_000
    assert list(store.parts(camera["id"], from_ns, later_ns, job=last.id))
    assert not list(store.parts(camera["id"], from_ns, later_ns, job=id))
    for each in killed:
        parts = list(store.parts(camera["id"], from_ns, later_ns, job=each))
        assert parts
        seen_twice(parts)
    store.close()


def killed_while_it_looks(
    data: Path, name: str, camera: str, from_ns: int, to_ns: int
) -> LookBackId:
    """A look at which a process is killed when it has come somewhere."""
    layout, id = Layout(data / "state"), LookBackId(random_id())
    looks(layout, LookBackRequest(id, camera, from_ns, to_ns, "me"))

    def has_come_somewhere() -> bool:
        return looks(layout, LooksBackRequest())[id].done_to_ns > from_ns

    wait_until(has_come_somewhere, PATIENCE_S)
    if pid := pid_of(data, name):  # else it was done sooner than we looked
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid_of(data, name) != pid, PATIENCE_S)
    wait_until(lambda: looks(layout, LooksBackRequest())[id].state not in GOES_ON, PATIENCE_S)
    over = looks(layout, LooksBackRequest())[id]
    assert (over.state, over.done_to_ns, over.error) == (LookBackState.DONE, to_ns, ""), over
    return id


def seen_twice(parts: list[TrackPart]) -> None:
    """Fails where one thing is two at the same time."""
    boxes: dict[int, list[tuple[str, Box]]] = {}
    for part in parts:
        for point in part.points:
            if point.seen:
                boxes.setdefault(point.at_ns, []).append((part.track, point.box))
    for at_ns, found in boxes.items():
        for (one, box), (other, near) in combinations(found, 2):
            assert one != other, f"{one} has two places at {at_ns}"
            assert box.overlap(near) < 0.8, f"{one} and {other} are one at {at_ns}"
