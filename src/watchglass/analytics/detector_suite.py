"""What every `detector.Detector` has to hold: one suite, for ours and for those of plug-ins.

Give it a `Rig`, and run each of `CHECKS` on it; `Broken` says in a sentence what was not held. It
needs no test framework::

    for check in CHECKS:
        check(Rig(make=lambda: MyDetector(...)))
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from watchglass.analytics.detector import MOST_FOUND, Detector, Look, Picture
from watchglass.model.detection import REGIONS, Box, Detection, ObjectClass

_ALIKE = 2e-3
_ODD_SIZES = ((1, 1), (1, 700), (700, 1), (2, 3), (31, 33), (1080, 1920))
_SEED = 7


class Broken(AssertionError):
    """A detector does not hold what `Detector` promises."""


@dataclass(frozen=True, slots=True)
class Rig:
    """``make`` gives a new detector. ``shown``: pictures with a kind that has to be found in each.
    None of them: then pictures of noise alone are looked at."""

    make: Callable[[], Detector]
    shown: Sequence[tuple[Look, ObjectClass]] = ()


def what_it_says_of_itself(rig: Rig) -> None:
    """Identity, kinds, size and batch are told before and after use, and stay what they are."""
    with _made(rig) as detector:
        before = _said(detector)
        detector.detect(_looks(rig))
        _must(_said(detector) == before, "What it says of itself changes with use.")
    with _made(rig) as other:
        _must(_said(other) == before, "Two that are made alike say different things of themselves.")
    identity, names, size, batch = before
    known = identity == REGIONS or re.fullmatch(r"[0-9a-f]{64}", identity) is not None
    _must(known, f"Its identity is neither a SHA-256 nor {REGIONS!r}.")
    _must(bool(names) and all(isinstance(each, ObjectClass) for each in names), "It names no kind.")
    _must(min(size) > 0 and batch > 0, "Its size or its batch is not above zero.")


def nothing_leads_to_nothing(rig: Rig) -> None:
    """No picture is no error."""
    with _made(rig) as detector:
        _must(detector.detect([]) == [], "No pictures lead to something.")


def its_findings(rig: Rig) -> None:
    """Each is of a kind that it names, inside the picture, the most certain first."""
    with _made(rig) as detector:
        for found in detector.detect(_looks(rig)):
            _check(found, detector.names)


def it_finds_what_is_shown(rig: Rig) -> None:
    """The kind that the rig names, in each of its pictures."""
    with _made(rig) as detector:
        for at, (look, kind) in enumerate(rig.shown):
            (found,) = detector.detect([look])
            kinds = {each.kind for each in found}
            _must(kind in kinds, f"Picture {at} shows {kind}, and it found {sorted(kinds)}.")


def together_as_alone(rig: Rig) -> None:
    """Pictures of many sizes at once lead to what each leads to alone, in their order."""
    looks = _looks(rig)
    with _made(rig) as detector:
        together = detector.detect(looks)
        _must(len(together) == len(looks), "There are not as many answers as pictures.")
        turned = detector.detect(looks[::-1])[::-1]
        for look, one, other in zip(looks, together, turned, strict=True):
            (alone,) = detector.detect([look])
            _must(_alike(alone, one) and _alike(alone, other), "Together is not as alone.")


def pictures_are_left_alone(rig: Rig) -> None:
    """They may be read-only, and a part of another one; they are not written to."""
    with _made(rig) as detector:
        for look in _looks(rig):
            whole = look.picture
            wide = np.zeros((whole.shape[0], whole.shape[1] * 2, 3), np.uint8)
            wide[:, ::2] = whole
            part = wide[:, ::2]
            before = wide.copy()
            part.flags.writeable = False
            (of_part,) = detector.detect([Look(part, look.moving)])
            (of_whole,) = detector.detect([look])
            _must(np.array_equal(wide, before), "It writes to the pictures.")
            _must(_alike(of_part, of_whole), "A part of a picture leads to something else.")


def odd_pictures(rig: Rig) -> None:
    """Of any size, of one colour, with regions that are odd too: no error, and nothing outside."""
    odd = (
        Box(0, 0, 1, 1), Box(0.5, 0.5, 0.5, 0.5), Box(0.999, 0.999, 1, 1), Box(-1, -1, 2, 2),
        Box(0, 0.4, 1, 0.4001),
    )  # fmt: skip
    with _made(rig) as detector:
        for height, width in _ODD_SIZES:
            for level in (0, 255):
                picture = np.full((height, width, 3), level, np.uint8)
                for found in detector.detect([Look(picture), Look(picture, odd)]):
                    _check(found, detector.names)


def closed_twice(rig: Rig) -> None:
    """To close it again does nothing, and one that is closed takes no other with it."""
    with _made(rig) as kept:
        other = rig.make()
        other.detect(_looks(rig)[:1])
        other.close()
        other.close()
        kept.detect(_looks(rig)[:1])


CHECKS: tuple[Callable[[Rig], None], ...] = (
    what_it_says_of_itself,
    nothing_leads_to_nothing,
    its_findings,
    it_finds_what_is_shown,
    together_as_alone,
    pictures_are_left_alone,
    odd_pictures,
    closed_twice,
)


def _looks(rig: Rig) -> list[Look]:
    noise = np.random.default_rng(_SEED)

    def picture(height: int, width: int) -> Picture:
        return noise.integers(0, 256, (height, width, 3), np.uint8)

    region = Box(0.25, 0.25, 0.75, 0.9)
    made = [
        Look(picture(360, 640)), Look(picture(97, 55), (region,)),
        Look(picture(480, 480), (region, Box(0.0, 0.0, 0.2, 0.1))),
    ]  # fmt: skip
    return [*(look for look, _ in rig.shown), *made]


@contextmanager
def _made(rig: Rig) -> Iterator[Detector]:
    detector = rig.make()
    try:
        yield detector
    finally:
        detector.close()


def _said(detector: Detector) -> tuple[str, frozenset[ObjectClass], tuple[int, int], int]:
    return detector.identity, detector.names, detector.size, detector.batch


def _check(found: Sequence[Detection], names: frozenset[ObjectClass]) -> None:
    _must(len(found) <= MOST_FOUND, f"It found {len(found)} things in one picture.")
    for each in found:
        box = each.box
        _must(isinstance(each.kind, ObjectClass), f"{each.kind!r} is no kind that there is.")
        _must(each.kind in names, f"It tells {each.kind}, and does not name it.")
        _must(
            0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1,
            f"A box does not lie in the picture: {box}.",
        )
        _must(0 < each.confidence <= 1, f"A confidence of {each.confidence} is none.")
        _must(math.isfinite(each.confidence), "A confidence is no number.")
    certain = [each.confidence for each in found]
    _must(certain == sorted(certain, reverse=True), "The most certain does not come first.")


def _alike(one: Sequence[Detection], other: Sequence[Detection]) -> bool:
    """The same up to rounding: a thing that is just certain enough may be missing."""
    if len(one) != len(other):
        return False
    pairs = zip(one, other, strict=True)
    return all(
        a.kind is b.kind
        and abs(a.confidence - b.confidence) < _ALIKE
        and max(abs(p - q) for p, q in zip(_corners(a.box), _corners(b.box), strict=True)) < _ALIKE
        for a, b in pairs
    )


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.x0, box.y0, box.x1, box.y1


def _must(held: bool, sentence: str) -> None:
    if not held:
        raise Broken(sentence)
