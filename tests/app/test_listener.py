"""What processes tell the supervisor of themselves, over the real bus."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from watchglass.app.layout import Layout
from watchglass.app.listener import Listener
from watchglass.app.reporter import Reporter
from watchglass.app.ways import Ways
from watchglass.base.clock import SystemClock
from watchglass.base.ids import CameraId
from watchglass.model.metric import Sample
from watchglass.model.vitals import Alive, Vitals, WorkerVitals

VITALS = WorkerVitals((), (), 5)


@pytest.fixture
def ways() -> Iterator[Ways]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o700)
        yield Ways(Layout(Path(folder)))


@pytest.fixture
def listener(ways: Ways) -> Iterator[Listener]:
    found = Listener(ways.vitals, SystemClock())
    found.start()
    yield found
    found.close()


def soon(what: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 20
    while not what():
        assert time.monotonic() < until_s
        time.sleep(0.005)


def reporter(ways: Ways, name: str, vitals: Callable[[], Vitals], value: float = 1.0) -> Reporter:
    found = Reporter(
        ways.tell_vitals(name), name, vitals,
        lambda: [Sample("m", (CameraId(name),), value)], SystemClock(),
    )  # fmt: skip
    found.start()
    return found


def test_words_and_numbers(listener: Listener, ways: Ways) -> None:
    one = reporter(ways, "camera-worker-1", lambda: VITALS)
    two = reporter(ways, "keeper", Alive, 2.0)
    soon(lambda: [each.vitals for each in listener.words().values()].count(None) == 0
         and len(listener.words()) == 2)  # fmt: skip
    assert listener.words()["camera-worker-1"].vitals == VITALS
    assert listener.words()["keeper"].vitals == Alive()
    found = listener.measure(10)
    of_m = {sample.labels: sample.value for sample in found if sample.metric == "m"}
    assert of_m == {("camera-worker-1",): 1.0, ("keeper",): 2.0}
    hops = {sample.labels for sample in found if sample.metric == "watchglass_hop_depth_bytes"}
    assert hops == {
        (hop, peer, policy)
        for peer in ("camera-worker-1", "keeper")
        for hop, policy in (("vitals", "drop_oldest"), ("measure", "refuse_newest"))
    }
    one.close()
    two.close()


@pytest.mark.full
def test_a_process_that_hangs_keeps_nobody_waiting(listener: Listener, ways: Ways) -> None:
    hangs, on = threading.Event(), threading.Event()

    def hanging() -> Vitals:
        if hangs.is_set():
            on.wait(20)
        return VITALS

    stuck = reporter(ways, "stuck", hanging)
    well = reporter(ways, "well", Alive)
    soon(lambda: len(listener.words()) == 2)
    hangs.set()
    last_ns = listener.words()["stuck"].heard_ns
    soon(lambda: listener.words()["stuck"].heard_ns == last_ns)
    soon(lambda: listener.words()["well"].heard_ns > last_ns + 10**9)
    began_s = time.monotonic()
    found = listener.measure(0.2)
    assert 0.2 <= time.monotonic() - began_s < 15
    assert ("well",) in {sample.labels for sample in found}
    assert ("stuck",) not in {sample.labels for sample in found}
    on.set()
    hangs.clear()
    soon(lambda: listener.words()["stuck"].heard_ns > last_ns)
    stuck.close()
    well.close()


def test_nobody_is_there(listener: Listener) -> None:
    assert listener.measure(10) == []
    assert listener.words() == {}


def test_a_reporter_that_fails_fails_alone(listener: Listener, ways: Ways) -> None:
    def broken() -> Vitals:
        raise ZeroDivisionError

    found = reporter(ways, "broken", broken)
    found.close()
    assert listener.words() == {}
