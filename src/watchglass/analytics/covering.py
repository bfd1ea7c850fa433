"""What is hidden in each picture of a redacted copy, from what was found and what people corrected.

The same for the page that shows it and for the process that paints it. Whatever is not certain is
hidden: see `analytics.hiding`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from watchglass.base.clock import NS_PER_S
from watchglass.model.detection import Box
from watchglass.model.redaction import (
    Border,
    Correction,
    CorrectionKind,
    Found,
    FoundTrack,
    WholeCause,
)

DRAWN = -1
"""The track of a box that a person drew."""
_MARGIN = 0.15
_REACH = 1.5
"""A thing comes so many times its own size far in a second, unless it was seen to be faster."""


@dataclass(slots=True)
class Hidden:
    """Of each picture: why all of it is hidden, and which boxes are, each with its track."""

    whole: list[WholeCause | None]
    boxes: list[list[tuple[int, Box]]]


class Doubt(StrEnum):
    """What a person should look at: where a track begins or ends in the midst of the picture, where
    it met another, one that the detector was never sure of, pictures that are hidden as a whole."""

    BEGINS = "begins"
    ENDS = "ends"
    MET = "met"
    UNSURE = "unsure"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Question:
    """Pictures ``first`` to ``last``; ``track`` is `DRAWN` for none."""

    doubt: Doubt
    first: int
    last: int
    track: int = DRAWN
    cause: WholeCause | None = None


def counting(corrections: Sequence[Correction]) -> list[tuple[int, Correction]]:
    """Those that were not undone, each with its number."""
    undone: set[int] = set()
    for number in range(len(corrections) - 1, -1, -1):
        each = corrections[number]
        if each.kind is CorrectionKind.UNDO and number not in undone:
            undone.add(each.number)
    return [
        (number, each)
        for number, each in enumerate(corrections)
        if number not in undone and each.kind is not CorrectionKind.UNDO
    ]


def kept(corrections: Sequence[Correction]) -> set[int]:
    """The tracks that are shown."""
    found: set[int] = set()
    for _, each in counting(corrections):
        if each.kind is CorrectionKind.KEEP:
            found.add(each.number)
        elif each.kind is CorrectionKind.HIDE:
            found.discard(each.number)
    return found


def hidden(found: Found, corrections: Sequence[Correction]) -> Hidden:
    """What is hidden by now."""
    stay, valid = kept(corrections), counting(corrections)
    count = len(found.pictures)
    whole = [each.cause for each in found.pictures]
    for first, last in lost(found, stay):
        for picture in range(first, last + 1):
            whole[picture] = whole[picture] or WholeCause.LOST
    boxes: list[list[tuple[int, Box]]] = [[] for _ in range(count)]
    sightings = _sightings(found)
    for track in found.tracks:
        if track.number not in stay:
            lifted = _lifted(valid, track.number, count)
            for picture, box in _way(found, track, sightings[track.number]):
                if picture not in lifted:
                    boxes[picture].append((track.number, box))
    plan = Hidden(whole, boxes)
    for _, each in valid:
        _correct(plan, each)
    return plan


def _correct(plan: Hidden, by: Correction) -> None:
    for picture in _pictures(by, len(plan.whole)):
        if by.kind is CorrectionKind.COVER and by.box is not None:
            plan.boxes[picture].append((DRAWN, by.box))
        elif by.kind is CorrectionKind.CLEAR:
            plan.whole[picture] = None
        elif by.kind is CorrectionKind.WHOLE:
            plan.whole[picture] = WholeCause.PERSON


def _lifted(valid: Sequence[tuple[int, Correction]], track: int, count: int) -> set[int]:
    return {
        picture
        for _, each in valid
        if each.kind is CorrectionKind.LIFT and each.number == track
        for picture in _pictures(each, count)
    }


def _pictures(of: Correction, count: int) -> range:
    return range(max(0, of.first), min(of.last, count - 1) + 1)


def lost(found: Found, stay: set[int]) -> list[tuple[int, int]]:
    """Spans of pictures in which something may be anywhere: from where a track was lost to where
    one begins in the midst of the picture that may be the same, or to the end of the span; and the
    same backwards. A thing that stays is not missed."""
    sure = [each for each in found.tracks if each.sure]
    begins = sorted(
        (each for each in sure if each.begins is Border.LOST), key=lambda each: each.first
    )
    ends = sorted((each for each in sure if each.ends is Border.LOST), key=lambda each: each.last)
    spans: list[tuple[int, int]] = []
    answered: set[int] = set()
    for end in ends:
        again = next(
            (each for each in begins if each.first > end.last and each.number not in answered), None
        )
        if again is not None:
            answered.add(again.number)
            if {end.number, again.number} <= stay:
                continue
            spans.append((end.covers_to + 1, again.covers_from - 1))
        elif end.number not in stay:
            spans.append((end.covers_to + 1, len(found.pictures) - 1))
    spans += [
        (0, each.covers_from - 1)
        for each in begins
        if each.number not in answered and each.number not in stay
    ]
    return [(first, last) for first, last in spans if last >= first]


def questions(found: Found, corrections: Sequence[Correction]) -> list[Question]:
    """What a person should look at, in order; what was settled by a correction is not asked."""
    asked: list[Question] = []
    stay = kept(corrections)
    for each in found.tracks:
        if not each.sure:
            asked.append(Question(Doubt.UNSURE, each.first, each.last, each.number))
            continue
        if each.begins is Border.LOST:
            asked.append(Question(Doubt.BEGINS, each.covers_from, each.first, each.number))
        if each.ends is Border.LOST:
            asked.append(Question(Doubt.ENDS, each.last, each.covers_to, each.number))
        if each.ends is Border.MET and each.number in stay:
            asked.append(Question(Doubt.MET, each.last, each.covers_to, each.number))
    asked += whole_spans(hidden(found, corrections).whole)
    return sorted(asked, key=lambda one: (one.first, one.last, one.track))


def whole_spans(whole: Sequence[WholeCause | None]) -> list[Question]:
    """Pictures one after another that are hidden as a whole for one cause."""
    spans: list[Question] = []
    begin = 0
    for picture in range(1, len(whole) + 1):
        if picture < len(whole) and whole[picture] is whole[begin]:
            continue
        cause = whole[begin] if begin < len(whole) else None
        if cause is not None:
            spans.append(Question(Doubt.WHOLE, begin, picture - 1, cause=cause))
        begin = picture
    return spans


# --- one track ------------------------------------------------------------------------------------


def _sightings(found: Found) -> dict[int, list[tuple[int, Box]]]:
    told: dict[int, list[tuple[int, Box]]] = {each.number: [] for each in found.tracks}
    for number, picture in enumerate(found.pictures):
        for each in picture.boxes:
            told[each.track].append((number, each.box))
    return told


def _way(found: Found, track: FoundTrack, seen: Sequence[tuple[int, Box]]) -> list[tuple[int, Box]]:
    """A box for each picture of it, from before its first sighting to after its last."""
    times = [each.at_ns for each in found.pictures]
    aspect = found.width / max(1, found.height)
    told = _beyond(times, seen, range(track.covers_from, track.first), aspect, step=1)
    for (at, box), (then, later) in zip(seen, [*seen[1:], (None, None)], strict=True):
        told.append((at, _grown(box, 0.0, aspect)))
        if then is None or later is None:
            continue
        for picture in range(at + 1, then):
            far_s = min(times[picture] - times[at], times[then] - times[picture]) / NS_PER_S
            told.append((picture, _grown(_hull(box, later), far_s, aspect, _size(box, aspect))))
    after = range(track.last + 1, track.covers_to + 1)
    return told + _beyond(times, seen, after, aspect, step=-1)


def _beyond(
    times: Sequence[int], seen: Sequence[tuple[int, Box]], pictures: Sequence[int], aspect: float,
    *, step: int,
) -> list[tuple[int, Box]]:  # fmt: skip
    """Beyond an end: from the box there to where it would be as it went, and wider by the time.
    ``step``: 1 before the first sighting, -1 after the last."""
    end, box = seen[0 if step == 1 else -1]
    inward = seen[:12] if step == 1 else seen[:-13:-1]
    other, there = inward[-1]
    span_s = abs(times[end] - times[other]) / NS_PER_S
    told = []
    for picture in pictures:
        far_s = abs(times[picture] - times[end]) / NS_PER_S
        ahead = far_s / span_s if span_s else 0.0
        moved = Box(
            box.x0 + (box.x0 - there.x0) * ahead, box.y0 + (box.y0 - there.y0) * ahead,
            box.x1 + (box.x1 - there.x1) * ahead, box.y1 + (box.y1 - there.y1) * ahead,
        )  # fmt: skip
        told.append((picture, _grown(_hull(box, moved), far_s, aspect, _size(box, aspect))))
    return told


def _size(box: Box, aspect: float) -> float:
    """Its longer side, in parts of the picture's height."""
    return max((box.x1 - box.x0) * aspect, box.y1 - box.y0)


def _grown(box: Box, far_s: float, aspect: float, size: float | None = None) -> Box:
    size = _size(box, aspect) if size is None else size
    by = size * (_MARGIN + _REACH * far_s)
    return Box(
        max(0.0, box.x0 - by / aspect), max(0.0, box.y0 - by),
        min(1.0, box.x1 + by / aspect), min(1.0, box.y1 + by),
    )  # fmt: skip


def _hull(box: Box, other: Box) -> Box:
    return Box(
        min(box.x0, other.x0), min(box.y0, other.y0), max(box.x1, other.x1), max(box.y1, other.y1)
    )
