"""Sequences in the form of the MOT challenge, and how well tracks follow what is true: IDF1
(Ristani et al. 2016) and HOTA (Luiten et al. 2020), as their papers define them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from watchglass.analytics.assignment import Floats, assign
from watchglass.model.detection import Box

Placed: TypeAlias = Mapping[int, Sequence[tuple[int, Box]]]
"""By frame: whose box it is."""
_SAME = 0.5
_ALPHAS = np.arange(0.05, 0.99, 0.05)


@dataclass(frozen=True, slots=True)
class MotSequence:
    """``found``: the published detections of a frame, with their scores as they are."""

    name: str
    fps: float
    frames: int
    aspect: float
    truth: Placed
    found: Mapping[int, Sequence[tuple[Box, float]]]
    pictures: Path


def read_sequence(folder: Path) -> MotSequence:
    told = ConfigParser()
    told.read(folder / "seqinfo.ini")
    info = told["Sequence"]
    width, height = float(info["imWidth"]), float(info["imHeight"])
    truth: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    for frame, whose, box, considered in _rows(folder / "gt" / "gt.txt", width, height):
        if considered:
            truth[frame].append((whose, box))
    found: dict[int, list[tuple[Box, float]]] = defaultdict(list)
    for frame, _, box, score in _rows(folder / "det" / "det.txt", width, height):
        found[frame].append((box, score))
    return MotSequence(
        info["name"], float(info["frameRate"]), int(info["seqLength"]), width / height,
        truth, found, folder / info["imDir"],
    )  # fmt: skip


def _rows(path: Path, width: float, height: float) -> Iterable[tuple[int, int, Box, float]]:
    for line in path.read_text().splitlines():
        frame, whose, x, y, w, h, score = (float(each) for each in line.split(",")[:7])
        box = Box(x / width, y / height, (x + w) / width, (y + h) / height)
        yield int(frame), int(whose), box, score


@dataclass(frozen=True, slots=True)
class Counts:
    """What scores are made of; counts of several sequences add up."""

    true: int
    told: int
    true_ids: int
    matched: Floats
    association: Floats

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.true + other.true, self.told + other.told, self.true_ids + other.true_ids,
            self.matched + other.matched, self.association + other.association,
        )  # fmt: skip

    @property
    def idf1(self) -> float:
        """From 0 to 1."""
        return 2 * self.true_ids / max(1, self.true + self.told)

    @property
    def hota(self) -> float:
        """From 0 to 1, over all thresholds."""
        detection = self.matched / np.maximum(1, self.true + self.told - self.matched)
        association = self.association / np.maximum(1, self.matched)
        return float(np.mean(np.sqrt(detection * association)))


NOTHING = Counts(0, 0, 0, np.zeros(len(_ALPHAS)), np.zeros(len(_ALPHAS)))


def count(truth: Placed, told: Placed, frames: Iterable[int]) -> Counts:
    """Of these frames alone."""
    looked = sorted(frames)
    true_names = _numbered(truth, looked)
    told_names = _numbered(told, looked)
    seen = [
        (
            [true_names[whose] for whose, _ in truth.get(frame, ())],
            [told_names[whose] for whose, _ in told.get(frame, ())],
            overlaps(
                [box for _, box in truth.get(frame, ())], [box for _, box in told.get(frame, ())]
            ),
        )
        for frame in looked
    ]
    shape = len(true_names), len(told_names)
    true_counts, told_counts = np.zeros(shape[0]), np.zeros(shape[1])
    same, likely = np.zeros(shape), np.zeros(shape)
    for true_ids, told_ids, overlap in seen:
        true_counts[true_ids] += 1
        told_counts[told_ids] += 1
        where = np.ix_(true_ids, told_ids)
        same[where] += overlap >= _SAME
        around = overlap.sum(0)[None, :] + overlap.sum(1)[:, None] - overlap
        likely[where] += np.divide(overlap, around, out=np.zeros_like(overlap), where=around > 0)
    aligned = likely / np.maximum(
        np.finfo(float).eps, true_counts[:, None] + told_counts[None, :] - likely
    )
    matched, association = _hota(seen, aligned, true_counts, told_counts)
    return Counts(
        int(true_counts.sum()), int(told_counts.sum()), _true_ids(same), matched, association
    )


def _numbered(placed: Placed, frames: Sequence[int]) -> dict[int, int]:
    names = sorted({whose for frame in frames for whose, _ in placed.get(frame, ())})
    return {name: number for number, name in enumerate(names)}


def _true_ids(same: Floats) -> int:
    """In how many frames each is followed by the one track that is taken for its own."""
    most = float(same.max(initial=0)) + 1
    return int(sum(same[pair] for pair in assign(most - same, most)))


def _hota(
    seen: Sequence[tuple[list[int], list[int], Floats]],
    aligned: Floats,
    true_counts: Floats,
    told_counts: Floats,
) -> tuple[Floats, Floats]:
    together = np.zeros((len(_ALPHAS), *aligned.shape))
    for true_ids, told_ids, overlap in seen:
        score = aligned[np.ix_(true_ids, told_ids)] * overlap
        for true, other in assign(-score, 0):
            held = overlap[true, other] >= _ALPHAS - np.finfo(float).eps
            together[held, true_ids[true], told_ids[other]] += 1
    union = true_counts[:, None] + told_counts[None, :] - together
    association = (together * together / np.maximum(1, union)).sum(axis=(1, 2))
    return together.sum(axis=(1, 2)), association


def overlaps(some: Sequence[Box], others: Sequence[Box]) -> Floats:
    """Intersection over union of each with each."""
    a = np.array([(each.x0, each.y0, each.x1, each.y1) for each in some]).reshape(-1, 4)
    b = np.array([(each.x0, each.y0, each.x1, each.y1) for each in others]).reshape(-1, 4)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.maximum(0, high - low), axis=2)
    areas = np.prod(a[:, 2:] - a[:, :2], axis=1)[:, None] + np.prod(b[:, 2:] - b[:, :2], axis=1)
    return np.asarray(both / np.maximum(np.finfo(float).eps, areas - both))
