"""What was recorded is understood once more, beside a recorder that records."""

import signal
import time
from pathlib import Path

import pytest

from tests.app.conftest import cameras, data
from tests.app.running import Serving, call, json_of, wait_until
from tests.app.test_analytics_worker import add, value
from watchglass.app.layout import Layout
from watchglass.app.look_back_gops import Gop, chosen
from watchglass.app.ways import control_client
from watchglass.base.disk import Disk
from watchglass.base.ids import RunId, random_id
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.look_back import LookBack, LookBackId, LookBackState
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


def looks(layout: Layout, request: LookBackErrand) -> dict[str, LookBack]:
    reply = control_client(layout).call(request, 10.0)
    assert isinstance(reply, LooksBack)
    return {each.id: each for each in reply.looks}


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_span_of_the_past_is_looked_at_again(data: Path, cameras: Simulator) -> None:
    add(data, cameras.urls[0].main)
    layout = Layout(data / "state")
    with Serving(data) as serving:
        serving.wait_for("http:")
        wait_until(lambda: value(data, "stream_frames_total") > 300, PATIENCE_S)
        (camera,) = json_of("--data", str(data), "camera", "list")
        to_ns = time.time_ns() - 2_000_000_000
        from_ns = to_ns - 60_000_000_000
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
        again = call("--data", str(data), "analyse", camera["id"], "--from", "1 minute ago")
        assert again.returncode == 0, again.stderr
        assert "Done:" in again.stdout
        last, first = looks(layout, LooksBackRequest()).values()
        assert (first.id, last.state) == (id, LookBackState.DONE)
        looks(layout, StopLookBackRequest(id, "me"))
        assert list(looks(layout, LooksBackRequest())) == [last.id]
        assert serving.end(signal.SIGTERM) == 0
    store = EventStore(layout.events_db, Disk())
    later_ns = to_ns + 600_000_000_000
    assert list(store.parts(camera["id"], from_ns, later_ns, job=last.id))
    assert not list(store.parts(camera["id"], from_ns, later_ns, job=id))
    store.close()
