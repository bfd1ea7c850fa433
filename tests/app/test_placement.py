"""Who shares a worker with whom, before and after a crash."""

import signal

import pytest

from watchglass.app.placement import Placement
from watchglass.app.quarantine import LEAST_HOLD_S
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.assignment import AssignedCamera

_FIRST, _SECOND, _THIRD = (f"camera-worker-{number}" for number in (1, 2, 3))
_FAULT = -signal.SIGSEGV


def camera(letter: str, volume: str = "0") -> AssignedCamera:
    return AssignedCamera(CameraId(letter * 32), VolumeId(volume * 32), (), "", "", sound=False)


A, B, C, D = map(camera, "abcd")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def placement(clock: SimulatedClock) -> Placement:
    """Three cameras in one worker that has room for another."""
    made = Placement(4, clock)
    for each in (A, B, C):
        made.give(each)
    return made


def letters(placement: Placement) -> dict[str, str]:
    return {
        worker: "".join(each.camera[0] for each in placement.cameras(worker))
        for worker in placement.workers
    }


def test_cameras_share_a_worker_while_it_has_room(placement: Placement) -> None:
    placement.give(D)
    placement.give(camera("e"))
    assert letters(placement) == {_FIRST: "abcd", _SECOND: "e"}
    assert placement.take(B.camera) == _FIRST
    assert placement.take(B.camera) is None
    assert placement.give(camera("f")) == _FIRST


def test_who_crashed_its_worker_leaves_and_shares_none_again(placement: Placement) -> None:
    (suspect,) = placement.worker_died(_FIRST, B.camera, _FAULT)
    assert (suspect.camera, suspect.worker, suspect.held_s) == (B.camera, _SECOND, 0)
    placement.give(D)
    placement.give(camera("e"))
    placement.give(camera("f"))
    assert letters(placement) == {_FIRST: "acde", _SECOND: "b", _THIRD: "f"}
    # Paused and resumed, it still gets a worker of its own.
    placement.take(B.camera)
    assert placement.give(B) == _SECOND
    assert placement.give(camera("g")) == _THIRD


def test_a_second_crash_quarantines_for_a_while(
    placement: Placement, clock: SimulatedClock
) -> None:
    placement.worker_died(_FIRST, B.camera, _FAULT)
    # Alone in its worker it is known even where the worker could not say it.
    (suspect,) = placement.worker_died(_SECOND, None, _FAULT)
    assert (suspect.worker, suspect.held_s) == (_SECOND, LEAST_HOLD_S)
    assert [each.quarantined for each in placement.cameras(_SECOND)] == [True]
    assert not any(each.quarantined for each in placement.cameras(_FIRST))
    clock.advance(round(suspect.held_s * NS_PER_S))
    assert [each.quarantined for each in placement.cameras(_SECOND)] == [False]


@pytest.mark.parametrize("exit_code", [-signal.SIGKILL, -signal.SIGTERM, 0, 1])
def test_who_is_killed_or_ends_has_no_suspect(placement: Placement, exit_code: int) -> None:
    for _ in range(3):
        assert placement.worker_died(_FIRST, None, exit_code) == ()


def test_crashes_that_name_nobody_are_let_pass_once_a_minute(
    placement: Placement, clock: SimulatedClock
) -> None:
    assert placement.worker_died(_FIRST, None, _FAULT) == ()
    clock.advance(61 * NS_PER_S)
    assert placement.worker_died(_FIRST, None, 70) == ()
    clock.advance(59 * NS_PER_S)
    assert len(placement.worker_died(_FIRST, None, 70)) == 3
    assert sorted(letters(placement).values()) == ["a", "b", "c"]


def test_a_suspect_that_is_gone_meanwhile_is_nobody(placement: Placement) -> None:
    placement.take(B.camera)
    assert placement.worker_died(_FIRST, B.camera, _FAULT) == ()
    assert letters(placement) == {_FIRST: "ac"}


def test_who_records_to_a_volume_its_worker_cannot_reach_leaves(placement: Placement) -> None:
    new = VolumeId("1" * 32)
    moved = camera("d", "1")
    placement.give(moved)
    assert placement.fenced_off(_FIRST, new) == (moved.camera,)
    assert letters(placement) == {_FIRST: "abc", _SECOND: "d"}
    # Others on that volume go there, too, and those on others where there is room.
    placement.give(camera("e", "1"))
    placement.give(camera("f"))
    assert letters(placement) == {_FIRST: "abcf", _SECOND: "de"}
    assert placement.fenced_off(_FIRST, new) == ()


def test_a_worker_that_reaches_none_of_its_volumes_is_replaced(placement: Placement) -> None:
    assert placement.fenced_off(_FIRST, A.volume) is None
    placement.give(D)
    assert letters(placement) == {_FIRST: "abc", _SECOND: "d"}
    placement.worker_died(_FIRST, None, 0)
    placement.take(A.camera)
    assert placement.give(camera("e")) == _FIRST
