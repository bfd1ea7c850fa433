"""The models that are known here: where they lie, their hash, their licence. Pinned in the code.

They are published by others and come from their public repositories, at a commit that does not
change; what arrives is held to its hash.
"""

from watchglass.analytics.manifest import Family, Fit, Input, Manifest, Output
from watchglass.model.detection import ObjectClass

DEFAULT = "yolox_nano"

_COCO = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog",
    "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
    "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich",
    "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
    "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote",
    "keyboard", "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book",
    "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
_ANIMALS = ("sheep", "cow", "elephant", "bear", "zebra", "giraffe")
_BAGS = ("backpack", "handbag", "suitcase")
_KINDS = {
    **{label: ObjectClass(label) for label in _COCO if label in set(ObjectClass)},
    **dict.fromkeys(_ANIMALS, ObjectClass.ANIMAL),
    **dict.fromkeys(_BAGS, ObjectClass.BAG),
}
_NANODET_SHOWN = Input(
    416, 416, Fit.STRETCH, mean=(103.53, 116.28, 123.675), divide=(57.375, 57.12, 58.395)
)
_NANODET_SAYS = Output((8, 16, 32, 64), bins=8)

CATALOGUE: dict[str, Manifest] = {
    each.name: each
    for each in (
        Manifest(
            name="yolox_nano",
            about="Small and quick; the cleanest licence.",
            family=Family.YOLOX,
            file="yolox_nano_416.onnx",
            sha256="695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14",
            licence="Apache-2.0 (Megvii YOLOX)",
            url="https://raw.githubusercontent.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample/"
            "3d4f1119d0694200671c08069ecb847aa0d8495a/model/yolox_nano.onnx",
            input=Input(416, 416, Fit.LETTERBOX),
            output=Output((8, 16, 32), least=0.01, overlap=0.65),
            labels=_COCO,
            kinds=_KINDS,
        ),
        Manifest(
            name="nanodet_plus_m",
            about="More exact. Converted from its ncnn weights; take it from a folder.",
            family=Family.NANODET,
            file="nanodet_plus_m_dyn.onnx",
            sha256="4070c459126f3b9fad8914cd20419564a43afdf723ce8d1fe96decaa3f6efe73",
            licence="Apache-2.0 (RangiLyu NanoDet)",
            input=_NANODET_SHOWN,
            output=_NANODET_SAYS,
            labels=_COCO,
            kinds=_KINDS,
        ),
        Manifest(
            name="nanodet_plus_m_1.5x",
            about="The most exact of these, at twice the work. Converted; take it from a folder.",
            family=Family.NANODET,
            file="nanodet_plus_m_1.5x_dyn.onnx",
            sha256="d95760554d135d3ac4a11e3e930ed2fdf033fd8927ccf8030e7208b2eb936745",
            licence="Apache-2.0 (RangiLyu NanoDet)",
            input=_NANODET_SHOWN,
            output=_NANODET_SAYS,
            labels=_COCO,
            kinds=_KINDS,
        ),
    )
}
