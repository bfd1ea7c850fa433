"""Who alone is stuck is replaced: decided over any past, and done to real processes."""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benches._harness import RunningRecorder
from tests.app.running import json_of, wait_until
from tests.app.test_health import NOW, PATIENCE, VOLUME, ago, site, stream
from tests.second_reader.report import read_site
from watchglass.app.health import Heard, Observed, judge
from watchglass.app.processes import waits_in_kernel
from watchglass.app.replacement import Past, Replaced, alone_stuck, decide
from watchglass.base.clock import NS_PER_S, SystemClock
from watchglass.model.gap import GapCause
from watchglass.model.health import Health, HealthState, Reason
from watchglass.model.stream import StreamName
from watchglass.model.vitals import Alive, VolumeVitals
from watchglass.simulate.process import Simulator

WORKER = "camera-worker-1"

# --- who ---------------------------------------------------------------------------------------


def silent(seen: Observed, *names: str, seconds: float = 30) -> Observed:
    """The same, those having said nothing for so long."""
    keeper = seen.keeper
    if keeper.name in names:
        keeper = replace(keeper, heard_ns=ago(seconds))
    workers = tuple(
        replace(each, heard_ns=ago(seconds)) if each.name in names else each
        for each in seen.workers
    )
    return replace(seen, keeper=keeper, workers=workers)


@pytest.mark.parametrize("name", ["keeper", WORKER])
def test_one_that_is_silent_is_alone(name: str) -> None:
    assert alone_stuck(judge(silent(site(), name), PATIENCE)) == name
    assert alone_stuck(judge(silent(site(), name, seconds=15), PATIENCE)) == ""


def test_a_worker_and_all_its_streams_are_one() -> None:
    """After a while its streams are stuck as well; the reason is still the one process."""
    old = (stream(1, reader_ns=ago(200), written_ns=ago(200)), stream(2, reader_ns=ago(200)))
    assert alone_stuck(judge(silent(site(old), WORKER, seconds=200), PATIENCE)) == WORKER
    late = silent(site(worker={"unsynced_since_ns": ago(200)}), "keeper", seconds=200)
    assert alone_stuck(judge(late, PATIENCE)) == "keeper"


def test_one_that_has_not_spoken_yet_may_only_be_slow() -> None:
    for seconds, named in ((25, ""), (55, ""), (61, WORKER)):
        seen = site()
        starting = replace(seen.workers[0], started_ns=ago(seconds), heard_ns=0, vitals=None)
        health = judge(replace(seen, workers=(starting,)), PATIENCE)
        assert [each.process for each in health.reasons if each.stuck] == [named]


def test_two_or_the_supervisor_are_nobody_alone() -> None:
    assert alone_stuck(judge(silent(site(), "keeper", WORKER), PATIENCE)) == ""
    late = replace(silent(site(), WORKER), serving_ns=ago(30))
    assert alone_stuck(judge(late, PATIENCE)) == ""


def test_a_keeper_whose_round_does_not_end() -> None:
    disk = VolumeVitals(VOLUME, "/srv/v", 0, ago(1), failing=False)
    endless = {"cycle_ns": ago(25), "volumes": (disk,)}
    assert alone_stuck(judge(site(keeper=endless), PATIENCE)) == "keeper"
    # While a disk does not answer it is the disk, also before that is called stuck itself.
    for syncing_s in (11, 25, 70, 5000):
        waits = msgspec.structs.replace(disk, syncing_since_ns=ago(syncing_s))
        seen = site(keeper={**endless, "volumes": (waits,)})
        assert alone_stuck(judge(seen, PATIENCE)) == ""


@given(
    st.lists(
        st.builds(
            Reason,
            st.sampled_from(HealthState), st.text(max_size=3), st.none(), stuck=st.booleans(),
            process=st.sampled_from(["", "keeper", WORKER]),
        ),
        max_size=5,
    )
)  # fmt: skip
def test_alone_means_that_no_other_reason_is_stuck(reasons: list[Reason]) -> None:
    found = alone_stuck(Health(HealthState.OK, 0, 0, tuple(reasons)))
    stuck = [each.process for each in reasons if each.stuck]
    if stuck:
        assert found == (stuck[0] if stuck.count(stuck[0]) == len(stuck) else "")
    else:
        hang = {each.process for each in reasons} - {""}
        assert found in hang if hang else found == ""


def test_one_that_recording_does_not_need_is_started_again_and_stops_nothing() -> None:
    seen = site()
    for vitals, heard_s, hangs in (
        (Alive(ago(1)), 0.5, False), (Alive(ago(30)), 0.5, True), (Alive(ago(1)), 30, True),
        (Alive(), 0.5, False), (None, 30, True), (None, 900, False),
    ):  # fmt: skip
        onvif = Heard("onvif-worker", ago(600), 0, ago(heard_s), vitals)
        health = judge(replace(seen, others=(onvif,)), PATIENCE)
        assert health.lives, "the watchdog is fed"
        assert alone_stuck(health) == ("onvif-worker" if hangs else "")
        assert (health.state is HealthState.DEGRADED) == hangs
        both = judge(silent(replace(seen, others=(onvif,)), WORKER), PATIENCE)
        assert alone_stuck(both) == WORKER, "what records comes first"


# --- when --------------------------------------------------------------------------------------

LOOKS = st.lists(
    st.tuples(
        st.sampled_from([0.3, 1.0, 1.1, 4.9, 5.1, 60.0, 9000.0]),
        st.sampled_from(["", "keeper", WORKER, WORKER, WORKER]),
    ),
    max_size=200,
)


@given(LOOKS)
def test_whatever_was_seen_nobody_is_killed_rashly_or_in_a_loop(
    looks: list[tuple[float, str]],
) -> None:
    past, now_ns = Past(NOW), NOW
    killed: dict[str, list[int]] = {}
    seen: list[tuple[int, str]] = []
    for seconds, suspect in looks:
        now_ns += round(seconds * NS_PER_S)
        seen.append((now_ns, suspect))
        past, is_due = decide(past, now_ns, suspect, PATIENCE)
        assert past.looked_ns == now_ns
        if not is_due:
            continue
        assert suspect
        killed.setdefault(suspect, []).append(now_ns)
        # It was the one at each look of the last two seconds, and we looked all the time.
        held = [entry for entry in seen if now_ns - entry[0] <= 2 * NS_PER_S]
        assert {name for _, name in held} == {suspect}
        before = [each for each, _ in seen if each <= now_ns - 2 * NS_PER_S]
        assert before
        assert now_ns - seen[-2][0] <= 5 * NS_PER_S
    for times in killed.values():
        for number, (one, next_one) in enumerate(pairwise(times), 1):
            recent = Replaced(number, one).rests_ns(PATIENCE)
            was_forgotten = next_one - one > 7200 * NS_PER_S
            assert was_forgotten or next_one - one >= min(recent, 2 * PATIENCE.silent_ns)


def test_one_that_stays_stuck_is_replaced_more_and_more_seldom() -> None:
    past, killed = Past(NOW), []
    for second in range(1, 4 * 3600):
        now_ns = NOW + second * NS_PER_S
        past, is_due = decide(past, now_ns, WORKER, PATIENCE)
        if is_due:
            killed.append(second)
    waited = [after - before for before, after in pairwise(killed)]
    assert killed[0] == 3
    assert waited == [40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


def test_the_others_do_not_wait_for_one_that_rests() -> None:
    past = Past(NOW, "keeper", NOW - 3 * NS_PER_S, {WORKER: Replaced(9, NOW)})
    assert decide(past, NOW + NS_PER_S, "keeper", PATIENCE)[1]


def test_a_supervisor_that_was_away_looks_anew() -> None:
    past = Past(NOW, WORKER, NOW - 60 * NS_PER_S)
    past, is_due = decide(past, NOW + 30 * NS_PER_S, WORKER, PATIENCE)
    assert (is_due, past.since_ns) == (False, NOW + 30 * NS_PER_S)


def test_who_waits_in_the_kernel_is_told_from_who_does_not() -> None:
    assert not waits_in_kernel(os.getpid())
    assert not waits_in_kernel(2**30)


# --- real processes ----------------------------------------------------------------------------

STUCK_S = 6
PATIENCE_S = 120.0


@pytest.fixture
def recorder(cameras: Simulator) -> Iterator[RunningRecorder]:
    """Two workers with a camera each, and no service manager."""
    with tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as folder:
        found = RunningRecorder(
            Path(folder) / "data", WATCHGLASS_STUCK_S=str(STUCK_S),
            WATCHGLASS_CAMERAS_PER_WORKER="1",
        )  # fmt: skip
        try:
            for each in cameras.urls[:2]:
                found.add(each)
            yield found
        finally:
            found.stop()


@pytest.mark.full
@pytest.mark.timeout(600)
def test_real_processes_that_hang_are_replaced(recorder: RunningRecorder) -> None:
    of = ("--data", str(recorder.data))

    def recording() -> bool:
        listed = json_of(*of, "camera", "list")
        return len(listed) == 2 and all(each["recording"] for each in listed)

    wait_until(recording, PATIENCE_S)
    began_ns = SystemClock().wall_ns()
    for name in (WORKER, "keeper", "api", "media-worker"):
        before = recorder.processes()
        os.kill(before[name].pid, signal.SIGSTOP)
        wait_until(_is_another(recorder, name, before[name].pid), PATIENCE_S)
        wait_until(recording, PATIENCE_S)
        after = recorder.processes()
        assert {each for each in before if before[each].pid != after[each].pid} == {name}
        assert after[name].restarts == 1
    assert recorder.log().count("stuck_process_replaced") == 4
    ended_ns = SystemClock().wall_ns()
    assert recorder.stop() == 0
    report = read_site(recorder.data / "state", [recorder.data / "media"])
    assert not [finding for finding in report.findings if finding.fails]
    meanwhile = [
        {span.what for span in found.spans if span.start < ended_ns and span.end > began_ns}
        for (_, stream), found in report.timelines.items()
        if stream == StreamName.MAIN
    ]
    # The other worker's camera lost nothing, neither by its neighbour nor by any other.
    assert sorted(meanwhile, key=len) == [{"media"}, {"media", GapCause.RECORDER_CRASHED}]


def _is_another(recorder: RunningRecorder, name: str, pid: int) -> Callable[[], bool]:
    return lambda: recorder.processes()[name].pid not in (0, pid)
