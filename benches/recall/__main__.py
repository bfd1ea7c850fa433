"""Of what truly happens before a camera, how much is found; the usual way on the same clips.

Real people and cars are laid into real empty places, in eight lights, at variable and at constant
bit rate; so it is known when each comes and goes. The gate, decoding and motion are the recorder's
own; the usual way decodes everything. What is reported comes of clips that nobody chose anything
by; those for choosing are `--training`, and `--seen`, which were held out once and looked at since.
"""

import argparse
import hashlib
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from benches._harness import BenchError, report
from benches.recall.clips import Clip, Clips, specs
from benches.recall.ours import Ours
from benches.recall.scenes import LIGHTS
from benches.recall.score import Score, score
from benches.recall.usual import UsualSettings, moving, small_pictures
from watchglass.analytics.gate_limits import GateLimits
from watchglass.analytics.motion import MotionSettings

_TARGETS = {"recall": (">=", 0.99), "false_min_per_h": ("<=", 1.0), "intervals": (">=", 200)}
_QUICK_LIGHTS = ("day", "ir", "far")
USUAL = UsualSettings(threshold=25, area=8)
"""Chosen on the training half, of thresholds of 12, 18 and 25 and areas of 4, 8 and 16: the most
found, and of those the fewest false minutes."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench recall", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three of the eight lights")
    parser.add_argument("--training", action="store_true", help="the half for choosing parameters")
    parser.add_argument("--seen", action="store_true", help="the half that was held out before")
    parser.add_argument("--verbose", action="store_true", help="tell each miss and false report")
    options = parser.parse_args()
    try:
        return _measure(options)
    except BenchError as error:
        print(f"recall: {error}", file=sys.stderr)
        return 1


def settings_hash() -> str:
    """Of all that the gate's and motion's judgement hangs on: one set for idle, recall, scale."""
    told = json.dumps([asdict(GateLimits()), asdict(MotionSettings())], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _measure(options: argparse.Namespace) -> int:
    shared = _shared()
    clips = Clips(shared, lambda text: print(text, file=sys.stderr, flush=True))
    half = "training" if options.training else "test" if options.seen else "held"
    ours: dict[str, Score] = {}
    usual: dict[str, Score] = {}
    frames: dict[str, list[int]] = {}
    for spec in specs(half):
        if options.quick and spec.light not in _QUICK_LIGHTS:
            continue
        clip = clips.get(spec)
        told = Ours(clip).run()
        one = _scored(clip, told.moving)
        other = _scored(clip, moving(small_pictures(clip), USUAL))
        rate = "constant" if spec.constant_rate else "variable"
        for key in (spec.light, rate):
            ours.setdefault(key, Score()).add(one)
            usual.setdefault(key, Score()).add(other)
        counts = frames.setdefault(rate, [0, 0])
        counts[0] += told.decoded + told.probed
        counts[1] += len(clip.units)
        if options.verbose:
            _tell(one, other)
    _table(ours, usual)
    return _report(ours, usual, frames, options)


def _scored(clip: Clip, found: list[tuple[float, float]]) -> Score:
    return score(clip.spec.name, clip.intervals, found, clip.seconds)


def _report(
    ours: dict[str, Score],
    usual: dict[str, Score],
    frames: dict[str, list[int]],
    options: argparse.Namespace,
) -> int:
    one, other = Score(), Score()
    for rate in ("variable", "constant"):
        one.add(ours[rate])
        other.add(usual[rate])
    if other.found == other.intervals:
        raise BenchError("the usual way misses nothing, so these clips are too easy to tell")
    figures: dict[str, float | int | None] = {
        "intervals": one.intervals,
        "recall": one.recall,
        "reference_recall": other.recall,
        "false_min_per_h": one.false_min_per_h,
        "reference_false_min_per_h": other.false_min_per_h,
        "idle_h": one.idle_s / 3600,
    }
    for key in (*LIGHTS, "variable", "constant"):
        if key in ours:
            figures[f"recall_{key}"] = ours[key].recall
            figures[f"reference_recall_{key}"] = usual[key].recall
    for rate, (looked, all_) in frames.items():
        figures[f"decoded_share_{rate}"] = looked / all_
    print(f"settings {settings_hash()}")
    targets = dict(_TARGETS)
    targets["recall"] = (">=", max(0.99, other.recall))
    return report("recall", options.quick, figures, targets, enough=not options.quick)


def _table(ours: dict[str, Score], usual: dict[str, Score]) -> None:
    print(f"{'':10}  {'true':>5} {'found':>6} {'usual':>6}  false min/h {'usual':>6}  idle h")
    for key, one in ours.items():
        other = usual[key]
        print(
            f"{key:10}  {one.intervals:5} {one.found:6} {other.found:6}  "
            f"{one.false_min_per_h:11.2f} {other.false_min_per_h:6.2f}  {one.idle_s / 3600:6.2f}"
        )


def _tell(one: Score, other: Score) -> None:
    for text in one.missed:
        print(f"  missed   {text}")
    for text in one.false:
        print(f"  false    {text}")
    for text in other.missed:
        print(f"  usual way missed {text}")


def _shared() -> Path:
    stated = os.environ.get("WATCHGLASS_SHARED")
    place = Path(stated) if stated else Path(__file__).resolve().parents[3] / "shared"
    if not (place / "testdata" / "video").is_dir():
        raise BenchError("no sample videos: lay 'shared' beside the checkout")
    return place


if __name__ == "__main__":
    sys.exit(main())
