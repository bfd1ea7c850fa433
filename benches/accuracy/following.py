"""IDF1 and HOTA of tracks of people whose ways are written down, with our detector in front."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from benches._mot import Counts, MotSequence, count, read_sequence
from watchglass.analytics.detector import Detector, Look, Picture
from watchglass.analytics.tracker import Tracker
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.detection import Box, ObjectClass

SEQUENCES = ("TUD-Stadtmitte", "TUD-Campus")
_CAMERA = CameraId("0" * 32)


def followed(folder: Path, detector: Detector, rate: float) -> Counts:
    """Of all sequences, at ``rate`` pictures a second; judged on the pictures that were shown."""
    total: Counts | None = None
    for name in SEQUENCES:
        counts = _one(read_sequence(folder / name), detector, rate)
        total = counts if total is None else total + counts
    assert total is not None
    return total


def _one(sequence: MotSequence, detector: Detector, rate: float) -> Counts:
    step = max(1, round(sequence.fps / rate))
    frames = range(1, sequence.frames + 1, step)
    tracker = Tracker(_CAMERA, detector.identity, aspect=sequence.aspect)
    told: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    numbers: dict[str, int] = {}
    by_time = {round(frame * NS_PER_S / sequence.fps): frame for frame in frames}
    for (at_ns, _), picture in zip(by_time.items(), _pictures(sequence, frames), strict=True):
        found = detector.detect([Look(picture)])[0]
        people = [each for each in found if each.kind in (ObjectClass.PERSON, ObjectClass.MOVING)]
        for part in tracker.see(at_ns, people):
            number = numbers.setdefault(part.track, len(numbers))
            for point in part.points:
                if point.seen and point.at_ns in by_time:
                    told[by_time[point.at_ns]].append((number, point.box))
    return count(sequence.truth, told, frames)


def _pictures(sequence: MotSequence, frames: range) -> Iterator[Picture]:
    for frame in frames:
        with av.open(str(sequence.pictures / f"{frame:06d}.jpg")) as file:
            decoded = next(file.decode(video=0))
            yield decoded.to_ndarray(format="bgr24").astype(np.uint8)
