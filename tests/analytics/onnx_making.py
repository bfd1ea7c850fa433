"""Models of ONNX written byte by byte, small and of any behaviour: no exporter is needed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchglass.analytics.manifest import Family, Fit, Input, Manifest, Output
from watchglass.model.detection import ObjectClass

Side = int | str
_FLOAT = 1


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def _number(tag: int, value: int) -> bytes:
    return _varint(tag << 3) + _varint(value)


def _bytes(tag: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(tag << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, values: NDArray[np.float32]) -> bytes:
    dims = b"".join(_number(1, each) for each in values.shape)
    return dims + _number(2, _FLOAT) + _bytes(8, name) + _bytes(9, values.tobytes())


def _value(name: str, shape: Sequence[Side], kind: int = _FLOAT) -> bytes:
    dims = b"".join(
        _bytes(1, _number(1, each) if isinstance(each, int) else _bytes(2, each)) for each in shape
    )
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, dims)))


def _node(kind: str, taken: Sequence[str], given: str, attributes: bytes = b"") -> bytes:
    inputs = b"".join(_bytes(1, each) for each in taken)
    return inputs + _bytes(2, given) + _bytes(4, kind) + attributes


def _mean(taken: str, given: str, axes: Sequence[int], keep: bool) -> bytes:
    over = _bytes(1, "axes") + b"".join(_number(8, each) for each in axes) + _number(20, 7)
    kept = _bytes(1, "keepdims") + _number(3, int(keep)) + _number(20, 2)
    return _node("ReduceMean", [taken], given, _bytes(5, over) + _bytes(5, kept))


def model(
    says: NDArray[np.float32],
    *,
    by_brightness: NDArray[np.float32] | None = None,
    batch: Side = 1,
    side: tuple[Side, Side] = (64, 64),
    given: Sequence[Side] | None = None,
    kind: int = _FLOAT,
) -> bytes:
    """A model that says ``says`` (rows, columns) of each picture, and ``by_brightness`` times the
    mean of what it is shown beside it. ``given``: a shape that it claims for its output."""
    depends = np.zeros_like(says) if by_brightness is None else by_brightness
    shape = given if given is not None else (batch, *says.shape)
    graph = b"".join(
        (
            _bytes(1, _mean("images", "rows", (3,), keep=False)),
            _bytes(1, _mean("rows", "level", (1, 2), keep=True)),
            _bytes(1, _node("Mul", ["level", "depends"], "more")),
            _bytes(1, _node("Add", ["more", "says"], "output")),
            _bytes(2, "made"),
            _bytes(5, _tensor("says", says[None].astype(np.float32))),
            _bytes(5, _tensor("depends", depends[None].astype(np.float32))),
            _bytes(11, _value("images", (batch, 3, *side), kind)),
            _bytes(12, _value("output", shape)),
        )
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, "") + _number(2, 13))


LABELS = ("person", "teapot", "lorry", "van")


@dataclass(frozen=True, slots=True)
class Made:
    """A model of the family YOLOX of 64 pixels a side, and its manifest."""

    manifest: Manifest
    data: bytes = field(repr=False)


def manifest(**changed: object) -> Manifest:
    """Of a model like those made here; its hash is that of nothing."""
    plain = Manifest(
        name="made", family=Family.YOLOX, file="made.onnx", sha256="0" * 64, licence="none",
        input=Input(64, 64, Fit.LETTERBOX), output=Output((32,)), labels=LABELS,
        kinds={"person": ObjectClass.PERSON, "lorry": ObjectClass.TRUCK, "van": ObjectClass.TRUCK},
    )  # fmt: skip
    return replace_in(plain, **changed)


def replace_in(found: Manifest, **changed: object) -> Manifest:
    """Another manifest, with some of it changed."""

    other: Manifest = msgspec.structs.replace(found, **changed)
    return other


def rows_of(*seen: tuple[int, str, float], cells: int = 4) -> NDArray[np.float32]:
    """Output rows of the family YOLOX: in each named cell a thing of 32 pixels, in its middle."""
    rows = np.zeros((cells, 5 + len(LABELS)), np.float32)
    rows[:, :2] = 0.5
    for cell, label, certain in seen:
        rows[cell, 4] = 1.0
        rows[cell, 5 + LABELS.index(label)] = certain
    return rows


def made(says: NDArray[np.float32], batch: Side = 1, **changed: object) -> Made:
    """A model that says so, and a manifest that knows its hash."""
    by_brightness = np.zeros_like(says)
    data = model(says, by_brightness=by_brightness, batch=batch)
    return Made(manifest(sha256=hashlib.sha256(data).hexdigest(), **changed), data)
