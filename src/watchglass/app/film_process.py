"""The process that looks at one video for ``watchglass analyse FILE``: one order, and it ends.

A video from anywhere is read and decoded here and nowhere else. It may read that file and the
models, writes nothing, and talks to nobody but who started it.
"""

import os
import signal
import sys
import time
from pathlib import Path

import msgspec

from watchglass.analytics.detectors import Chosen, choose
from watchglass.analytics.models import Models
from watchglass.app.fences import fence_in, of_film, tell
from watchglass.app.few_rights import keep_to_itself, step_back
from watchglass.app.film import FilmReport, Way, crossings, understand
from watchglass.app.film_sheet import sheet
from watchglass.app.pipes import first_message, say, take_messages
from watchglass.app.refusal import refusal
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.media.drawn import jpeg
from watchglass.media.film import START_NS, Film
from watchglass.model.film import FilmAt, FilmOrder, FilmThing, FilmTold

_NICE = 5
_MOST_MEMORY_BYTES = 4 << 30
_MOST_DESCRIPTORS = 64
_TELL_S = 0.5
_PART_S = 120
"""No second of a film takes that long to look at: what does ends the process."""


def main() -> None:
    """Carry out one order; end early where nobody waits for it any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder: msgspec.json.Decoder[FilmOrder] = msgspec.json.Decoder(FilmOrder)
    try:
        order = first_message(decoder)
    except EOFError:
        return
    log.configure("error")
    try:
        tell(fence_in(of_film(Path(order.file), Path(order.models)), order.fences))
        step_back(_NICE, _MOST_MEMORY_BYTES)
        take_messages(decoder, lambda _: None, lambda: os._exit(0))
        say(_looked_at(order))
    except WatchglassError as error:
        say(refusal(error))
        sys.exit(error.exit_code)


def _looked_at(order: FilmOrder) -> FilmTold:
    film = Film(Path(order.file))
    chosen = choose(Models(Path(order.models)), order.model, order.threads)
    keep_to_itself(_MOST_DESCRIPTORS)
    told_s = time.monotonic()

    def progress(now_ns: int, whole_ns: int) -> None:
        nonlocal told_s
        signal.alarm(_PART_S)
        if time.monotonic() - told_s >= _TELL_S:
            told_s = time.monotonic()
            say(FilmAt(now_ns, whole_ns))

    signal.alarm(_PART_S)
    try:
        report = understand(film, chosen.detector, order.rate, progress)
    finally:
        signal.alarm(0)
        film.close()
        chosen.detector.close()
    return _told(order, report, chosen)


def _told(order: FilmOrder, report: FilmReport, chosen: Chosen) -> FilmTold:
    counted = crossings(report.understood, order.line) if order.line is not None else None
    return FilmTold(
        began_ns=START_NS, length_ns=report.length_ns, pictures=report.pictures,
        looks=report.looks, failed=report.failed, detector=chosen.detector.identity,
        names=tuple(sorted(chosen.detector.names)), instead=chosen.instead,
        things=tuple(map(_thing, report.ways)), motion=tuple(report.motion),
        spans=tuple(report.spans), crossings=None if counted is None else tuple(counted),
        sheet=jpeg(sheet(report.ways)) if order.sheet else b"",
    )  # fmt: skip


def _thing(way: Way) -> FilmThing:
    best = way.best
    return FilmThing(
        kind=way.kind, points=tuple(way.points), coarse=way.coarse, end=way.end,
        best_ns=best.at_ns if best is not None else None,
        best_box=best.box if best is not None else None,
    )  # fmt: skip


if __name__ == "__main__":
    main()
