"""Evidence bundles that people ask for on the page: one by one, each by a process of its own.

What is asked for is on disk, so a recorder that is started again goes on where it was. The process
that copies has no key and no say: it asks this desk to note what it is about to read, and to sign
what it made, and gets both for the bundle that it was started for alone.
"""

import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from watchglass.app.evidence.book import ExportBook
from watchglass.app.evidence.consent import (
    change_rule,
    checked_cameras,
    decided,
    demands_consent,
    review_due_ns,
)
from watchglass.app.evidence.make import clock_words
from watchglass.app.evidence.passphrases import GONE, Passphrases, require_good
from watchglass.app.ground import Ground
from watchglass.app.kept_index import KeptIndex
from watchglass.app.task import OneByOne, Task
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import DiskFullError, RefusedError, UsageError, WatchglassError
from watchglass.base.ids import ActId, CameraId, is_id, random_id
from watchglass.model.act import MOST_DETAIL, Act, ActKind
from watchglass.model.control import BeginExportRequest, SignExportRequest
from watchglass.model.export import (
    MOST_CAMERAS,
    MOST_EXPORT_S,
    MOST_EXPORTS,
    Consent,
    Export,
    ExportAnswer,
    ExportBegins,
    ExportedCamera,
    ExportFailed,
    ExportMade,
    ExportSigns,
    ExportStart,
    ExportState,
    ExportTold,
    FromExporter,
)
from watchglass.model.export_control import (
    ActOnExportRequest,
    ConsentRuleRequest,
    ExportAct,
    ExportErrand,
    Exports,
    StartExportRequest,
)
from watchglass.store.site import SiteStore

_MODULE = "watchglass.app.evidence.worker"
_MOST_TRIES = 3
_TURN_S = 1.0
_GOP_NS = 60 * NS_PER_S
"""A bundle begins with a key frame, which may be so long before what was asked for."""
_COPIES = 3
"""A bundle lies there as a folder and as a ZIP for a moment, with copies for browsers in both."""
_TOLD: msgspec.json.Decoder[FromExporter] = msgspec.json.Decoder(FromExporter)
_WORDS = {
    ExportAct.APPROVE: "agreed to", ExportAct.REFUSE: "refused",
    ExportAct.ACCEPT: "reviewed and accepted", ExportAct.OBJECT: "reviewed and objected to",
    ExportAct.STOP: "stopped", ExportAct.RESUME: "went on with", ExportAct.DELETE: "deleted",
}  # fmt: skip
_LOG = log.get("exports")


@dataclass(frozen=True, slots=True)
class Notary:
    """What the desk has noted and signed; each returns when that is on disk, and raises."""

    begin: Callable[[BeginExportRequest], None]
    sign: Callable[[SignExportRequest], str]
    note: Callable[[Act], None]


class ExportDesk:
    """Of one recorder. Thread-safe."""

    def __init__(self, on: Ground, store: SiteStore, keeping: Notary, index: KeptIndex) -> None:
        self._on, self._store, self._keeping, self._index = on, store, keeping, index
        self.book = ExportBook(on.layout.state, on.disk)
        self.folder = on.layout.exports
        self._passphrases = Passphrases()
        self._lock = threading.RLock()
        self._work = OneByOne("exports", on.clock, self.make_next, self._forget_people)

    @property
    def pid(self) -> int:
        """Of the process that makes one now; 0 while none does."""
        return self._work.pid

    def start(self) -> None:
        self._on.disk.make_folders(WriteSite.EVIDENCE, self.folder, 0o700)
        self.give_up_lost()
        self._work.start()

    def give_up_lost(self) -> None:
        """Encrypted ones that were not made before the recorder was started again."""
        open_ones = ExportState.ASKED, ExportState.STOPPED
        for each in self.book.all():
            if self._passphrases.lost(each) and (each.goes_on or each.state in open_ones):
                self._erase(each)
                self.book.put(_with(each, state=ExportState.FAILED, error=GONE))

    def close(self) -> None:
        """What goes on goes on at the next start."""
        self._work.close()

    def errand(self, errand: ExportErrand) -> Exports:
        """All of them as they stand after the errand."""
        match errand:
            case StartExportRequest():
                self._ask(errand)
            case ActOnExportRequest():
                self._act(errand)
            case ConsentRuleRequest():
                change_rule(self._store, self._keeping.note, errand, self._on.clock.wall_ns())
            case _:
                pass
        return Exports(tuple(self.book.all()), self._store.consent_rule())

    def overdue(self) -> Sequence[Export]:
        """Emergencies that nobody has reviewed in time."""
        now_ns = self._on.clock.wall_ns()
        return [each for each in self.book.all() if each.overdue(now_ns)]

    def unreviewed(self) -> dict[str, str]:
        """The same as a sentence for each, by the ids."""
        return {
            each.id: f"{each.by} exported evidence of {', '.join(c.name for c in each.cameras)} in "
            "an emergency, and no second person has reviewed it in time: see Evidence."
            for each in self.overdue()
        }

    def forget(self, camera: CameraId, from_ns: int, to_ns: int) -> None:
        """A span was erased: no bundle here may hold it. What was downloaded is out of reach."""
        with self._lock:
            for each in self.book.all():
                held = any(one.id == camera for one in each.cameras)
                if not held or each.from_ns - _GOP_NS >= to_ns or each.asked_to_ns <= from_ns:
                    continue
                self._work.kill(each.id)
                if each.state in (ExportState.ASKED, ExportState.REFUSED):
                    continue
                self._erase(each)
                error = "A part of what it held was erased, and so it was deleted here."
                self.book.put(_with(each, state=ExportState.FAILED, error=error, bytes=0))

    # --- what people ask -----------------------------------------------------------------------

    def _ask(self, asked: StartExportRequest) -> None:
        if not asked.reason.strip():
            raise UsageError("An evidence bundle needs a reason: say why.")
        if not 0 < asked.to_ns - asked.from_ns <= MOST_EXPORT_S * NS_PER_S:
            raise UsageError("A bundle ends after it begins, and is of 31 days at most.")
        if not is_id(asked.id) or not asked.streams or len(asked.cameras) > MOST_CAMERAS:
            raise UsageError(f"A bundle is of one to {MOST_CAMERAS} cameras.")
        require_good(asked.passphrase)
        cameras = checked_cameras(self._store, asked.cameras)
        consent = Consent.NOT_NEEDED
        if demands_consent(self._store, (each.id for each in cameras)):
            consent = Consent.EMERGENCY if asked.emergency else Consent.NEEDED
        now_ns = self._on.clock.wall_ns()
        with self._lock:
            if self.book.find(asked.id) is not None:
                return  # told again
            open_ones = (
                each.goes_on or each.state is ExportState.ASKED for each in self.book.all()
            )
            if sum(open_ones) >= MOST_EXPORTS:
                raise RefusedError(
                    f"{MOST_EXPORTS} bundles wait or are being made: stop one of them first."
                )
            export = Export(
                id=asked.id, cameras=cameras, streams=asked.streams, from_ns=asked.from_ns,
                to_ns=asked.to_ns, asked_to_ns=asked.to_ns, sound=asked.sound, by=asked.by,
                by_id=asked.by_id, reason=asked.reason.strip(), asked_ns=now_ns, consent=consent,
                state=ExportState.ASKED if consent is Consent.NEEDED else ExportState.WAITING,
                review_due_ns=(
                    review_due_ns(self._store, now_ns) if consent is Consent.EMERGENCY else None
                ),
                file=f"evidence-{asked.id[:12]}.zip{'.age' if asked.passphrase else ''}",
                encrypted=bool(asked.passphrase),
            )  # fmt: skip
            # In the ledger first: who cannot be noted asks for nothing.
            self._note(export, asked.by, _asked_words(export), export.reason)
            self._passphrases.keep(export.id, asked.passphrase)
            self.book.put(export)
        self._work.wake()

    def _act(self, act: ActOnExportRequest) -> None:
        with self._lock:
            export = self.book.get(act.id)
            after = self._after(export, act)
            self._note(export, act.by, _WORDS[act.act], act.reason)
            if after is None:
                self._erase(export)
                self._passphrases.drop(export.id)
                self.book.drop(export.id)
            else:
                self.book.put(after)
        if act.act is ExportAct.STOP:
            self._work.kill(export.id)
        self._work.wake()

    def _after(self, export: Export, act: ActOnExportRequest) -> Export | None:
        match act.act:
            case ExportAct.STOP:
                if not export.goes_on and export.state is not ExportState.ASKED:
                    raise RefusedError("It does not go on any more.")
                return _with(export, state=ExportState.STOPPED)
            case ExportAct.RESUME:
                if export.state not in (ExportState.STOPPED, ExportState.FAILED):
                    raise RefusedError("Only what was stopped, or failed, can go on.")
                if not export.by:
                    raise RefusedError(
                        "Who asked for it, and why, was erased with time: ask for it anew."
                    )
                if self._passphrases.lost(export):
                    raise RefusedError(GONE)
                waits = export.consent is Consent.NEEDED
                state = ExportState.ASKED if waits else ExportState.WAITING
                return _with(export, state=state, error="")
            case ExportAct.DELETE:
                if export.goes_on:
                    raise RefusedError("It is being made: stop it first.")
                if export.consent is Consent.EMERGENCY and export.review is None:
                    raise RefusedError(
                        "It was exported in an emergency: a second person has to review it first."
                    )
                return None
            case _:
                return decided(export, act, self._on.clock.wall_ns())

    def _note(self, export: Export, by: str, words: str, reason: str) -> None:
        why = f": {reason.strip()}" if reason.strip() else ""
        detail = f"{words} the evidence bundle {export.id[:12]}{why}"
        for each in export.cameras:
            self._keeping.note(self._new_act(ActKind.EVIDENCE, by, detail, each.id))

    def _new_act(self, kind: ActKind, by: str, detail: str, camera: CameraId | None) -> Act:
        now_ns = self._on.clock.wall_ns()
        return Act(ActId(random_id()), by, kind, now_ns, camera, detail[:MOST_DETAIL])

    def _erase(self, export: Export) -> None:
        if not export.file:
            return
        encrypted = self.folder / export.file
        plain = encrypted.with_suffix("") if export.encrypted else encrypted
        for path in (plain, encrypted):
            self._on.disk.unlink(WriteSite.EVIDENCE, path)
            self._on.disk.unlink(WriteSite.EVIDENCE, path.with_name(f".{path.name}.part"))
        shutil.rmtree(plain.with_name(f"{plain.name}.part"), ignore_errors=True)

    # --- carrying out --------------------------------------------------------------------------

    def _forget_people(self) -> None:
        try:
            self.forget_people()
        except WatchglassError as error:
            _LOG.error("exports_not_forgotten", error=error.sentence)

    def forget_people(self) -> int:
        """Names and reasons go when those beside the ledgers do; of how many bundles."""
        kept_ns = self._store.names_h() * 3600 * NS_PER_S
        return self.book.forget_people(self._on.clock.wall_ns() - kept_ns)

    def make_next(self) -> bool:
        """Make the one that has waited longest; False where none waits."""
        export = self._next()
        if export is None:
            return False
        try:
            self._carry_out(export)
        except (WatchglassError, OSError) as error:
            _LOG.error("export_failed", error=str(error))
            self._set(export.id, state=ExportState.FAILED, error=str(error))
        return True

    def _next(self) -> Export | None:
        waiting = [each for each in self.book.all() if each.goes_on]
        return min(waiting, key=lambda each: (each.asked_ns, each.id), default=None)

    def _carry_out(self, export: Export) -> None:
        if self._passphrases.lost(export):
            raise RefusedError(GONE)
        whole = self._about_bytes(export)
        self._require_room(export, whole)
        for _ in range(_MOST_TRIES):
            now = self._set(
                export.id, state=ExportState.RUNNING, done_bytes=0, whole_bytes=whole, error=""
            )
            if now is None or self._work.ending.is_set():
                return
            self._run(now)
            after = self.book.find(export.id)
            if after is None or not after.goes_on:
                return
            self._on.clock.wait(self._work.ending, _TURN_S)
        if not self._work.ending.is_set():
            sentence = "It ended again and again where it was: the recorder's log says why."
            self._set(export.id, state=ExportState.FAILED, error=sentence)

    def _about_bytes(self, export: Export) -> int:
        """Nearly what will be copied: of each file the share that lies in the span."""
        index = self._index.store()
        if index is None:
            return 0
        found = 0.0
        with index.read() as reader:
            for camera in export.cameras:
                for stream in export.streams:
                    for row in reader.files_between(
                        camera.id, stream, export.from_ns, export.to_ns
                    ):
                        long_ns = max(1, row.wall_to - row.wall_from)
                        share_ns = min(row.wall_to, export.to_ns) - max(
                            row.wall_from, export.from_ns
                        )
                        found += row.length * max(0, share_ns) / long_ns
        return round(found)

    def _require_room(self, export: Export, whole: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < _COPIES * whole + self._on.settings.floor_bytes:
            raise DiskFullError(
                f"A bundle of {whole >> 20} MiB does not fit in {self.folder}: take a shorter "
                "span, or free some space."
            )

    def _run(self, export: Export) -> None:
        with self._work.task(_MODULE, export.id) as task:
            task.tell(self._start_of(export))
            for line in task.lines():
                with suppress(msgspec.MsgspecError):  # it tells what it is fenced by, too
                    self._heard(task, export, _TOLD.decode(line))

    def _start_of(self, export: Export) -> ExportStart:
        settings, secret = self._on.settings, self._passphrases.of(export.id)
        return ExportStart(
            export, str(self._on.layout.state), str(self.folder),
            tuple((each.id, str(each.path)) for each in self._store.volumes()),
            clock_words(), settings.log_level.value, settings.log_json, settings.fences,
            secret.reveal() if secret is not None else "",
        )  # fmt: skip

    def _heard(self, task: Task, export: Export, told: FromExporter) -> None:
        match told:
            case ExportTold():
                self._set(export.id, keep=False, done_bytes=told.done_bytes)
            case ExportBegins():
                task.tell(self._answer(lambda: self._begin(export, told)))
            case ExportSigns():
                request = SignExportRequest(told.bundle, told.manifest, export.by)
                task.tell(self._answer(lambda: self._keeping.sign(request)))
            case ExportMade():
                self._set(
                    export.id, state=ExportState.DONE, to_ns=told.to_ns, bytes=told.bytes,
                    sha256=told.sha256, fingerprint=told.fingerprint, error="",
                    recordings=told.recordings, made_ns=self._on.clock.wall_ns(),
                )  # fmt: skip
                self._passphrases.drop(export.id)
                _LOG.info("exported", export=export.id, bytes=told.bytes)
            case ExportFailed():
                self._set(export.id, state=ExportState.FAILED, error=told.error)

    def _begin(self, export: Export, told: ExportBegins) -> str:
        """Only what was asked for, and agreed to, by whoever asked for it."""
        span = export.from_ns, export.to_ns
        known = {each.id: each.unmasked for each in export.cameras}
        for look in told.looks:
            as_asked = (look.user, (look.from_ns, look.to_ns)) == (export.by, span)
            if not as_asked or known.get(look.camera) is not look.unmasked:
                raise RefusedError("This is not what was asked for.")
        now = self.book.get(export.id)
        if now.state is not ExportState.RUNNING:
            raise RefusedError("It was stopped.")
        self._keeping.begin(
            BeginExportRequest(
                told.bundle, told.looks, export.by, export.reason, now.consent, outside=False
            )
        )
        return ""

    def _answer(self, ask: Callable[[], str]) -> ExportAnswer:
        try:
            return ExportAnswer(ask())
        except WatchglassError as error:
            return ExportAnswer(error=error.sentence)

    def _set(self, id: str, *, keep: bool = True, **changes: object) -> Export | None:
        """The export as it is then; one that was stopped stays stopped: None."""
        with self._lock:
            export = self.book.find(id)
            if export is None or not export.goes_on:
                return None
            export = _with(export, **changes)
            self.book.put(export, keep=keep)
            return export


def note_outside(
    book: ExportBook, store: SiteStore, request: BeginExportRequest, now_ns: int
) -> None:
    """List what a command exports in an emergency, so that a second person looks at it."""
    known = book.find(request.bundle) is not None
    if not request.outside or request.consent is not Consent.EMERGENCY or known:
        return
    if not demands_consent(store, (each.camera for each in request.looks)):
        return
    looks = request.looks
    from_ns = min(each.from_ns for each in looks)
    to_ns = max(each.to_ns or each.from_ns for each in looks)
    book.put(
        Export(
            id=request.bundle,
            cameras=checked_cameras(
                store, (_exported(look.camera, unmasked=look.unmasked) for look in looks)
            ),
            streams=tuple(sorted({each.stream for each in looks})), from_ns=from_ns, to_ns=to_ns,
            asked_to_ns=to_ns, sound=False, by=request.by, by_id="", reason=request.reason,
            asked_ns=now_ns, consent=Consent.EMERGENCY, state=ExportState.DONE,
            review_due_ns=review_due_ns(store, now_ns), made_ns=now_ns,
        )
    )  # fmt: skip


def _exported(camera: CameraId, *, unmasked: bool) -> ExportedCamera:
    return ExportedCamera(camera, "", unmasked)


def _asked_words(export: Export) -> str:
    match export.consent:
        case Consent.EMERGENCY:
            return "asked, in an emergency and without consent, for"
        case Consent.NEEDED:
            return "asked a second person for"
        case _:
            return "asked for"


def _with(export: Export, **changes: object) -> Export:
    return msgspec.structs.replace(export, **changes)
