"""Mean average precision on real pictures: of our path from picture to kinds, and of the plain
script with the same weights, both held to the same truth in the kinds of the closed list."""

import contextlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from benches.accuracy import plain
from watchglass.analytics.backends.onnx import OnnxRuntime, Tuning
from watchglass.analytics.detector import Detector, Look, Picture
from watchglass.analytics.manifest import Family, Manifest
from watchglass.analytics.models import Models
from watchglass.analytics.named import NamedDetector
from watchglass.model.detection import ObjectClass

KINDS: list[ObjectClass] = [kind for kind in ObjectClass if kind is not ObjectClass.MOVING]
Result = dict[str, Any]
_PLAIN: dict[Family, Callable[[Any, Picture], list[plain.Seen]]] = {
    Family.YOLOX: plain.yolox,
    Family.NANODET: plain.nanodet,
}


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures with truth; ``truth`` in COCO's form, categories by their place in `KINDS`."""

    images: Sequence[tuple[int, Picture]]
    truth: COCO


def read(folder: Path, manifest: Manifest) -> Pictures:
    """The pictures of a folder in COCO's form; what is of no kind of ours is no truth."""
    import av

    told = json.loads((folder / "instances.json").read_text())
    names = {each["id"]: str(each["name"]).replace("_", " ") for each in told["categories"]}
    annotations = []
    for each in told["annotations"]:
        kind = manifest.kinds.get(names[each["category_id"]])
        if kind is not None:
            annotations.append(each | {"category_id": KINDS.index(kind)})
    told["annotations"] = annotations
    told["categories"] = [{"id": at, "name": str(kind)} for at, kind in enumerate(KINDS)]
    images = []
    for each in told["images"]:
        with av.open(str(folder / "images" / each["file_name"])) as file:
            frame = next(file.decode(video=0))
            images.append((int(each["id"]), frame.to_ndarray(format="bgr24").astype(np.uint8)))
    truth = COCO()
    truth.dataset = told
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
    return Pictures(images, truth)


def detector(models: Models, manifest: Manifest) -> Detector:
    known = models.find(manifest.name)
    return NamedDetector(manifest, OnnxRuntime(models.load(known), manifest, Tuning()))


def ours(of: Detector, pictures: Pictures) -> float:
    """Of the detector as the product has it, with its own limits."""
    results: list[Result] = []
    for image, picture in pictures.images:
        height, width = picture.shape[:2]
        for each in of.detect([Look(picture)])[0]:
            box = each.box
            corners = (box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height)
            results.append(_result(image, KINDS.index(each.kind), corners, each.confidence))
    return _map(pictures.truth, results)


def theirs(models: Models, manifest: Manifest, pictures: Pictures) -> float:
    """Of the plain script."""
    path = models.find(manifest.name).path
    assert path is not None
    session, read_it = plain.session(path), _PLAIN[manifest.family]
    results: list[Result] = []
    for image, picture in pictures.images:
        for seen in read_it(session, picture):
            kind = manifest.kinds.get(manifest.labels[seen.label])
            if kind is not None:
                results.append(_result(image, KINDS.index(kind), seen.box, seen.score))
    return _map(pictures.truth, results)


def _result(
    image: int, kind: int, corners: tuple[float, float, float, float], score: float
) -> Result:
    left, top, right, bottom = corners
    box = [left, top, right - left, bottom - top]
    return {"image_id": image, "category_id": kind, "bbox": box, "score": score}


def _map(truth: COCO, results: Sequence[Result]) -> float:
    """COCO's mAP at overlaps of 0.50 to 0.95, in percent."""
    if not results:
        return 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        judged = COCOeval(truth, truth.loadRes(list(results)), "bbox")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    return 100.0 * float(judged.stats[0])
