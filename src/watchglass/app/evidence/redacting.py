"""What a redacted copy is made of and by: for the desk of a recorder, and for a command."""

import hashlib
import json
import shutil
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

import watchglass
from watchglass.app.ground import Ground
from watchglass.app.task import Task
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import DamagedError, NotFoundError, RefusedError, WatchglassError
from watchglass.base.ids import CameraId, LookId, VolumeId, random_id
from watchglass.evidence.page.statement import statement_page
from watchglass.evidence.redacted import KIND
from watchglass.evidence.verify import STATEMENT
from watchglass.model.analysis import Analysis, AnalysisSpan
from watchglass.model.detection import REGIONS
from watchglass.model.erasure import SignStatementRequest
from watchglass.model.look import Look, LookKind
from watchglass.model.order import StatementKind
from watchglass.model.redaction import (
    COPY,
    FOUND,
    PART,
    Correction,
    FromRedactor,
    RedactFailed,
    RedactFound,
    Redaction,
    RedactStart,
    RedactTold,
    RedactWritten,
    SourceFile,
    Unlooked,
    WholeCause,
)
from watchglass.model.stream import StreamName
from watchglass.recording.canonical import canonical_line
from watchglass.recording.ledger import Ledger
from watchglass.recording.mediapath import media_path
from watchglass.store.events import EventStore
from watchglass.store.index import IndexStore
from watchglass.store.site import SiteStore

PAGE = "statement.html"
MODULE = "watchglass.app.evidence.redact_worker"
_AROUND_NS = 60 * NS_PER_S
_COPY_BYTES_S = 400_000
_TOLD: msgspec.json.Decoder[FromRedactor] = msgspec.json.Decoder(FromRedactor)


def look_of(redaction: Redaction, by: str) -> Look:
    """That somebody is about to have it looked at, or written."""
    return Look(
        LookId(random_id()), by, redaction.camera, StreamName.MAIN, LookKind.REDACTED,
        redaction.from_ns, redaction.to_ns, reason=redaction.reason,
    )  # fmt: skip


def start_of(
    on: Ground, store: SiteStore, index: IndexStore, redaction: Redaction, folder: Path, *,
    write: bool,
) -> RedactStart:  # fmt: skip
    """What its process has to know; NotFoundError where nothing of the span is recorded."""
    volumes = {VolumeId(each.id): each.path for each in store.volumes()}
    files = _files(index, volumes, redaction)
    if not files:
        raise NotFoundError("Nothing of this span can be copied: choose one that is recorded.")
    settings = on.settings
    return RedactStart(
        str(folder), files, tuple(str(each) for each in volumes.values()),
        str(settings.models), settings.model, redaction.from_ns, redaction.to_ns,
        store.masking(redaction.camera).covers, unlooked_of(on, redaction),
        settings.log_level.value, settings.log_json, settings.fences, write,
        redaction.corrections,
    )  # fmt: skip


def _files(
    index: IndexStore, volumes: dict[VolumeId, Path], of: Redaction
) -> tuple[SourceFile, ...]:
    with index.read() as reader:
        rows = reader.files_between(
            of.camera, StreamName.MAIN, of.from_ns - _AROUND_NS, of.to_ns + _AROUND_NS
        )
    return tuple(
        SourceFile(
            str(
                media_path(
                    volumes[row.volume], row.camera, row.stream, row.opened_ns, row.run,
                    row.sequence,
                )
            ),
            row.media_from, row.wall_from, row.rate_ppb,
        )
        for row in rows
        if row.volume in volumes
    )  # fmt: skip


def unlooked_of(on: Ground, of: Redaction) -> tuple[Unlooked, ...]:
    """What was not looked at as it was recorded, or only by the sizes of its packets."""
    spans: list[AnalysisSpan] = []
    if on.layout.events_db.exists():
        with suppress(WatchglassError):
            events = EventStore(on.layout.events_db, on.disk)
            try:
                spans = events.spans(of.camera, of.from_ns, of.to_ns)
            finally:
                events.close()
    return unlooked(spans, of.from_ns, of.to_ns)


def unlooked(spans: list[AnalysisSpan], from_ns: int, to_ns: int) -> tuple[Unlooked, ...]:
    """All of a span but what was analysed. Where two tell of the same moment, the worse counts."""
    found = [
        Unlooked(
            each.from_ns, each.to_ns,
            WholeCause.QUIET if each.state is Analysis.QUIET else WholeCause.NOT_ANALYSED,
        )
        for each in spans
        if each.state is not Analysis.ANALYSED
    ]  # fmt: skip
    at_ns = from_ns
    for each in sorted(spans, key=lambda one: one.from_ns):
        if each.from_ns > at_ns:
            found.append(Unlooked(at_ns, each.from_ns, WholeCause.NOT_ANALYSED))
        at_ns = max(at_ns, each.to_ns)
    if at_ns < to_ns:
        found.append(Unlooked(at_ns, to_ns, WholeCause.NOT_ANALYSED))
    return tuple(sorted(found, key=lambda one: one.from_ns))


def run(task: Task, start: RedactStart, told: Callable[[int], None]) -> RedactFound | RedactWritten:
    """Have a process of ``MODULE`` do it. RefusedError says why it did not; one that died made
    nothing."""
    answer: RedactFound | RedactWritten | None = None
    task.tell(start)
    for line in task.lines():
        try:
            message = _TOLD.decode(line)
        except msgspec.MsgspecError:  # it tells what it is fenced by, too
            continue
        match message:
            case RedactTold():
                told(message.done)
            case RedactFailed():
                raise RefusedError(message.error)
            case RedactFound() | RedactWritten():
                answer = message
    if answer is None:
        raise RefusedError(
            "The process that makes the copy ended before it was done: the recorder's log says why."
        )
    return answer


def prepare(on: Ground, folder: Path, *, anew: bool) -> None:
    """Its folder, without a copy that an earlier process wrote or half wrote; ``anew``: without
    what it found, too."""
    on.disk.make_folders(WriteSite.EVIDENCE, folder, 0o700)
    for name in (STATEMENT, PAGE, COPY, PART, *((FOUND,) if anew else ())):
        on.disk.unlink(WriteSite.EVIDENCE, folder / name)


def require_room(on: Ground, folder: Path, redaction: Redaction) -> None:
    """RefusedError rather than a full disk."""
    need = (redaction.to_ns - redaction.from_ns) // NS_PER_S * _COPY_BYTES_S
    if shutil.disk_usage(folder).free < need + on.settings.floor_bytes:
        raise RefusedError("There is no room for this copy: take a shorter span, or free some.")


def state(
    on: Ground,
    redaction: Redaction,
    written: RedactWritten,
    sign: Callable[[SignStatementRequest], str],
    folder: Path,
    by: str,
) -> str:
    """Write the signed statement beside the copy, as JSON and as a page; the fingerprint of the
    key that signed it."""
    key = _public_key(on)
    text = canonical_line(document(on, redaction, written, key, by))
    digest = hashlib.sha256(text).hexdigest()
    signature = sign(SignStatementRequest(StatementKind.REDACTED, redaction.id, digest, by))
    told = json.dumps({"statement": text.decode(), "signature": signature}).encode()
    page = statement_page(text.decode(), signature).encode()
    # The page first: where the statement lies, all of it does.
    on.disk.write_whole(WriteSite.EVIDENCE, folder / PAGE, page, 0o600)
    on.disk.write_whole(WriteSite.EVIDENCE, folder / STATEMENT, told, 0o600)
    return hashlib.sha256(bytes.fromhex(key)).hexdigest()


def document(
    on: Ground, redaction: Redaction, written: RedactWritten, key: str, by: str
) -> dict[str, Any]:
    """What is signed of a copy. It tells nothing of what is hidden but how much of it there is."""
    detector = redaction.detector
    return {
        "v": 1, "kind": KIND, "program": watchglass.__version__,
        "made": str(on.clock.wall_ns()), "redaction": redaction.id, "key": key,
        "camera": redaction.camera, "name": redaction.name, "stream": StreamName.MAIN.value,
        "from": str(redaction.from_ns), "to": str(redaction.to_ns),
        "shows": {"from": str(written.from_ns), "to": str(written.to_ns)},
        "reason": redaction.reason, "by": by, "asked_by": redaction.by,
        "detector": "" if detector == REGIONS else detector,
        "reviewed_by": redaction.reviewed_by, "reviewed": str(redaction.reviewed_ns),
        "pictures": written.pictures, "whole": written.whole, "causes": written.causes,
        "corrections": [_correction(each) for each in redaction.corrections],
        "file": COPY, "bytes": str(written.bytes), "sha256": written.sha256,
        "from_fragments": [
            {"file": each.file, "number": str(each.number), "leaf": each.leaf}
            for each in written.fragments
        ],
    }  # fmt: skip


def _correction(each: Correction) -> dict[str, Any]:
    """Where a drawn box lies is in the copy; who is where is not told."""
    return {
        "what": each.kind.value, "by": each.by, "at": str(each.at_ns), "number": str(each.number),
        "first": each.first, "last": each.last,
    }  # fmt: skip


def _public_key(on: Ground) -> str:
    lines = Ledger.read_lines(on.layout.ledgers / "site")
    found = deque((line.text("public_key") for line in lines if line.type == "key"), 1)
    if not found:
        raise DamagedError("The site's ledger names no key: 'watchglass check' says more.")
    return found[-1]


def forget_found(on: Ground, folder: Path) -> None:
    """What was found tells where people went: it goes with the copy."""
    for name in (FOUND, PART, COPY, STATEMENT, PAGE):
        on.disk.unlink(WriteSite.EVIDENCE, folder / name)
    with suppress(OSError):
        folder.rmdir()


def new_redaction(
    camera: CameraId, name: str, from_ns: int, to_ns: int, reason: str, by: str, now_ns: int
) -> Redaction:
    """One that a command asks for."""
    return Redaction(
        id=random_id(), camera=camera, name=name, from_ns=from_ns, to_ns=to_ns, reason=reason,
        by=by, by_id="", asked_ns=now_ns,
    )  # fmt: skip
