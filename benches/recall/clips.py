"""The clips as a camera's sub-stream: encoded once, kept in the cache by what they are made of."""

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benches.recall import footage as footage_module
from benches.recall import scenes as scenes_module
from benches.recall.footage import SIZE, Footage, footage
from benches.recall.scenes import FPS, LIGHTS, ClipSpec, Interval, Scene
from watchglass.media.encode import VideoEncoder, VideoEncoding
from watchglass.simulate.loop_cache import cache_folder

_PLACES = {
    "training": ("room", "car park", "street"),
    "test": ("corridor", "highway", "hall", "car park", "store", "room"),
    "held": ("store", "hall", "room", "corridor", "highway", "car park"),
}
_PEOPLE = {
    "training": ("woman in grey", "man in black", "woman in white"),
    "test": ("worker", "man leaving", "woman in black", "man in a shirt"),
    "held": ("man in a shirt", "worker", "woman in black", "man leaving"),
}
_CARS = {
    "training": ("white car",),
    "test": ("red car", "sports car"),
    "held": ("sports car", "red car"),
}
_GOPS_S = {False: (2, 4, 10), True: (2, 10, 4)}
_INTERVALS = {"training": 7, "test": 13, "held": 13}
_SEEDS = {"training": 0, "test": 1000, "held": 5000}
_MIRRORED = {"training": (False,), "test": (True,), "held": (False, True)}
_OTHER_GOP = {"training": 0, "test": 0, "held": 1}


@dataclass(frozen=True)
class Clip:
    """``units``: access units in Annex B, and which are key frames; in one file at ``path``."""

    spec: ClipSpec
    path: Path
    units: tuple[tuple[bytes, bool], ...]
    intervals: tuple[Interval, ...]

    @property
    def seconds(self) -> float:
        return len(self.units) / FPS


def specs(half: str) -> list[ClipSpec]:
    """Each light, at constant and at variable bit rate: of ``training``, by which parameters are
    chosen, of ``test``, which was looked at while the first of them were, or of ``held``, whose
    people, places, moments and groups of pictures nobody chose anything by."""
    found = []
    for constant in (False, True):
        for number, light in enumerate(LIGHTS):
            places, people, cars = _PLACES[half], _PEOPLE[half], _CARS[half]
            things = cars if light == "headlight" else (*people, *cars)
            rate = "constant" if constant else "variable"
            found.append(
                ClipSpec(
                    name=f"{half} {light} {rate}",
                    light=light,
                    constant_rate=constant,
                    gop_s=_GOPS_S[constant][(number + _OTHER_GOP[half]) % 3],
                    half=half,
                    place=places[(number + constant) % len(places)],
                    mirrored=_MIRRORED[half][number % len(_MIRRORED[half])],
                    things=things,
                    seed=_SEEDS[half] + 100 * constant + number,
                    intervals=_INTERVALS[half],
                )
            )
    return found


class Clips:
    """Made where they are not in the cache yet: about twenty seconds a clip."""

    def __init__(self, shared: Path, say: Callable[[str], None]) -> None:
        self._shared = shared
        self._say = say
        self._folder = cache_folder().parent / "recall"
        self._footage: Footage | None = None
        sources = (footage_module.__file__, scenes_module.__file__)
        self._made_by = "".join(Path(str(each)).read_text(encoding="utf-8") for each in sources)

    def get(self, spec: ClipSpec) -> Clip:
        key = json.dumps(asdict(spec), sort_keys=True) + self._made_by
        path = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.h264"
        told = path.with_suffix(".json")
        if not told.exists():
            self._say(f"making {spec.name}")
            self._make(spec, path, told)
        head = json.loads(told.read_text(encoding="utf-8"))
        data, at, units = path.read_bytes(), 0, []
        for size, is_key in head["units"]:
            units.append((data[at : at + size], bool(is_key)))
            at += size
        return Clip(spec, path, tuple(units), tuple(Interval(**each) for each in head["intervals"]))

    def _make(self, spec: ClipSpec, path: Path, told: Path) -> None:
        if self._footage is None:
            self._footage = self._cut_outs()
        scene = Scene(spec, self._footage)
        encoder = VideoEncoder(
            VideoEncoding("h264", *SIZE, FPS, spec.kilobits * 1000, spec.constant_rate)
        )
        units: list[bytes] = []
        for number, picture in enumerate(scene.pictures()):
            units += encoder.encode(picture, key=number % (spec.gop_s * FPS) == 0)
        units += encoder.flush()
        sizes = [(len(unit), number % (spec.gop_s * FPS) == 0) for number, unit in enumerate(units)]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(units))
        head = {"units": sizes, "intervals": [asdict(each) for each in scene.intervals]}
        partly = told.with_suffix(f".{os.getpid()}")
        partly.write_text(json.dumps(head), encoding="utf-8")
        partly.rename(told)

    def _cut_outs(self) -> Footage:
        key = Path(str(footage_module.__file__)).read_bytes()
        path = self._folder / f"footage-{hashlib.sha256(key).hexdigest()[:16]}"
        if path.exists():
            kept = pickle.loads(path.read_bytes())
            assert isinstance(kept, Footage)
            return kept
        self._say("cutting people and cars out of the lent videos")
        made = footage(self._shared)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(made))
        return made
