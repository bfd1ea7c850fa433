"""Redacted copies that people ask for on the page: one by one, each by a process of its own.

What is asked for, found and corrected is on disk, in a folder for each, so a recorder that is
started again goes on where it was. It tells where people went: it is deleted a month after it was
asked for, and at once where its span is erased.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from watchglass.app.evidence import redacting
from watchglass.app.evidence.redact_found import read_found
from watchglass.app.ground import Ground
from watchglass.app.kept_index import KeptIndex
from watchglass.app.task import OneByOne
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import NotFoundError, RefusedError, UsageError, WatchglassError
from watchglass.base.ids import ActId, CameraId, is_id, random_id
from watchglass.model.act import MOST_DETAIL, Act, ActKind, Note
from watchglass.model.erasure import SignStatementRequest
from watchglass.model.redaction import (
    MOST_CORRECTIONS,
    MOST_REDACTED_S,
    MOST_REDACTIONS,
    Correction,
    CorrectionKind,
    Found,
    RedactFound,
    Redaction,
    RedactionState,
    RedactWritten,
)
from watchglass.model.redaction_control import (
    ActOnRedactionRequest,
    CorrectRedactionRequest,
    RedactionAct,
    RedactionErrand,
    Redactions,
    StartRedactionRequest,
)
from watchglass.store.site import SiteStore

FILE = "redaction.json"
_KEPT_NS = 30 * 24 * 3600 * NS_PER_S
_GOES_ON = (RedactionState.WAITING, RedactionState.FINDING, RedactionState.WRITING)
_TO_CORRECT = (RedactionState.MADE, RedactionState.REVIEWED, RedactionState.WRITTEN)
_OF_TRACKS = (CorrectionKind.KEEP, CorrectionKind.HIDE, CorrectionKind.LIFT)
_ERASED = "A part of its span was erased, and so it was deleted here."
_REDACTION: msgspec.json.Decoder[Redaction] = msgspec.json.Decoder(Redaction)
_LOG = log.get("redaction")


@dataclass(frozen=True, slots=True)
class RedactionNotary:
    """What is noted and signed for it; each returns when that is on disk, and raises."""

    note: Callable[[Note], None]
    sign: Callable[[SignStatementRequest], str]


class RedactionDesk:
    """Of one recorder. Thread-safe."""

    def __init__(
        self, on: Ground, store: SiteStore, keeping: RedactionNotary, index: KeptIndex
    ) -> None:
        self._on, self._store, self._keeping, self._index = on, store, keeping, index
        self.folder = on.layout.redacted
        self._lock = threading.RLock()
        self._redactions = {each.id: each for each in self._read()}
        self._found: tuple[str, Found] | None = None
        self._work = OneByOne("redactions", on.clock, self.make_next, self._forget_old)

    def start(self) -> None:
        self._on.disk.make_folders(WriteSite.EVIDENCE, self.folder, 0o700)
        self._work.start()

    def close(self) -> None:
        """What goes on goes on at the next start."""
        self._work.close()

    def errand(self, errand: RedactionErrand) -> Redactions:
        """All of them as they stand after the errand."""
        match errand:
            case StartRedactionRequest():
                self._ask(errand)
            case CorrectRedactionRequest():
                self._correct(errand)
            case ActOnRedactionRequest():
                self._act(errand)
            case _:
                pass
        with self._lock:
            found = self._redactions.values()
            return Redactions(tuple(sorted(found, key=lambda each: (-each.asked_ns, each.id))))

    def forget(self, camera: CameraId, from_ns: int, to_ns: int) -> None:
        """A span was erased: nothing here may show it, or tell who was in it."""
        with self._lock:
            for each in list(self._redactions.values()):
                if each.camera == camera and each.from_ns < to_ns and from_ns < each.to_ns:
                    self._work.kill(each.id)
                    redacting.forget_found(self._on, self.folder / each.id)
                    self._put(_with(each, state=RedactionState.FAILED, error=_ERASED))

    # --- what people ask -----------------------------------------------------------------------

    def _ask(self, asked: StartRedactionRequest) -> None:
        if not asked.reason.strip():
            raise UsageError("A redacted copy needs a reason: say why.")
        if not is_id(asked.id) or not 0 < asked.to_ns - asked.from_ns <= MOST_REDACTED_S * NS_PER_S:
            raise UsageError(
                f"A redacted copy ends after it begins, and is of {MOST_REDACTED_S // 60} minutes "
                "at most."
            )
        camera = self._store.camera(asked.camera, with_credentials=False)
        with self._lock:
            if asked.id in self._redactions:
                return  # told again
            if len(self._redactions) >= MOST_REDACTIONS:
                raise RefusedError(f"There are {MOST_REDACTIONS} redacted copies: delete some.")
            redaction = Redaction(
                id=asked.id, camera=asked.camera, name=camera.name, from_ns=asked.from_ns,
                to_ns=asked.to_ns, reason=asked.reason.strip(), by=asked.by, by_id=asked.by_id,
                asked_ns=self._on.clock.wall_ns(),
            )  # fmt: skip
            # In the ledger before a byte is read: who cannot be noted gets nothing.
            self._keeping.note(redacting.look_of(redaction, asked.by))
            self._put(redaction)
        self._work.wake()

    def _correct(self, asked: CorrectRedactionRequest) -> None:
        with self._lock:
            redaction = self._get(asked.id)
            if redaction.state not in _TO_CORRECT:
                raise RefusedError("There is nothing to correct yet: wait until all is looked at.")
            if len(redaction.corrections) >= MOST_CORRECTIONS:
                raise RefusedError("There are too many corrections: take a shorter span.")
            self._require_sense(redaction, asked)
            correction = Correction(
                asked.kind, asked.by, self._on.clock.wall_ns(), asked.number, asked.first,
                asked.last, asked.box,
            )  # fmt: skip
            # What was reviewed was another, and so is the copy that was written.
            self._put(
                _with(
                    redaction, corrections=(*redaction.corrections, correction),
                    state=RedactionState.MADE, reviewed_by="", reviewed_ns=0,
                )
            )  # fmt: skip

    def _require_sense(self, redaction: Redaction, asked: CorrectRedactionRequest) -> None:
        found = self._found_of(redaction)
        if asked.kind is CorrectionKind.UNDO:
            if not 0 <= asked.number < len(redaction.corrections):
                raise UsageError("There is no such correction.")
            return
        if asked.kind in _OF_TRACKS and not 0 <= asked.number < len(found.tracks):
            raise UsageError("There is no such track.")
        if not 0 <= asked.first <= asked.last < len(found.pictures):
            raise UsageError(f"There are {len(found.pictures)} pictures, counted from 0.")
        box = asked.box
        if (asked.kind is CorrectionKind.COVER) != (box is not None):
            raise UsageError("A box that is covered has to be drawn, and no other has.")
        if box is not None and not (0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1):
            raise UsageError("A box lies inside the picture, from 0 to 1.")

    def _act(self, act: ActOnRedactionRequest) -> None:
        with self._lock:
            redaction = self._get(act.id)
            match act.act:
                case RedactionAct.DELETE:
                    self._delete(redaction, act.by)
                    return
                case RedactionAct.REVIEW:
                    if redaction.state is not RedactionState.MADE:
                        raise RefusedError("There is nothing to review just now.")
                    now_ns = self._on.clock.wall_ns()
                    self._put(
                        _with(
                            redaction, state=RedactionState.REVIEWED, reviewed_by=act.by,
                            reviewed_ns=now_ns,
                        )
                    )  # fmt: skip
                case RedactionAct.WRITE:
                    if redaction.state not in (RedactionState.REVIEWED, RedactionState.WRITTEN):
                        raise RefusedError("Somebody has to review it first.")
                    self._keeping.note(redacting.look_of(redaction, act.by))
                    self._put(_with(redaction, state=RedactionState.WRITING, done=0))
        self._work.wake()

    def _delete(self, redaction: Redaction, by: str) -> None:
        detail = f"deleted the redacted copy {redaction.id[:12]}"
        self._keeping.note(
            Act(
                ActId(random_id()), by, ActKind.EVIDENCE, self._on.clock.wall_ns(),
                redaction.camera, detail[:MOST_DETAIL],
            )
        )  # fmt: skip
        self._drop(redaction)

    def _drop(self, redaction: Redaction) -> None:
        self._work.kill(redaction.id)
        del self._redactions[redaction.id]
        folder = self.folder / redaction.id
        self._on.disk.unlink(WriteSite.EVIDENCE, folder / FILE)
        redacting.forget_found(self._on, folder)

    # --- carrying out --------------------------------------------------------------------------

    def make_next(self) -> bool:
        """Look at, or write, the one that has waited longest; False where none waits."""
        with self._lock:
            waiting = [each for each in self._redactions.values() if each.state in _GOES_ON]
            found = min(waiting, key=lambda each: (each.asked_ns, each.id), default=None)
        if found is None:
            return False
        try:
            if found.state is RedactionState.WRITING:
                self._write(found)
            else:
                self._look(found)
        except (WatchglassError, OSError) as error:
            if not self._work.ending.is_set():
                _LOG.error("redaction_failed", error=str(error))
                self._set(found.id, state=RedactionState.FAILED, error=str(error))
        return True

    def _look(self, redaction: Redaction) -> None:
        self._set(redaction.id, state=RedactionState.FINDING, done=0)
        made = self._run(redaction, write=False)
        assert isinstance(made, RedactFound)
        self._set(
            redaction.id, state=RedactionState.MADE, pictures=made.pictures, done=made.pictures,
            detector=made.detector,
        )  # fmt: skip

    def _write(self, redaction: Redaction) -> None:
        masks = self._store.masking(redaction.camera).version  # before: later ones are not in it
        made = self._run(redaction, write=True)
        assert isinstance(made, RedactWritten)
        folder = self.folder / redaction.id
        with self._lock:
            if self._redactions.get(redaction.id) is None:
                return
            key = redacting.state(
                self._on, redaction, made, self._keeping.sign, folder, redaction.reviewed_by
            )
            self._set(
                redaction.id, state=RedactionState.WRITTEN, whole=made.whole, bytes=made.bytes,
                sha256=made.sha256, fingerprint=key, written_ns=self._on.clock.wall_ns(),
                done=made.pictures, pictures=made.pictures, masks=masks,
            )  # fmt: skip

    def _run(self, redaction: Redaction, *, write: bool) -> RedactFound | RedactWritten:
        folder = self.folder / redaction.id
        redacting.prepare(self._on, folder, anew=not write)
        redacting.require_room(self._on, folder, redaction)
        index = self._index.store()
        if index is None:
            raise NotFoundError("Nothing is recorded yet.")
        start = redacting.start_of(
            self._on, self._store, index, redaction, folder, write=write
        )  # fmt: skip
        with self._work.task(redacting.MODULE, redaction.id) as task:
            return redacting.run(
                task, start, lambda done: self._set(redaction.id, keep=False, done=done)
            )

    def _forget_old(self) -> None:
        old_ns = self._on.clock.wall_ns() - _KEPT_NS
        with self._lock:
            for each in list(self._redactions.values()):
                if each.asked_ns < old_ns:
                    with suppress(WatchglassError):
                        self._drop(each)

    # --- kept ----------------------------------------------------------------------------------

    def _get(self, id: str) -> Redaction:
        found = self._redactions.get(id)
        if found is None:
            raise NotFoundError("There is no such redacted copy: it may be deleted by now.")
        return found

    def _set(self, id: str, *, keep: bool = True, **changes: object) -> None:
        """One that was deleted, or whose span was erased, stays as it is."""
        with self._lock:
            found = self._redactions.get(id)
            if found is not None and found.state in _GOES_ON:
                self._put(_with(found, **changes), keep=keep)

    def _put(self, redaction: Redaction, *, keep: bool = True) -> None:
        self._redactions[redaction.id] = redaction
        if keep:
            folder = self.folder / redaction.id
            self._on.disk.make_folders(WriteSite.EVIDENCE, folder, 0o700)
            self._on.disk.write_whole(
                WriteSite.EVIDENCE, folder / FILE, msgspec.json.encode(redaction), 0o600
            )

    def _found_of(self, redaction: Redaction) -> Found:
        if self._found is None or self._found[0] != redaction.id:
            self._found = redaction.id, read_found(self.folder / redaction.id)
        return self._found[1]

    def _read(self) -> Sequence[Redaction]:
        found = []
        for path in sorted(self.folder.glob(f"*/{FILE}")):
            redaction = _read(path)
            if redaction is not None:
                found.append(redaction)
        return found


def _read(path: Path) -> Redaction | None:
    try:
        return _REDACTION.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        _LOG.error("redaction_not_read", file=path.parent.name, error=str(error))
        return None


def _with(redaction: Redaction, **changes: object) -> Redaction:
    return msgspec.structs.replace(redaction, **changes)
