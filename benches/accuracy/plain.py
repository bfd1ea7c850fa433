"""The reference: a plain script that runs the weights as their own demos do.

Written from the demos of YOLOX (``demo/ONNXRuntime/onnx_inference.py``) and NanoDet
(``demo_onnx``), with their thresholds for measuring, and with nothing of ours. OpenCV's bilinear
resizing is written out: ``cv2`` is used where it is installed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """One box, in pixels of the picture: left, top, right, bottom; ``label`` counts from 0."""

    label: int
    box: tuple[float, float, float, float]
    score: float


def session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def resize(image: Array, width: int, height: int) -> Array:
    """``cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)``."""
    try:
        import cv2  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return _resize(image, width, height)
    resized: Array = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return resized


def _resize(image: Array, width: int, height: int) -> Array:
    source_height, source_width = image.shape[:2]
    result = image.astype(np.float64)
    for axis, (source, target) in enumerate(((source_height, height), (source_width, width))):
        position = (np.arange(target) + 0.5) * source / target - 0.5
        low = np.floor(position).astype(int)
        share = np.reshape(position - low, (-1, 1, 1) if axis == 0 else (1, -1, 1))
        first = np.take(result, np.clip(low, 0, source - 1), axis)
        second = np.take(result, np.clip(low + 1, 0, source - 1), axis)
        result = first * (1 - share) + second * share
    return np.clip(np.rint(result), 0, 255).astype(np.uint8)


def yolox(model: Any, image: Array, size: int = 416) -> list[Seen]:
    """``test_conf`` 0.01, ``nmsthre`` 0.65, the best class of a box, as its evaluation has."""
    ratio = min(size / image.shape[0], size / image.shape[1])
    padded = np.full((size, size, 3), 114, np.uint8)
    width, height = int(image.shape[1] * ratio), int(image.shape[0] * ratio)
    padded[:height, :width] = resize(image, width, height)
    blob = np.ascontiguousarray(padded.transpose(2, 0, 1), dtype=np.float32)
    output = model.run(None, {model.get_inputs()[0].name: blob[None]})[0][0]
    grids, strides = [], []
    for stride in (8, 16, 32):
        xv, yv = np.meshgrid(np.arange(size // stride), np.arange(size // stride))
        grid = np.stack((xv, yv), 2).reshape(-1, 2)
        grids.append(grid)
        strides.append(np.full((len(grid), 1), stride))
    grid, stride_of = np.concatenate(grids), np.concatenate(strides)
    centre = (output[:, :2] + grid) * stride_of
    extent = np.exp(output[:, 2:4]) * stride_of
    boxes = np.concatenate((centre - extent / 2, centre + extent / 2), 1) / ratio
    scores = output[:, 4:5] * output[:, 5:]
    best, score = scores.argmax(1), scores.max(1)
    found = [
        Seen(int(best[at]), _corners(boxes[at], image), float(score[at]))
        for at in np.flatnonzero(score >= 0.01)
    ]
    return _nms(found, 0.65)


def nanodet(model: Any, image: Array, size: int = 416) -> list[Seen]:
    """``score_thr`` 0.05, overlap 0.6, every class of a box, the best 100, as its own head has."""
    mean, deviation = np.array([103.53, 116.28, 123.675]), np.array([57.375, 57.12, 58.395])
    shown = (resize(image, size, size).astype(np.float32) - mean) / deviation
    blob = shown.transpose(2, 0, 1)[None].astype(np.float32)
    output = model.run(None, {model.get_inputs()[0].name: blob})[0][0]
    scale_x, scale_y = image.shape[1] / size, image.shape[0] / size
    found: list[Seen] = []
    row = 0
    for stride in (8, 16, 32, 64):
        side = -(-size // stride)
        for y in range(side):
            for x in range(side):
                values = output[row]
                row += 1
                labels = np.flatnonzero(values[:80] > 0.05)
                if not len(labels):
                    continue
                logits = values[80:].reshape(4, 8)
                weights = np.exp(logits - logits.max(1, keepdims=True))
                away = (weights / weights.sum(1, keepdims=True)) @ np.arange(8) * stride
                box = np.array(
                    [
                        max(0.0, x * stride - away[0]),
                        max(0.0, y * stride - away[1]),
                        min(size, x * stride + away[2]),
                        min(size, y * stride + away[3]),
                    ]
                ) * [scale_x, scale_y, scale_x, scale_y]
                found += [
                    Seen(int(each), _corners(box, image), float(values[each])) for each in labels
                ]
    return _nms(found, 0.6)[:100]


def _corners(box: Array, image: Array) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(each) for each in box)
    height, width = image.shape[:2]
    return max(left, 0), max(top, 0), min(right, width), min(bottom, height)


def _nms(found: list[Seen], overlap: float) -> list[Seen]:
    kept: list[Seen] = []
    for each in sorted(found, key=lambda seen: -seen.score):
        if all(each.label != other.label or _iou(each, other) <= overlap for other in kept):
            kept.append(each)
    return kept


def _iou(one: Seen, other: Seen) -> float:
    width = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    height = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(seen.box[2] - seen.box[0]) * (seen.box[3] - seen.box[1]) for seen in (one, other)]
    return width * height / (sum(areas) - width * height)
