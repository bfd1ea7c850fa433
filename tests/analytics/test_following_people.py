"""How well tracks follow people whose ways are written down, and how that is judged."""

from collections import defaultdict
from pathlib import Path

import pytest

from benches._mot import NOTHING, Counts, MotSequence, count, read_sequence
from watchglass.analytics.tracker import Measures, Tracker
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.detection import Box, Detection, ObjectClass

SHARED = Path(__file__).resolve().parents[3] / "shared" / "testdata" / "mot"
LEFT, RIGHT = Box(0.0, 0.0, 0.2, 0.4), Box(0.5, 0.0, 0.7, 0.4)


def test_what_is_followed_without_a_mistake_scores_one() -> None:
    truth = {frame: [(1, LEFT), (2, RIGHT)] for frame in range(1, 9)}
    told = {frame: [(7, RIGHT), (9, LEFT)] for frame in range(1, 9)}
    counts = count(truth, told, range(1, 9))
    assert (counts.idf1, counts.hota) == (1.0, 1.0)


def test_a_track_that_changes_its_name_half_way_scores_less() -> None:
    truth = {frame: [(1, LEFT)] for frame in range(1, 9)}
    told = {frame: [(7 if frame < 5 else 8, LEFT)] for frame in range(1, 9)}
    counts = count(truth, told, range(1, 9))
    assert counts.idf1 == pytest.approx(0.5)  # 4 of 8 true ones and of 8 told ones
    assert counts.hota == pytest.approx(0.5**0.5)  # each pair's: 4 of 8; all are detected


def test_what_is_missed_and_what_is_made_up_score_less() -> None:
    truth = {frame: [(1, LEFT)] for frame in range(1, 5)}
    told = {1: [(1, LEFT)], 2: [(1, LEFT)], 3: [(1, RIGHT)]}
    counts = count(truth, told, range(1, 5))
    assert counts.idf1 == pytest.approx(2 * 2 / (4 + 3))
    assert counts.hota == pytest.approx(((2 / 5) * (2 / 5)) ** 0.5)


@pytest.mark.parametrize(("step", "idf1", "hota"), [(5, 0.55, 0.38), (12, 0.52, 0.38)])
def test_people_in_a_street_are_followed_from_published_detections(
    step: int, idf1: float, hota: float
) -> None:
    """At five and at two pictures a second; 0.59 and 0.42, 0.58 and 0.42 when it was written."""
    if not SHARED.is_dir():
        pytest.skip("no sequences beside this checkout")
    sequences = [read_sequence(SHARED / name) for name in ("TUD-Stadtmitte", "TUD-Campus")]
    total = sum(
        (_counts(each, begin, step) for each in sequences for begin in (1, 3, 5)), start=NOTHING
    )
    assert total.idf1 > idf1
    assert total.hota > hota


def _counts(sequence: MotSequence, begin: int, step: int) -> Counts:
    follows = Tracker(
        CameraId("c" * 32), "regions", aspect=sequence.aspect, measures=Measures(sure=0.4)
    )
    told: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    numbers: dict[str, int] = {}
    looked = range(begin, sequence.frames + 1, step)
    frames = {frame * NS_PER_S // 25: frame for frame in looked}
    for at_ns, frame in frames.items():
        found = [
            Detection(ObjectClass.PERSON, box, score / (score + 25))
            for box, score in sequence.found.get(frame, ())
            if score > 0
        ]
        for part in follows.see(at_ns, found):
            number = numbers.setdefault(part.track, len(numbers))
            for point in part.points:
                if point.seen:
                    told[frames[point.at_ns]].append((number, point.box))
    return count(sequence.truth, told, looked)
