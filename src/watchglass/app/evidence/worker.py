"""Entry of the process that makes one evidence bundle, and ends.

It reads recordings and ledgers and writes to the folder of exports. It reads bytes that cameras
sent, so it has no key: what it is about to read is noted, and what it made is signed, by the desk
that started it. Behind everybody else in line.
"""

import hashlib
import os
import queue
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec

from watchglass.app.evidence.make import Made, Recorder, Wanted, make_bundle
from watchglass.app.evidence.told import Told
from watchglass.app.evidence.viewing import ViewingCopies
from watchglass.app.fences import fence_in, lay_out_databases, of_exporter, tell
from watchglass.app.ground import Ground
from watchglass.app.layout import Layout
from watchglass.app.pipes import first_message, leave, say, take_messages
from watchglass.base import log
from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import RefusedError, WatchglassError
from watchglass.base.ids import VolumeId
from watchglass.base.secret import Secret
from watchglass.config.settings import Settings
from watchglass.evidence.agefile import encrypt_file
from watchglass.evidence.verify import check_bundle, verdict
from watchglass.model.control import BeginExportRequest, SignExportRequest
from watchglass.model.export import (
    Export,
    ExportAnswer,
    ExportBegins,
    ExportFailed,
    ExportMade,
    ExportSigns,
    ExportStart,
    ExportTold,
    ToExporter,
)
from watchglass.recording.volume import volume_at
from watchglass.store.site import SiteStore
from watchglass.store.vault import Vault

_NICE = 5
_TELL_S = 0.5
_PIECE_BYTES = 1 << 20
_LOG = log.get("exports")


class _Desk(Recorder):
    """Who notes and signs: asked by standard output, answers by standard input."""

    def __init__(self) -> None:
        super().__init__(self._begin, self._sign)
        self.answers: queue.SimpleQueue[ExportAnswer] = queue.SimpleQueue()

    def _begin(self, request: BeginExportRequest) -> None:
        self._ask(ExportBegins(request.bundle, request.looks))

    def _sign(self, request: SignExportRequest) -> str:
        return self._ask(ExportSigns(request.bundle, request.manifest))

    def _ask(self, message: ExportBegins | ExportSigns) -> str:
        say(message)
        answer = self.answers.get()
        if answer.error:
            raise RefusedError(answer.error)
        return answer.signature


class _Progress:
    """Says how far it is, now and then."""

    def __init__(self) -> None:
        self._told_s = 0.0

    def __call__(self, what: str, done: int, whole: int) -> None:
        if time.monotonic() - self._told_s >= _TELL_S:
            self._told_s = time.monotonic()
            say(ExportTold(done))


def made_bundle(start: ExportStart, desk: Recorder, viewing: ViewingCopies) -> ExportMade:
    """Make it; WatchglassError says why not."""
    export, layout, disk = start.export, Layout(Path(start.state)), Disk()
    clock = SystemClock()
    data = layout.state.parent
    on = Ground(Settings(data, data / "media"), layout, disk, clock)
    volumes = {each: Path(path) for each, path in start.volumes}
    there = {each: path for each, path in volumes.items() if volume_at(path) == each}
    target = Path(start.folder) / export.file.removesuffix(".age")
    # The key of the cameras' passwords is never read here.
    with closing(SiteStore(layout.site_db, Vault(layout.vault_key, disk), clock, disk)) as store:
        wanted = Wanted(
            tuple(
                (store.camera(each.id, with_credentials=False), each.unmasked)
                for each in export.cameras
            ),
            frozenset(export.streams), export.from_ns, export.to_ns, export.sound, export.by,
            export.reason, consent_words(export), start.synchronised,
        )  # fmt: skip
        told = Told(on, lambda: store.cameras(include_removed=True, with_credentials=False))
        if target.exists():  # it was made, and nobody heard of it
            disk.unlink(WriteSite.EVIDENCE, target)
        if export.encrypted:
            disk.unlink(WriteSite.EVIDENCE, Path(start.folder) / export.file)
        made = make_bundle(on, desk, wanted, target, told, _path(there), _Progress(), viewing)
    _require_sound(made)
    return _told(_encrypted(made, start, disk) if export.encrypted else made)


def _encrypted(made: Made, start: ExportStart, disk: Disk) -> Made:
    """Under the passphrase; what lay there in the clear is unlinked then."""
    target = Path(start.folder) / start.export.file
    encrypt_file(made.target, target, Secret(start.passphrase), disk)
    disk.unlink(WriteSite.EVIDENCE, made.target)
    return replace(made, target=target)


def consent_words(export: Export) -> dict[str, str]:
    """What the manifest says of the second person."""
    told = {"state": export.consent.value}
    if export.decision is not None:
        told |= {"by": export.decision.by, "at": str(export.decision.at_ns)}
        told |= {"reason": export.decision.reason} if export.decision.reason else {}
    if export.review_due_ns is not None:
        told["review_due"] = str(export.review_due_ns)
    return told


def _path(there: dict[VolumeId, Path]) -> Callable[[VolumeId], Path | None]:
    return there.get


def _require_sound(made: Made) -> None:
    """RefusedError for one that does not pass its own check."""
    found = verdict(check_bundle(str(made.target), made.fingerprint))
    if found["intact"] != "yes" or found["complete"] != "yes":
        raise RefusedError(
            "The bundle is made, and does not pass its own check: look whether the disk is well, "
            "and make it again."
        )


def _told(made: Made) -> ExportMade:
    digest, length = hashlib.sha256(), 0
    with made.target.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            length += len(piece)
    return ExportMade(made.to_ns, length, digest.hexdigest(), made.fingerprint, made.files)


def main() -> None:
    """Make it, and say so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder: msgspec.json.Decoder[ToExporter] = msgspec.json.Decoder(ToExporter)
    try:
        start = first_message(decoder)
    except EOFError:
        return
    assert isinstance(start, ExportStart)
    log.configure(start.log_level, json=start.log_json)
    os.nice(_NICE)
    layout = Layout(Path(start.state))
    lay_out_databases(layout, Disk())
    volumes = [Path(path) for _, path in start.volumes]
    # A fenced process starts no other.
    viewing = ViewingCopies(start.log_level, start.fences, json=start.log_json)
    tell(fence_in(of_exporter(layout, Path(start.folder), volumes), start.fences))
    desk = _Desk()

    def take(message: ToExporter) -> None:
        if isinstance(message, ExportAnswer):
            desk.answers.put(message)

    # Nobody is left to hear of it: what was copied stays, and is gone on with.
    take_messages(decoder, take, lambda: os._exit(0))
    try:
        say(made_bundle(start, desk, viewing))
    except WatchglassError as error:
        _LOG.error("export_failed", error=error.sentence)
        say(ExportFailed(error.sentence))
        sys.exit(error.exit_code)
    leave()


if __name__ == "__main__":
    main()
