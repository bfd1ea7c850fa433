"""Entry of the process that looks at each picture of a span for a redacted copy, or writes it.

It decodes what strangers' cameras sent, so it is fenced: it reads recordings and models, and writes
to one folder. It may die of a picture; then there is no copy.
"""

import hashlib
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec

from watchglass.analytics.covering import Hidden, hidden
from watchglass.analytics.detector import Detector, Look
from watchglass.analytics.detectors import choose
from watchglass.analytics.hiding import Linker, found_of
from watchglass.analytics.looking_anew import PATIENCE_S, Answer, LookingAnew
from watchglass.analytics.models import Models
from watchglass.analytics.motion import Motion
from watchglass.app.evidence.redact_found import read_found
from watchglass.app.evidence.redact_pictures import Shown, SpanPictures, fragments_of
from watchglass.app.fences import fence_in, of_redactor, tell
from watchglass.app.few_rights import step_back
from watchglass.app.look_back_gops import Gop
from watchglass.app.pipes import first_message, leave, say, take_messages
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import StreamInvalidError, WatchglassError
from watchglass.media.redacted import TICKS, RedactedFile
from watchglass.model.detection import Box
from watchglass.model.redaction import (
    COPY,
    FOUND,
    PART,
    Found,
    FoundBox,
    FoundPicture,
    RedactFailed,
    RedactFound,
    RedactStart,
    RedactTold,
    RedactWritten,
    ToRedactor,
    WholeCause,
)

MOST_PICTURES = 60_000
_NICE = 5
_MOST_MEMORY_BYTES = 8 << 30
_PICTURE_S = 30.0
"""No picture takes that long to decode: what does ends the process."""
_TELL_S = 0.5
_PIECE_BYTES = 1 << 20
_LOG = log.get("redaction")


def look(start: RedactStart, detector: Detector, patience_s: float = PATIENCE_S) -> Found:
    """Look at each picture of the span."""
    progress = _Progress()
    anew = LookingAnew(detector, patience_s)
    motion = None if anew.names_things else Motion()
    linker = Linker()
    found: list[FoundPicture] = []
    waiting: list[tuple[Shown, Look]] = []
    pictures = _pictures(start)
    size = (0, 0)

    def take() -> None:
        looks = [each for _, each in waiting]
        _wait_for_ever()
        for (shown, _), answer in zip(waiting, anew.look(looks), strict=True):
            cause = _cause(start, shown.at_ns, answer, names=anew.names_things)
            found.append(_told(shown, answer, linker, cause))
        waiting.clear()
        progress(len(found))

    try:
        for shown in pictures.all():
            if len(found) >= MOST_PICTURES:
                raise StreamInvalidError("There are too many pictures in this span: shorten it.")
            size = size if size[0] else (shown.picture.width, shown.picture.height)
            moving = (
                () if motion is None else motion.look(shown.picture.luma(), shown.at_ns).regions
            )
            waiting.append((shown, Look(shown.picture.bgr(), tuple(each.box for each in moving))))
            if len(waiting) >= anew.batch:
                take()
        if waiting:
            take()
    finally:
        anew.close()
    if not found:
        raise StreamInvalidError("There is no picture in this span that can be read.")
    return found_of(detector.identity, size, found, linker, pictures.unreadable)


def _told(shown: Shown, answer: Answer, linker: Linker, cause: WholeCause | None) -> FoundPicture:
    boxes: tuple[FoundBox, ...] = ()
    if isinstance(answer, WholeCause):
        linker.skip()
    else:
        boxes = linker.see(shown.at_ns, answer)
    return FoundPicture(shown.gop.shape.run, shown.picture.shown_at, shown.at_ns, boxes, cause)


def _cause(start: RedactStart, at_ns: int, answer: Answer, *, names: bool) -> WholeCause | None:
    if isinstance(answer, WholeCause):
        return answer
    if not names:
        return WholeCause.NO_MODEL
    for each in start.unlooked:
        if each.from_ns <= at_ns < each.to_ns:
            return each.cause
    return None


def write(start: RedactStart, found: Found) -> RedactWritten:
    """Write the copy, as corrected; what is not whole never has its name."""
    folder = Path(start.folder)
    progress, pictures = _Progress(), _pictures(start)
    plan = hidden(found, start.corrections)
    known = {(each.run, each.time): at for at, each in enumerate(found.pictures)}
    part = folder / PART
    file = RedactedFile(part, start.covers)
    gops: dict[int, Gop] = {}
    causes: Counter[str] = Counter()
    first_ns = last_ns = -1
    try:
        for shown in pictures.all():
            gops[id(shown.gop)] = shown.gop
            number = known.get((shown.gop.shape.run, shown.picture.shown_at))
            cause = _whole(plan, number)
            if cause is not None:
                causes[cause.value] += 1
            first_ns = shown.at_ns if first_ns < 0 else first_ns
            last_ns = max(last_ns, shown.at_ns + shown.picture.duration_ns)
            boxes = None if number is None or cause is not None else _boxes(plan, number)
            at = (shown.at_ns - first_ns) * TICKS // NS_PER_S
            file.put(shown.picture, shown.aspect, shown.at_ns, at, boxes)
            progress(file.pictures)
        file.finish()
        count = file.pictures
    finally:
        file.close()
    signal.setitimer(signal.ITIMER_REAL, 0)
    fragments = fragments_of(list(gops.values()))
    digest, length = _hashed(part)
    disk = Disk()
    disk.replace(WriteSite.EVIDENCE, part, folder / COPY)
    disk.sync_folder(WriteSite.EVIDENCE, folder)
    return RedactWritten(
        count, sum(causes.values()), length, digest, dict(causes), fragments, first_ns, last_ns
    )


def _whole(plan: Hidden, number: int | None) -> WholeCause | None:
    """A picture that nobody has looked at is hidden."""
    return WholeCause.FAILED if number is None else plan.whole[number]


def _boxes(plan: Hidden, number: int) -> list[Box]:
    return [box for _, box in plan.boxes[number]]


def _hashed(path: Path) -> tuple[str, int]:
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            length += len(piece)
        os.fsync(file.fileno())
    return digest.hexdigest(), length


def _pictures(start: RedactStart) -> SpanPictures:
    return SpanPictures(start.files, start.from_ns, start.to_ns, _alive)


class _Progress:
    """Says how far it is, now and then."""

    def __init__(self) -> None:
        self._told_s = 0.0

    def __call__(self, done: int) -> None:
        if time.monotonic() - self._told_s >= _TELL_S:
            self._told_s = time.monotonic()
            say(RedactTold(done))


def _alive() -> None:
    signal.setitimer(signal.ITIMER_REAL, _PICTURE_S)


def _wait_for_ever() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)


def main() -> None:
    """Do what the first message says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder: msgspec.json.Decoder[ToRedactor] = msgspec.json.Decoder(ToRedactor)
    try:
        start = first_message(decoder)
    except EOFError:
        return
    assert isinstance(start, RedactStart)
    log.configure(start.log_level, json=start.log_json)
    folder = Path(start.folder)
    tell(
        fence_in(
            of_redactor(folder, Path(start.models), [Path(each) for each in start.volumes]),
            start.fences,
        )
    )
    step_back(_NICE, _MOST_MEMORY_BYTES)
    take_messages(decoder, lambda message: None, lambda: os._exit(0))
    try:
        say(write(start, read_found(folder)) if start.write else _looked(start, folder))
    except WatchglassError as error:
        _LOG.error("redaction_failed", error=error.sentence)
        say(RedactFailed(error.sentence))
        sys.stdout.flush()
        os._exit(error.exit_code)
    leave()


def _looked(start: RedactStart, folder: Path) -> RedactFound:
    threads = len(os.sched_getaffinity(0))
    detector = choose(Models(Path(start.models)), start.model, threads).detector
    found = look(start, detector)
    signal.setitimer(signal.ITIMER_REAL, 0)
    raw = msgspec.json.encode(found)
    Disk().write_whole(WriteSite.EVIDENCE, folder / FOUND, raw, 0o600)
    return RedactFound(len(found.pictures), len(found.tracks), found.detector)


if __name__ == "__main__":
    main()
