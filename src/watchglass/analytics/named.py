"""The detector with a model, apart from what runs it: pictures are fitted, its outputs are read,
and what it says comes to the closed list of kinds."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from watchglass.analytics.crops import Crop, cut_off, plan
from watchglass.analytics.detector import MOST_FOUND, Look
from watchglass.analytics.manifest import Manifest
from watchglass.analytics.outputs import Floats, Reader, Whole, suppressed
from watchglass.analytics.regions import inside
from watchglass.analytics.shown import show
from watchglass.analytics.tracker import Measures
from watchglass.base import log
from watchglass.base.errors import ConfigError
from watchglass.model.detection import Box, Detection, ObjectClass

_LOG = log.get("analytics")


_UNSURE, _SURE = Measures().least, Measures().sure
"""As the tracker has it: what is less certain begins no track, or is nothing."""
_COVERED = 0.3
_LEAST_AREA = 0.004


class Runtime(Protocol):
    """Computes a model: ``float32 (n, 3, height, width)`` to ``float32 (n, rows, columns)``."""

    @property
    def batch(self) -> int:
        """So many at once are fastest, each."""
        ...

    def run(self, shown: Floats) -> Floats: ...

    def close(self) -> None: ...


class NamedDetector:
    """A `Detector` by manifest. Who makes it has held the model to the manifest's hash."""

    def __init__(self, manifest: Manifest, runtime: Runtime) -> None:
        self._manifest = manifest
        self._runtime: Runtime | None = runtime
        self._batch = runtime.batch
        self._kinds = sorted(manifest.names)
        places: dict[ObjectClass, list[int]] = {kind: [] for kind in self._kinds}
        for at, label in enumerate(manifest.labels):
            # Closed here, in code: whatever else the model knows has no place to go to.
            if label in manifest.kinds:
                places[manifest.kinds[label]].append(at)
        self._reader = Reader(manifest, tuple(tuple(places[kind]) for kind in self._kinds))
        _LOG.info(
            "model_loaded", model=manifest.name, sha256=manifest.sha256,
            kinds=[str(kind) for kind in self._kinds], dropped_labels=len(manifest.dropped),
        )  # fmt: skip

    @property
    def identity(self) -> str:
        """See `Detector.identity`."""
        return self._manifest.sha256

    @property
    def names(self) -> frozenset[ObjectClass]:
        """See `Detector.names`."""
        return self._manifest.names | {ObjectClass.MOVING}

    @property
    def size(self) -> tuple[int, int]:
        """See `Detector.size`."""
        return self._manifest.input.width, self._manifest.input.height

    @property
    def batch(self) -> int:
        """See `Detector.batch`."""
        return self._batch

    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        """See `Detector.detect`. Looks at parts of a picture where it is too large to be seen at
        once (`crops`), and at many parts of many pictures together."""
        plans = [plan(look.moving, _size(look), self.size) for look in looks]
        parts = [(at, number) for at, crops in enumerate(plans) for number in range(len(crops))]
        found: list[list[tuple[int, Floats, Floats, Whole]]] = [[] for _ in looks]
        for first in range(0, len(parts), self._batch):
            now = parts[first : first + self._batch]
            seen = self._look_at([(looks[at], plans[at][number]) for at, number in now])
            for (at, number), (boxes, certain, kinds) in zip(now, seen, strict=True):
                found[at].append((number, boxes, certain, kinds))
        return [
            with_unnamed(self._merged(each, crops, _size(look)), look.moving)
            for each, crops, look in zip(found, plans, looks, strict=True)
        ]

    def close(self) -> None:
        """See `Detector.close`."""
        runtime, self._runtime = self._runtime, None
        if runtime is not None:
            runtime.close()

    def _look_at(self, parts: Sequence[tuple[Look, Crop]]) -> list[tuple[Floats, Floats, Whole]]:
        if self._runtime is None:
            raise ConfigError("This detector was closed.")
        width, height = self.size
        shown = np.empty((len(parts), 3, height, width), np.float32)
        fits = []
        for at, (look, crop) in enumerate(parts):
            part = look.picture[crop.y0 : crop.y1, crop.x0 : crop.x1]
            fits.append(show(part, self._manifest.input, shown[at]))
        answers = self._runtime.run(shown)
        found = []
        for answer, fit, (_, crop) in zip(answers, fits, parts, strict=True):
            boxes, certain, kinds = self._reader.read(answer)
            across, down = (crop.x1 - crop.x0) / fit.width, (crop.y1 - crop.y0) / fit.height
            scale = np.array([across, down, across, down], np.float32)
            corner = np.array([crop.x0, crop.y0, crop.x0, crop.y0], np.float32)
            limits = np.array([crop.x1, crop.y1, crop.x1, crop.y1], np.float32)
            placed = np.clip(boxes * scale + corner, corner, limits)
            found.append((placed, certain, kinds))
        return found

    def _merged(
        self,
        parts: Sequence[tuple[int, Floats, Floats, Whole]],
        crops: Sequence[Crop],
        picture_size: tuple[int, int],
    ) -> list[Detection]:
        boxes = np.concatenate([part[1] for part in parts])
        certain = np.concatenate([part[2] for part in parts])
        kinds = np.concatenate([part[3] for part in parts])
        origin = np.concatenate([np.full(len(part[1]), part[0], np.intp) for part in parts])
        left = np.setdiff1d(
            np.arange(len(boxes)), cut_off(boxes, kinds, origin, crops, picture_size)
        )
        overlap = self._manifest.output.overlap
        kept = left[suppressed(boxes[left], certain[left], kinds[left], overlap, MOST_FOUND)]
        shares = boxes[kept].astype(float) / np.array([*picture_size, *picture_size])
        return [
            Detection(self._kinds[kinds[at]], Box(*map(float, box)), float(certain[at]))
            for at, box in zip(kept, shares, strict=True)
            if box[2] > box[0] and box[3] > box[1]
        ]


def with_unnamed(found: list[Detection], moving: Sequence[Box]) -> list[Detection]:
    """And what moves and was not named: a model that does not know a thing, or does not know it
    from above, must not make it unseen. The most certain first, at most `MOST_FOUND`."""
    sure = [each.box for each in found if each.confidence >= _SURE]
    unsure = [each.box for each in found if _UNSURE <= each.confidence < _SURE]
    unnamed = []
    for box in map(inside, moving):
        if box.x1 <= box.x0 or box.y1 <= box.y0 or box.area < _LEAST_AREA:
            continue
        if sum(_shared(box, other) for other in sure) < _COVERED * box.area:
            # Where the model sees something and is not sure, its box is the better one.
            near = max(unsure, key=box.overlap, default=box)
            shown = near if box.overlap(near) > _COVERED else box
            unnamed.append(Detection(ObjectClass.MOVING, shown, _SURE))
    if not unnamed:
        return found
    return sorted([*found, *unnamed], key=lambda each: -each.confidence)[:MOST_FOUND]


def _shared(one: Box, other: Box) -> float:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0.0, width) * max(0.0, height)


def _size(look: Look) -> tuple[int, int]:
    return look.picture.shape[1], look.picture.shape[0]
