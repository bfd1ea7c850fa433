"""Whoever was found once is hidden, or all of the picture is, whatever a detector misses."""

import time
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from watchglass.analytics.covering import DRAWN, Doubt, Hidden, hidden, questions
from watchglass.analytics.detector import MOST_FOUND, Detector, Look
from watchglass.analytics.hiding import Linker, found_of
from watchglass.analytics.looking_anew import LookingAnew
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import StreamInvalidError
from watchglass.base.ids import RunId
from watchglass.model.detection import Box, Detection, ObjectClass
from watchglass.model.redaction import (
    Border,
    Correction,
    CorrectionKind,
    Found,
    FoundPicture,
    WholeCause,
)

RUN = RunId("7" * 32)
FPS = 10
PERSON = ObjectClass.PERSON
Way = Sequence[Box | None]


def linked(
    ways: Sequence[Way], *, sure: float = 0.9, failed: frozenset[int] = frozenset()
) -> Found:
    """Of things with a box in each picture, or None where they are missed."""
    linker = Linker()
    pictures = []
    for number in range(len(ways[0])):
        at_ns = number * NS_PER_S // FPS
        if number in failed:
            linker.skip()
            pictures.append(FoundPicture(RUN, number, at_ns, (), WholeCause.FAILED))
            continue
        there = [way[number] for way in ways]
        seen = [Detection(PERSON, box, sure) for box in there if box is not None]
        pictures.append(FoundPicture(RUN, number, at_ns, linker.see(at_ns, seen)))
    return found_of("m" * 64, (640, 360), pictures, linker, 0)


def going(count: int, x: float = 0.3, step: float = 0.004, y: float = 0.3) -> list[Box]:
    return [Box(x + step * n, y, x + step * n + 0.08, y + 0.3) for n in range(count)]


def covers(plan: Hidden, picture: int, box: Box) -> bool:
    if plan.whole[picture] is not None:
        return True
    return any(
        one.x0 <= box.x0 and one.y0 <= box.y0 and one.x1 >= box.x1 and one.y1 >= box.y1
        for _, one in plan.boxes[picture]
    )


def correction(kind: CorrectionKind, number: int = -1, first: int = 0, last: int = 0) -> Correction:
    return Correction(kind, "ada", 1, number, first, last)


@given(
    st.lists(st.booleans(), min_size=30, max_size=120),
    st.floats(-0.008, 0.008), st.floats(0.25, 0.65), st.sampled_from([0.3, 0.9]),
)  # fmt: skip
def test_whatever_is_missed_a_thing_is_hidden_from_before_it_was_seen_to_after(
    seen: list[bool], step: float, x: float, sure: float
) -> None:
    truth = going(len(seen), x, step if 0.02 < x + step * len(seen) < 0.9 else 0.0)
    found = linked([[box if each else None for box, each in zip(truth, seen, strict=True)]])
    if not any(seen):
        assert not found.tracks
        return
    plan = hidden(found, ())
    first, last = seen.index(True), len(seen) - 1 - seen[::-1].index(True)
    for picture in range(max(0, first - FPS), min(len(seen), last + FPS + 1)):
        assert covers(plan, picture, truth[picture]), picture
    # It was lost in the midst of the picture: nobody says that it is not there any more.
    for picture in range(len(seen)):
        assert covers(plan, picture, truth[picture]), picture


@given(st.data())
def test_of_two_that_cross_the_one_that_is_not_kept_is_hidden_always(data: st.DataObject) -> None:
    """Whichever track is kept: nobody is shown along the track of another."""
    count = 60
    left, right = going(count, 0.2, 0.008), going(count, 0.68, -0.008, y=0.32)
    miss = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    seen = [
        None if gone and 20 < n < 50 else box
        for n, (box, gone) in enumerate(zip(left, miss, strict=True))
    ]  # fmt: skip
    found = linked([seen, right])
    at_first = {each.track: each.box for each in found.pictures[0].boxes}
    mine = next(track for track, box in at_first.items() if box.x0 < 0.4)
    plan = hidden(found, [correction(CorrectionKind.KEEP, mine)])
    for picture in range(count):
        assert covers(plan, picture, right[picture]), picture


def test_who_leaves_over_the_edge_is_not_looked_for_after_that() -> None:
    way: list[Box | None] = []
    for n in range(60):
        x = 0.5 + 0.02 * n
        way.append(Box(x, 0.3, min(1.0, x + 0.08), 0.6) if x < 0.99 else None)
    found = linked([way])
    assert [each.ends for each in found.tracks] == [Border.EDGE]
    plan = hidden(found, ())
    last = found.tracks[0].last
    assert plan.whole == [None] * 60
    assert plan.boxes[last + FPS]
    assert not plan.boxes[last + FPS + 1]


def test_who_is_kept_is_shown_and_asked_about_where_it_meets_another() -> None:
    found = linked([going(40)])
    assert all(hidden(found, ()).boxes)
    keep = correction(CorrectionKind.KEEP, 0)
    plan = hidden(found, [keep])
    assert not any(plan.boxes)
    assert plan.whole == [None] * 40
    assert all(hidden(found, [keep, correction(CorrectionKind.HIDE, 0)]).boxes)
    assert all(hidden(found, [keep, correction(CorrectionKind.UNDO, 0)]).boxes)
    twice = [keep, correction(CorrectionKind.UNDO, 0), correction(CorrectionKind.UNDO, 1)]
    assert not any(hidden(found, twice).boxes)


def test_corrections_are_obeyed_picture_by_picture() -> None:
    found = linked([going(40)], failed=frozenset({20}))
    plan = hidden(found, ())
    assert [n for n, cause in enumerate(plan.whole) if cause] == [20]
    drawn = Correction(CorrectionKind.COVER, "ada", 1, -1, 5, 7, Box(0.8, 0.8, 0.9, 0.9))
    plan = hidden(
        found,
        [
            correction(CorrectionKind.CLEAR, first=18, last=22),
            correction(CorrectionKind.WHOLE, first=30, last=31),
            correction(CorrectionKind.LIFT, 0, 10, 11), drawn,
        ],
    )  # fmt: skip
    assert [n for n, cause in enumerate(plan.whole) if cause] == [30, 31]
    assert [n for n, boxes in enumerate(plan.boxes) if not boxes] == [10, 11]
    assert [n for n, boxes in enumerate(plan.boxes) if DRAWN in dict(boxes)] == [5, 6, 7]
    assert plan.boxes[20]  # cleared, and yet who was there before and after is hidden in it


def test_a_lost_track_hides_all_until_something_is_found_again() -> None:
    way: list[Box | None] = list(going(60))
    way[15:45] = [None] * 30
    found = linked([way])
    assert [each.number for each in found.tracks] == [0, 1]
    whole = hidden(found, ()).whole
    assert [n for n, cause in enumerate(whole) if cause is WholeCause.LOST] == list(range(25, 35))
    kept = [correction(CorrectionKind.KEEP, 0), correction(CorrectionKind.KEEP, 1)]
    assert hidden(found, kept).whole == [None] * 60
    assert hidden(found, kept[:1]).whole[30] is WholeCause.LOST
    asked = {(each.doubt, each.track) for each in questions(found, ())}
    assert asked == {(Doubt.ENDS, 0), (Doubt.BEGINS, 1), (Doubt.WHOLE, DRAWN)}


def test_what_the_detector_was_never_sure_of_is_hidden_and_asked_about() -> None:
    found = linked([going(40)], sure=0.3)
    plan = hidden(found, ())
    assert all(plan.boxes)
    assert [each.doubt for each in questions(found, ())] == [Doubt.UNSURE]


class Failing:
    """A detector that is asked, and fails as it was told to."""

    identity, names, size, batch = "f" * 64, frozenset({PERSON}), (64, 64), 1

    def __init__(self, how: object) -> None:
        self.how = how
        self.asked = 0

    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        self.asked += 1
        if isinstance(self.how, Exception):
            raise self.how
        if isinstance(self.how, float):
            time.sleep(self.how)
        return [[Detection(PERSON, Box(0, 0, 1, 1), 0.9)] * MOST_FOUND for _ in looks]

    def close(self) -> None: ...


def answers(detector: Detector, times: int, patience_s: float) -> list[object]:
    anew = LookingAnew(detector, patience_s)
    picture = np.zeros((8, 8, 3), np.uint8)
    try:
        return [anew.look([Look(picture)])[0] for _ in range(times)]
    finally:
        anew.close()


def test_a_detector_that_fails_or_takes_too_long_hides_all() -> None:
    for error in (StreamInvalidError("It is broken."), ValueError("a plug-in's own")):
        assert answers(Failing(error), 2, 5) == [WholeCause.FAILED] * 2
    slow = Failing(0.5)
    assert answers(slow, 3, 0.05) == [WholeCause.FAILED] * 3
    assert slow.asked == 1  # it may never come back: it is not asked again
    assert answers(Failing(None), 1, 5) == [WholeCause.TOO_MANY]
