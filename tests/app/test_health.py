"""Whether recording lives: each part that stops is found, and nothing else stops the feed."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.app.health import OURS, Heard, Observed, Patience, Wanted, judge, named
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.health import Health, HealthState
from watchglass.model.stream import StreamName
from watchglass.model.vitals import (
    Alive,
    KeeperVitals,
    StreamVitals,
    VolumeVitals,
    WorkerVitals,
    WriterVitals,
)

NOW = 10_000 * NS_PER_S
PATIENCE = Patience.of(20)
VOLUME, OTHER = VolumeId("a0" * 16), VolumeId("b0" * 16)
SPARE_NS = NS_PER_S
THEIRS = sorted(set(GapCause) - OURS)


@given(st.integers(2, 600))
def test_signs_of_life_come_several_times_before_silence_counts(stuck_s: int) -> None:
    patience = Patience.of(stuck_s)
    assert 1.0 <= patience.look_s <= 3.0
    assert 2 * patience.look_s * NS_PER_S <= patience.silent_ns


def ago(seconds: float) -> int:
    return NOW - round(seconds * NS_PER_S)


def stream(number: int, **more: Any) -> StreamVitals:
    found = StreamVitals(
        camera(number), StreamName.MAIN, in_run=True, cause=None, reader_ns=ago(0.1),
        since_ns=ago(500), written_ns=ago(0.5), queue_bytes=0, queue_limit_bytes=1 << 24,
    )  # fmt: skip
    return msgspec.structs.replace(found, **more)


def camera(number: int) -> CameraId:
    return CameraId(f"{number:032x}")


def site(
    streams: tuple[StreamVitals, ...] = (), *, volume: dict[str, Any] | None = None,
    keeper: dict[str, Any] | None = None, worker: dict[str, Any] | None = None,
) -> Observed:  # fmt: skip
    """A recorder to whose vitals things were done, and that is well else."""
    streams = streams or (stream(1), stream(2))
    of_volume = VolumeVitals(VOLUME, "/srv/v", 0, ago(1), failing=False)
    unused = VolumeVitals(OTHER, "/srv/o", ago(9999), ago(9999), failing=True)
    changed = msgspec.structs.replace(of_volume, **(volume or {}))
    vitals = KeeperVitals(ago(0.7), (changed, unused), in_debt=False, only_held_left=False)
    works = WorkerVitals(streams, (WriterVitals(VOLUME, 0), WriterVitals(OTHER, ago(9999))), 0)
    return Observed(
        NOW,
        ago(0.5),
        Heard("keeper", ago(9000), 0, ago(0.4), msgspec.structs.replace(vitals, **(keeper or {}))),
        (
            Heard(
                "camera-worker-1", ago(9000), 0, ago(0.9),
                msgspec.structs.replace(works, **(worker or {})),
            ),
            Heard("camera-worker-2", ago(9000)),
        ),
        (Heard("api", ago(9000)),),
        tuple(
            Wanted(each.camera, each.stream, VOLUME, "camera-worker-1", ago(1)) for each in streams
        ),
    )  # fmt: skip


def health(seen: Observed) -> Health:
    return judge(seen, PATIENCE)


def test_all_is_well() -> None:
    """A worker without cameras, and a volume that nothing is recorded to, are nobody's trouble."""
    found = health(site())
    assert found == Health(HealthState.OK, 2, 2, ())
    assert found.lives


def test_what_nobody_understands_is_told_and_who_does_not() -> None:
    fresh = site(worker={"untold_since_ns": ago(200)})
    assert health(fresh).state is HealthState.OK
    old = site(worker={"untold_since_ns": ago(400)})
    found = health(old)
    assert (found.state, found.lives) == (HealthState.DEGRADED, True)
    (reason,) = found.reasons
    assert "analytics-worker has taken nothing for 400 s" in reason.sentence
    analyst = Heard("analytics-worker", ago(9000), 0, ago(1), Alive(ago(1), ago(395)))
    (reason,) = health(replace(old, others=(*old.others, analyst))).reasons
    assert "events-worker has taken nothing" in reason.sentence


def test_no_camera_is_well_too() -> None:
    seen = replace(site(), wanted=(), workers=())
    assert health(seen) == Health(HealthState.OK, 0, 0, ())


STUCK = {
    "keeper silent": lambda s: replace(s, keeper=replace(s.keeper, heard_ns=NOW - s_ns(s))),
    "keeper never heard": lambda s: replace(
        s, keeper=replace(s.keeper, heard_ns=0, vitals=None, started_ns=NOW - s_ns(s))
    ),
    "worker silent": lambda s: replace(
        s, workers=(replace(s.workers[0], heard_ns=NOW - s_ns(s)), *s.workers[1:])
    ),
    "control socket": lambda s: replace(s, serving_ns=NOW - s_ns(s)),
}


def s_ns(_: Observed) -> int:
    return PATIENCE.silent_ns + SPARE_NS


@pytest.mark.parametrize("what", STUCK)
def test_a_process_that_hangs_stops_the_feed(what: str) -> None:
    found = health(STUCK[what](site()))
    assert not found.lives
    assert found.state is HealthState.FAILING
    assert found.reasons[0].stuck


@pytest.mark.parametrize(
    "seen",
    [
        site(keeper={"cycle_ns": NOW - PATIENCE.silent_ns - SPARE_NS}),
        site(volume={"syncing_since_ns": NOW - PATIENCE.disk_ns - SPARE_NS}),
        site(worker={"writers": (WriterVitals(VOLUME, NOW - PATIENCE.disk_ns - SPARE_NS),)}),
        site(worker={"unsynced_since_ns": NOW - PATIENCE.unsynced_ns - SPARE_NS}),
        site((stream(1, reader_ns=NOW - PATIENCE.stream_ns - SPARE_NS),)),
        site((stream(1, written_ns=NOW - PATIENCE.stream_ns - SPARE_NS),)),
        site((stream(1, in_run=False, since_ns=NOW - PATIENCE.stream_ns - SPARE_NS),)),
    ],
    ids=["round", "sync", "write", "unsynced", "reader", "nothing written", "no gap told"],
)
def test_a_part_that_hangs_stops_the_feed(seen: Observed) -> None:
    assert not health(seen).lives


def test_a_stream_that_its_worker_forgot_stops_the_feed() -> None:
    seen = site()
    late = replace(seen.wanted[0], camera=camera(7), seen_ns=NOW - PATIENCE.stream_ns - SPARE_NS)
    assert not health(replace(seen, wanted=(*seen.wanted, late))).lives
    fresh = replace(late, seen_ns=ago(5))
    assert health(replace(seen, wanted=(*seen.wanted, fresh))).lives


@pytest.mark.parametrize("cause", THEIRS)
@given(seconds=st.floats(0, 100_000))
def test_a_camera_that_is_off_does_not(cause: GapCause, seconds: float) -> None:
    """However long: its reader tries again and again, and that is all that is asked of us."""
    off = stream(1, in_run=False, cause=cause, since_ns=ago(seconds), written_ns=0)
    found = health(site((off, stream(2))))
    assert found.lives
    assert (found.state, found.recorded, found.wanted) == (HealthState.DEGRADED, 1, 2)
    assert found.reasons[0].camera == off.camera


@pytest.mark.parametrize("cause", sorted(OURS))
@pytest.mark.parametrize("in_run", [True, False])
def test_a_disk_that_answers_no_is_failing_and_not_stuck(cause: GapCause, in_run: bool) -> None:
    lost = stream(1, in_run=in_run, cause=cause, since_ns=ago(9000), written_ns=ago(8000))
    found = health(site((lost, stream(2))))
    assert found.lives
    assert (found.state, found.recorded) == (HealthState.FAILING, 1)
    passing = stream(1, in_run=in_run, cause=cause, since_ns=ago(2), written_ns=ago(3))
    assert health(site((passing, stream(2)))).state is HealthState.DEGRADED


@pytest.mark.parametrize(
    "seen",
    [
        site(volume={"failing": True}),
        site(keeper={"in_debt": True}),
        site(keeper={"only_held_left": True}),
        site(keeper={"in_debt": True}, worker={"unsynced_since_ns": ago(9000)}),
    ],
    ids=["sync fails", "state folder", "only held", "unsynced, and it is said why"],
)
def test_what_needs_a_person_is_failing_and_not_stuck(seen: Observed) -> None:
    found = health(seen)
    assert found.lives
    assert found.state is HealthState.FAILING


def test_a_keeper_that_takes_up_what_is_on_disk_is_given_time() -> None:
    seen = site(worker={"unsynced_since_ns": ago(600)})

    def taking_up(seconds: float) -> Health:
        keeper = Heard("keeper", ago(seconds), 1, ago(0.5), Alive())
        return health(replace(seen, keeper=keeper))

    assert taking_up(600).lives
    assert taking_up(600).state is HealthState.DEGRADED
    assert not taking_up(2000).lives


def test_who_died_a_while_ago_is_said() -> None:
    seen = site()
    died = replace(seen.others[0], restarts=3, started_ns=ago(60))
    found = health(replace(seen, others=(died,)))
    assert (found.state, found.lives) == (HealthState.DEGRADED, True)
    assert "3 times" in found.reasons[0].sentence
    assert health(replace(seen, others=(replace(died, started_ns=ago(3600)),))).reasons == ()


def test_a_camera_that_is_held_is_degraded_and_no_more() -> None:
    seen = site((stream(1),))
    held = Wanted(camera(9), StreamName.MAIN, VOLUME, "camera-worker-1", 0, quarantined=True)
    found = health(replace(seen, wanted=(*seen.wanted, held)))
    assert (found.state, found.lives, found.recorded) == (HealthState.DEGRADED, True, 1)


# --- whatever is seen -------------------------------------------------------------------------

times = st.integers(-300, 0).map(ago) | st.just(0)
causes = st.none() | st.sampled_from(GapCause)
streams = st.builds(
    StreamVitals, camera=st.integers(1, 3).map(camera), stream=st.sampled_from(StreamName),
    in_run=st.booleans(), cause=causes, reader_ns=times, since_ns=times, written_ns=times,
    queue_bytes=st.integers(0, 100), queue_limit_bytes=st.just(100),
)  # fmt: skip
workers = st.builds(
    WorkerVitals, st.lists(streams, max_size=4).map(tuple),
    st.lists(st.builds(WriterVitals, st.just(VOLUME), times), max_size=1).map(tuple), times,
)  # fmt: skip
keepers = st.builds(
    KeeperVitals, times,
    st.lists(
        st.builds(VolumeVitals, st.just(VOLUME), st.just("/v"), times, times, st.booleans()),
        max_size=1,
    ).map(tuple),
    st.booleans(), st.booleans(),
)  # fmt: skip
observed = st.builds(
    Observed, st.just(NOW), times,
    st.builds(Heard, st.just("keeper"), times, st.integers(0, 2), times,
              st.none() | st.just(Alive()) | keepers),
    st.lists(
        st.builds(Heard, st.just("w"), times, st.integers(0, 2), times, st.none() | workers),
        min_size=1, max_size=1,
    ).map(tuple),
    st.just(()),
    st.lists(
        st.builds(Wanted, st.integers(1, 3).map(camera), st.sampled_from(StreamName),
                  st.just(VOLUME), st.just("w"), times, st.booleans()),
        max_size=4,
    ).map(tuple),
)  # fmt: skip


@given(observed)
def test_whatever_is_seen_is_judged(seen: Observed) -> None:
    """The state is that of the worst reason; who lives has nothing stuck; counts are in bounds."""
    found = health(seen)
    assert 0 <= found.recorded <= found.wanted
    assert found.lives == (not any(reason.stuck for reason in found.reasons))
    states = [reason.state for reason in found.reasons]
    assert HealthState.OK not in states
    worst = next(
        (each for each in (HealthState.FAILING, HealthState.DEGRADED) if each in states),
        HealthState.OK,
    )
    assert found.state is worst
    assert not states or states[0] is worst
    if not found.lives:
        assert found.state is HealthState.FAILING
        assert found.reasons[0].stuck


@given(observed, st.integers(0, 3600))
def test_silence_never_turns_into_life(seen: Observed, seconds: int) -> None:
    """Nothing more is heard: what was stuck stays so, whatever else time changes."""
    if not health(seen).lives:
        later = replace(seen, now_ns=NOW + seconds * NS_PER_S)
        assert not health(later).lives


@given(observed)
def test_all_silent_is_stuck_in_the_end(seen: Observed) -> None:
    later = replace(seen, now_ns=NOW + 7200 * NS_PER_S)
    assert not health(later).lives


def test_names_are_put_in_last() -> None:
    found = health(site((stream(1, in_run=False, cause=GapCause.AUTH_FAILED),)))
    (reason,) = named(found, {camera(1): "Hall"}).reasons
    assert "Hall is not recorded: the camera refuses user name or password." in reason.sentence
    assert named(found, {}) == found
