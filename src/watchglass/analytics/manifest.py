"""What a model is, in words that are checked: its file and hash, what it is shown, what it says.

A manifest is JSON or TOML, ours or a stranger's. It maps labels of the model to kinds of the closed
list (``ObjectClass``); a label that it does not map leads to nothing. docs/admin.md has one.
"""

import hashlib
import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from watchglass.analytics.refused import refused_words
from watchglass.base.errors import ConfigError
from watchglass.model.detection import ObjectClass

MOST_BYTES = {".toml": 16 * 1024, ".json": 64 * 1024}
"""The time that TOML takes grows with the square of its length."""
MOST_MODEL_BYTES = 512 * 1024 * 1024
ENDINGS = tuple(MOST_BYTES)
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.onnx")
_STEP = 32


class Family(StrEnum):
    """How a model's output is read. ``yolox``: a row for each cell of the grids, with centre, size,
    certainty and scores. ``nanodet``: a row with scores, and distances as distributions."""

    YOLOX = "yolox"
    NANODET = "nanodet"


class Fit(StrEnum):
    """``letterbox``: the picture keeps its shape, in the upper left corner, and the rest is filled.
    ``stretch``: it fills all."""

    LETTERBOX = "letterbox"
    STRETCH = "stretch"


class Colours(StrEnum):
    BGR = "bgr"
    RGB = "rgb"


Side = Annotated[int, msgspec.Meta(ge=32, le=2048)]
Level = Annotated[float, msgspec.Meta(ge=-1e4, le=1e4)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Share = Annotated[float, msgspec.Meta(ge=0.01, le=0.99)]
Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Line = Annotated[str, msgspec.Meta(max_length=300)]


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the model is shown: ``float32 (1, 3, height, width)``, each level less ``mean``, divided
    by ``divide``; both in the model's order of colours. ``fill`` is the level beside a letterbox.
    """

    width: Side
    height: Side
    fit: Fit
    colours: Colours = Colours.BGR
    mean: tuple[Level, Level, Level] = (0.0, 0.0, 0.0)
    divide: tuple[Level, Level, Level] = (1.0, 1.0, 1.0)
    fill: Annotated[int, msgspec.Meta(ge=0, le=255)] = 114


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How what it says is read. ``bins``: steps of each distance (NanoDet). ``least``: what is less
    certain is left out. ``overlap``: of two of a kind that overlap more, one stays."""

    strides: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, le=256)], ...],
        msgspec.Meta(min_length=1, max_length=8),
    ]
    bins: Annotated[int, msgspec.Meta(ge=0, le=64)] = 0
    least: Share = 0.05
    overlap: Share = 0.6


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``labels`` are all that the model knows, in its order; ``kinds`` is what some of them are
    here. ``url`` is where the file may be fetched; empty: nowhere."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9._-]{0,47}$")]
    family: Family
    file: str
    sha256: Hash
    licence: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    input: Input
    output: Output
    labels: Annotated[tuple[Label, ...], msgspec.Meta(min_length=1, max_length=2000)]
    kinds: dict[Label, ObjectClass]
    url: Line = ""
    about: Line = ""

    @property
    def names(self) -> frozenset[ObjectClass]:
        """All kinds that it can lead to."""
        return frozenset(self.kinds.values())

    @property
    def dropped(self) -> tuple[str, ...]:
        """Labels of the model that lead to nothing."""
        return tuple(label for label in self.labels if label not in self.kinds)


def parse(text: bytes, ending: str, name: str) -> Manifest:
    """A manifest from its bytes; ConfigError in a sentence that begins with ``name`` for any other.

    ``ending`` is ``.toml`` or ``.json``.
    """
    most = MOST_BYTES[ending]
    if len(text) > most:
        raise ConfigError(
            f"{name} is larger than the {most // 1024} KiB of a manifest in {ending}."
        )
    try:
        if ending == ".toml":
            found = msgspec.convert(tomllib.loads(text.decode()), Manifest)
        else:
            found = msgspec.json.decode(text, type=Manifest)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name} is no manifest of a model: {_shown(str(error))}.") from None
    wrong = _wrong(found)
    if wrong:
        raise ConfigError(f"{name} cannot be used: {_shown(wrong)}.")
    return found


def read(path: Path) -> tuple[Manifest, str]:
    """The manifest in a file, and the SHA-256 of the file; ConfigError for what is none."""
    try:
        with path.open("rb") as file:
            text = file.read(max(MOST_BYTES.values()) + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): check its rights.") from None
    return parse(text, path.suffix, path.name), hashlib.sha256(text).hexdigest()


def _wrong(found: Manifest) -> str:
    """What is wrong with it beyond its types; empty if nothing."""
    labels = set(found.labels)
    texts = (*found.labels, *found.kinds, found.licence, found.url, found.about)
    strange = [label for label in found.kinds if label not in labels]
    named = {label: word for label in found.kinds for word in refused_words(label)}
    shown = found.input
    checks = (
        (not _FILE.fullmatch(found.file), "'file' is the name of a file .onnx, without a folder"),
        (not all(text.isprintable() for text in texts), "a text in it does not print"),
        (len(labels) != len(found.labels), "a label stands in it twice"),
        (not found.kinds, "it maps no label to a kind"),
        (bool(strange), f"'kinds' maps {strange[:1]}, which is none of its labels"),
        (
            bool(named),
            f"the label {next(iter(named), '')!r} says who somebody is, and is mapped: take it out"
            " of 'kinds'. Watchglass infers no ethnicity, religion, gender, age, emotion or health,"
            " and knows no faces",
        ),
        (
            ObjectClass.MOVING in found.kinds.values(),
            "no label is of the kind 'moving': that is what is told without a model",
        ),
        (bool(shown.width % _STEP or shown.height % _STEP), f"a side is no multiple of {_STEP}"),
        (0.0 in shown.divide, "it divides by nothing"),
        (list(found.output.strides) != sorted(set(found.output.strides)), "'strides' do not grow"),
        (
            (found.family is Family.NANODET) != (found.output.bins > 1),
            "'bins' are two or more with NanoDet, and none otherwise",
        ),
        (
            not found.url.startswith(("https://", "http://127.0.0.1:")) and bool(found.url),
            "'url' does not begin with https://",
        ),
    )
    return next((sentence for is_wrong, sentence in checks if is_wrong), "")


def _shown(text: str) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain[:300].rstrip(".")
