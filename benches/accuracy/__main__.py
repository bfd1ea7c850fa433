"""How exact what is understood is: names, tracks, counts at lines. On real pictures.

``map_loss``: mAP (COCO, 0.50 to 0.95, in points of a hundred, in the kinds of the closed list) that
the product's way from picture to kind loses against a plain script with the same weights: the worst
of the models. ``idf1`` and ``hota``: tracks of people at five pictures a second, with the model
that ``--model`` names. ``line_errors``: how far counts at lines are off, all clips together, of
people and cars whose crossings somebody counted by eye (`benches.accuracy.lines`).
"""

import argparse
import os
import sys
from pathlib import Path

from benches._harness import BenchError, report
from benches.accuracy import following, lines, precision
from watchglass.analytics.catalogue import CATALOGUE, DEFAULT
from watchglass.analytics.models import Models
from watchglass.analytics.regions import RegionDetector
from watchglass.base import log
from watchglass.base.errors import WatchglassError

_TARGETS = {"map_loss": ("<=", 0.5), "line_errors": ("<=", 0.0)}
_RATES = (5.0, 2.0, 25.0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench accuracy")
    parser.add_argument("--quick", action="store_true", help="the default model alone, and 5/s")
    parser.add_argument("--model", default=DEFAULT, choices=sorted(CATALOGUE))
    parser.add_argument("--only", choices=("names", "tracks", "lines"))
    asked = parser.parse_args()
    log.configure("error")
    try:
        return _measure(asked)
    except (BenchError, WatchglassError) as error:
        print(f"accuracy cannot be measured: {error}", file=sys.stderr)
        return 1


def _measure(asked: argparse.Namespace) -> int:
    shared = _shared()
    models = Models(shared / "models")
    figures: dict[str, float | int | None] = {
        "map_loss": None, "idf1": None, "hota": None, "line_errors": None
    }  # fmt: skip
    if asked.only in (None, "names"):
        _names(models, shared, [DEFAULT] if asked.quick else list(CATALOGUE), figures)
    if asked.only in (None, "tracks"):
        _tracks(models, shared, asked.model, _RATES[:1] if asked.quick else _RATES, figures)
    if asked.only in (None, "lines"):
        _lines(models, shared, asked.model, figures)
    return report("accuracy", asked.quick, figures, _TARGETS)


def _names(
    models: Models, shared: Path, names: list[str], figures: dict[str, float | int | None]
) -> None:
    losses = []
    for name in names:
        manifest = CATALOGUE[name]
        pictures = precision.read(shared / "testdata/coco_val_a", manifest)
        found = precision.ours(precision.detector(models, manifest), pictures)
        reference = precision.theirs(models, manifest, pictures)
        losses.append(reference - found)
        figures[f"map_{name}"] = round(found, 2)
        figures[f"reference_map_{name}"] = round(reference, 2)
    figures["map_loss"] = round(max(losses), 2)


def _tracks(
    models: Models,
    shared: Path,
    name: str,
    rates: tuple[float, ...],
    figures: dict[str, float | int | None],
) -> None:
    detector = precision.detector(models, CATALOGUE[name])
    for rate in rates:
        counts = following.followed(shared / "testdata/mot", detector, rate)
        end = "" if rate == _RATES[0] else f"_{rate:.0f}_per_s"
        figures[f"idf1{end}"] = round(counts.idf1, 3)
        figures[f"hota{end}"] = round(counts.hota, 3)


def _lines(models: Models, shared: Path, name: str, figures: dict[str, float | int | None]) -> None:
    """With the model, and without any: counts need no names."""
    clips = shared / "testdata/video"
    named = lines.judged(clips, precision.detector(models, CATALOGUE[name]))
    unnamed = lines.judged(clips, RegionDetector())
    figures["crossings"] = named.crossings
    figures["line_errors"], figures["line_astray"] = named.errors, named.astray
    figures["line_errors_no_model"] = unnamed.errors
    figures["line_astray_no_model"] = unnamed.astray


def _shared() -> Path:
    stated = os.environ.get("WATCHGLASS_SHARED")
    place = Path(stated) if stated else Path(__file__).resolve().parents[2].parent / "shared"
    if not (place / "models").is_dir():
        raise BenchError(
            "there are no models and pictures: lay a folder 'shared' beside the checkout, or name"
            " one in WATCHGLASS_SHARED"
        )
    return place


if __name__ == "__main__":
    sys.exit(main())
