"""Clocks that are set, machines that sleep, cameras whose time is odd: what the timeline makes."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.recording.time_tape import (
    FPS,
    Event,
    HangUp,
    Jump,
    Keep,
    Pictures,
    Silence,
    Sleep,
    Step,
    TimeTape,
)
from watchglass.base.clock import NS_PER_S
from watchglass.model.gap import GapCause
from watchglass.model.timeline import SpanKind

pytestmark = pytest.mark.full

_HOUR_S, _DAY_S = 3600.0, 86_400.0
_NEAR_NS = 700_000_000


def played(folder: Path, events: list[Event], **more: float) -> TimeTape:
    tape = TimeTape(folder, events, **more)  # type: ignore[arg-type]
    tape.play()
    return tape


def _is_accounted_for(tape: TimeTape) -> None:
    """Invariants 3 to 5, by our timeline and by the second reader's."""
    lost = [span for span in tape.spans() if span.kind is SpanKind.UNACCOUNTED]
    assert lost == []
    assert tape.overlaps() == []
    tape.site.check()


@pytest.mark.parametrize("by_s", [-5 * _DAY_S, -_HOUR_S, -2.0, 2.0, _HOUR_S, 5 * _DAY_S])
def test_a_clock_set_between_two_key_frames_moves_no_picture(tmp_path: Path, by_s: float) -> None:
    """Found here: the pictures up to the next key frame drew the whole file back with them."""
    tape = played(tmp_path, [Pictures(25), Step(by_s), Pictures(40)], gop=20)
    assert GapCause.CLOCK_STEP in tape.causes()
    for arrived_ns, drawn_ns in tape.places():
        assert abs(arrived_ns - drawn_ns) < _NEAR_NS
    _is_accounted_for(tape)


def test_a_clock_set_again_before_the_key_frame(tmp_path: Path) -> None:
    events: list[Event] = [Pictures(25), Step(-_HOUR_S), Pictures(4), Step(_HOUR_S), Pictures(40)]
    tape = played(tmp_path, events, gop=20)
    for arrived_ns, drawn_ns in tape.places():
        assert abs(arrived_ns - drawn_ns) < _NEAR_NS
    _is_accounted_for(tape)


@pytest.mark.parametrize("survives", [True, False])
@pytest.mark.parametrize("for_s", [8.0, 8 * _HOUR_S])
def test_a_machine_that_slept_was_off(tmp_path: Path, for_s: float, survives: bool) -> None:
    tape = played(tmp_path, [Pictures(20), Sleep(for_s, survives), Pictures(20)])
    gaps = [span for span in tape.spans() if span.kind is SpanKind.GAP]
    asleep = [span for span in gaps if span.seconds > for_s / 2]
    assert [span.cause for span in asleep] == [GapCause.MACHINE_OFF]
    assert for_s - 1 < asleep[0].seconds < for_s + 4
    _is_accounted_for(tape)


@pytest.mark.parametrize("drift", [-0.01, 0.01])
def test_a_camera_that_drifts_by_a_hundredth(tmp_path: Path, drift: float) -> None:
    """A run's first file has no rate yet, so it lies off by what the camera drifted within it."""
    tape = played(tmp_path, [Pictures(700 * FPS)], drift=drift)
    places = tape.places()
    for arrived_ns, drawn_ns in places:
        assert abs(arrived_ns - drawn_ns) < 4 * NS_PER_S
    # The file after it makes up for that.
    arrived_ns, drawn_ns = places[-1]
    assert abs(arrived_ns - drawn_ns) < 3 * NS_PER_S
    assert {span.kind for span in tape.spans()[1:-1]} <= {SpanKind.MEDIA}
    _is_accounted_for(tape)


def test_a_cached_group_of_pictures_after_each_reconnect(tmp_path: Path) -> None:
    events: list[Event] = [
        Pictures(20),
        HangUp(burst=8),
        Pictures(20),
        HangUp(burst=8),
        Pictures(9),
    ]
    tape = played(tmp_path, events)
    late = [drawn - arrived for arrived, drawn in tape.places() if drawn - arrived < -_NEAR_NS]
    assert late  # the cached ones lie where they were filmed
    assert min(late) > -5 * NS_PER_S
    _is_accounted_for(tape)


_STEPS_S = st.sampled_from(
    [-9 * _DAY_S, -_DAY_S, -_HOUR_S, -30.0, -2.0, -0.6, -0.3, 0.3, 0.6, 2.0, 30.0, _HOUR_S, _DAY_S]
)
_EVENTS = st.one_of(
    st.builds(Pictures, st.integers(1, 60)),
    st.builds(Pictures, st.integers(1, 60)),
    st.builds(Step, _STEPS_S),
    st.builds(Sleep, st.sampled_from([2.0, 20.0, 8 * _HOUR_S]), st.booleans()),
    st.builds(HangUp, st.integers(0, 12)),
    st.builds(Silence, st.sampled_from([0.7, 1.5, 4.0, 9.0, 40.0])),
    st.builds(Jump, st.sampled_from([-_DAY_S, -20.0, -0.5, 0.0, 0.5, 3.0, 20.0, _DAY_S])),
    st.builds(Keep),
)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Event], dict[str, float]]:
    events = draw(st.lists(_EVENTS, min_size=1, max_size=14))
    more = {
        "gop": draw(st.sampled_from([1, 4, 20])),
        "drift": draw(st.sampled_from([0.0, -0.01, 0.01])),
        "origin": draw(st.sampled_from([0, 2**32 - 90_000, 2**62])),
    }
    return [Pictures(3), *events, Pictures(3)], more


def _any_story(story: tuple[list[Event], dict[str, float]]) -> None:
    with TemporaryDirectory(prefix="time-") as folder:
        events, more = story
        tape = played(Path(folder), events, **more)
        _is_accounted_for(tape)
        if not any(isinstance(event, Jump) for event in events):
            for arrived_ns, drawn_ns in tape.places():
                # What came late, cached by the camera, was filmed before; nothing was filmed later.
                assert -8 * NS_PER_S < drawn_ns - arrived_ns < 2 * NS_PER_S
        tape.site.stop_keeper()


_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@settings(max_examples=10, deadline=None, phases=_PHASES)
@given(stories())
def test_any_story(story: tuple[list[Event], dict[str, float]]) -> None:
    _any_story(story)


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(max_examples=3000, deadline=None)
@given(stories())
def test_thousands_of_stories(story: tuple[list[Event], dict[str, float]]) -> None:
    _any_story(story)
