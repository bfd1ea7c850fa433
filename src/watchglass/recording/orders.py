"""What people order, as the keeper carries it out: lines for the camera and for the site.

Who and why go into the ledgers as commitments; the texts lie beside them and can be erased.
"""

from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId, GapId, is_id, random_id
from watchglass.model.gap import GapCause
from watchglass.model.order import (
    AddCamera,
    ChangeSound,
    DisableCamera,
    EnableCamera,
    EraseSpan,
    ImportFootage,
    LiftHold,
    MarkSpan,
    NoteBackup,
    NoteChange,
    NoteClip,
    NoteNames,
    NoteRetention,
    NoteStep,
    PauseCamera,
    RemoveCamera,
    SetHold,
    SwapDevice,
)
from watchglass.recording.desk import SITE, Desk
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.erase import refuse_where_held
from watchglass.recording.erasure import ORDERED
from watchglass.recording.footage import import_lines
from watchglass.recording.ledger import MARKED

_RETENTION = "retention_changed"

CameraOrder = (
    AddCamera
    | RemoveCamera
    | PauseCamera
    | DisableCamera
    | EnableCamera
    | NoteChange
    | SwapDevice
    | ChangeSound
    | NoteClip
    | SetHold
    | LiftHold
    | EraseSpan
    | MarkSpan
    | ImportFootage
)


def carry_out(desk: Desk, order: CameraOrder) -> list[LedgerEntry]:
    """The lines of the camera's ledger; the site's line is written at once (synced with them)."""
    match order:
        case AddCamera():
            return _add(desk, order)
        case RemoveCamera() | PauseCamera() | DisableCamera() | EnableCamera():
            return _standing(desk, order)
        case NoteChange() | SwapDevice():
            return _change(desk, order)
        case ChangeSound():
            return _by(desk, order.camera, "sound_changed", order.by, order.reason, on=order.on)
        case SetHold():
            _refuse_erased(desk, order)
            return _by(
                desk, order.camera, "hold_set", order.by, order.reason, camera_too=True,
                hold=order.hold, **{"from": str(order.from_ns), "to": str(order.to_ns)},
                until=None if order.until_ns is None else str(order.until_ns),
            )  # fmt: skip
        case LiftHold():
            return _lift(desk, order)
        case EraseSpan():
            return _erase(desk, order)
        case MarkSpan() | ImportFootage():
            return _mark(desk, order) if isinstance(order, MarkSpan) else import_lines(desk, order)
        case NoteClip():
            _by(
                desk, order.camera, "clip", order.by, order.reason, camera_too=False,
                stream=order.stream.value, **{"from": str(order.from_ns), "to": str(order.to_ns)},
            )  # fmt: skip
            return []


def _standing(
    desk: Desk, order: RemoveCamera | PauseCamera | DisableCamera | EnableCamera
) -> list[LedgerEntry]:
    """Whether the camera is recorded from now on."""
    match order:
        case RemoveCamera():
            erase = {"erase": True} if order.erase else {}
            if order.erase:
                _refuse_held(desk, order.camera)
            entries = _by(desk, order.camera, "camera_removed", order.by, order.reason, **erase)
            return _end_streams(desk, order.camera) + entries
        case PauseCamera():
            until = str(order.until_ns) if order.until_ns is not None else None
            entries = _by(desk, order.camera, "camera_paused", order.by, order.reason, until=until)
            return entries + _cause(desk, order.camera, GapCause.PAUSED)
        case DisableCamera():
            entries = _by(desk, order.camera, "camera_disabled", order.by, order.reason)
            return entries + _cause(desk, order.camera, GapCause.DISABLED)
        case EnableCamera():
            entries = _by(desk, order.camera, "camera_enabled", order.by, order.reason)
            return entries + _cause(desk, order.camera, GapCause.WAITING_KEY_FRAME)


def _add(desk: Desk, order: AddCamera) -> list[LedgerEntry]:
    """Said again at each start, so that a crash between database and ledger leaves nothing out."""
    if order.camera in desk.books:
        return []
    # All that the disk may refuse comes first: whoever is refused may ask again.
    name, address, device = (
        desk.commit(order.camera, text) for text in (order.name, order.address, order.device)
    )
    desk.note_site(("camera_added", {"camera": order.camera, "by": desk.commit_site(order.by)}))
    book = desk.book(order.camera)
    now_ns = desk.clock.wall_ns()
    entries: list[LedgerEntry] = [
        (
            "camera_added",
            {
                "streams": [stream.value for stream in order.streams],
                "name": name,
                "address": address,
            },
        )
    ]
    if device is not None:
        entries.append(("device", {"identity": device}))
    for stream in order.streams:
        entries += book.change_cause(stream, GapCause.WAITING_KEY_FRAME, now_ns, GapId(random_id()))
    return entries


def _change(desk: Desk, order: NoteChange | SwapDevice) -> list[LedgerEntry]:
    """Of a device, what it is stays as long as the ledger, who and why as long as other names."""
    if isinstance(order, NoteChange):
        what = [each.value for each in order.what]
        return _by(desk, order.camera, "camera_changed", order.by, order.reason, what=what)
    if order.camera not in desk.books:
        raise NotFoundError("The keeper knows no such camera: add it again.")
    told: dict[str, object] = {
        "identity": desk.commit(order.camera, order.device),
        "since": str(order.since_ns),
    }
    entries = _by(desk, order.camera, "device", order.by, order.reason, since=told["since"])
    return [(type, {**fields, **told}) for type, fields in entries]


def _mark(desk: Desk, order: MarkSpan) -> list[LedgerEntry]:
    if order.camera not in desk.books:
        raise NotFoundError("The keeper knows no such camera: add it again.")
    if not is_id(order.mark) or order.to_ns <= order.from_ns:
        raise UsageError("A mark needs an id and a span that ends after it begins.")
    if order.mark in desk.chronicle(order.camera).marks:
        return []
    span = {"from": str(order.from_ns), "to": str(order.to_ns)}
    return [(MARKED, {"mark": order.mark, **span})]


def note_of_site(desk: Desk, order: NoteBackup | NoteNames | NoteStep) -> None:
    """Write the line of the site's ledger that says it."""
    by = desk.commit_site(order.by)
    if isinstance(order, NoteStep):
        told = {
            "device": order.device, "step": order.step, "document": order.document or None,
            "back": order.back or None,
        }  # fmt: skip
        who = {"by": by, "reason": desk.commit_site(order.note)}
        desk.note_site(("device_step", {**told, **who}))
        return
    if isinstance(order, NoteBackup):
        fields = {"backup": order.backup, "with_media": order.with_media, "by": by}
        desk.note_site(("backed_up", fields))
    else:
        said = {"by": by, "reason": desk.commit_site(order.reason)}
        desk.note_site(("names_kept", {"hours": order.hours, **said}))


def retention_lines(desk: Desk, order: NoteRetention) -> list[tuple[CameraId, LedgerEntry]]:
    """The site's line is written at once; that of the camera it is about, if any, is given."""
    if order.country is not None:
        by = desk.commit_site(order.by)
        desk.note_site(("country_stated", {"country": order.country or None, "by": by}))
        return []
    stream = order.stream.value if order.stream is not None else None
    said = {"stream": stream, "kept_for": order.kind.value, "hours": order.hours}
    site = {"by": desk.commit_site(order.by), "reason": desk.commit_site(order.reason)}
    if order.camera is None:
        desk.note_site((_RETENTION, {**said, **site}))
        return []
    if order.camera not in desk.books:
        raise NotFoundError("The keeper knows no such camera: add it again.")
    own = {who: desk.commit_person(order.camera, text) for who, text in
           (("by", order.by), ("reason", order.reason))}  # fmt: skip
    desk.note_site((_RETENTION, {"camera": order.camera, **said, **site}))
    return [(order.camera, (_RETENTION, {**said, **own}))]


def _lift(desk: Desk, order: LiftHold) -> list[LedgerEntry]:
    known = order.camera in desk.books
    if not known or order.hold not in desk.chronicle(order.camera).holds:
        raise NotFoundError("There is no such hold: see 'watchglass holds'.")
    return _by(desk, order.camera, "hold_lifted", order.by, order.reason, hold=order.hold)


def _erase(desk: Desk, order: EraseSpan) -> list[LedgerEntry]:
    if order.camera not in desk.books:
        raise NotFoundError("The keeper knows no such camera: add it again.")
    with desk.index.read() as index:
        if any(each.id == order.erasure for each in index.erasures()):
            return []
    if not is_id(order.erasure) or order.to_ns <= order.from_ns:
        raise UsageError("The span to erase ends before it begins.")
    if order.to_ns > desk.clock.wall_ns():
        raise UsageError("What is yet to be recorded cannot be erased: pause the camera.")
    if not order.by or not order.approved_by or order.by == order.approved_by:
        raise RefusedError(
            "An erasure is asked for by one person and approved by another: somebody else decides."
        )
    refuse_where_held(desk, order.camera, order.from_ns, order.to_ns)
    span = {"from": str(order.from_ns), "to": str(order.to_ns)}
    site, own = (
        {
            "by": desk.commit_person(ledger, order.by),
            "approved_by": desk.commit_person(ledger, order.approved_by),
            "reason": desk.commit_person(ledger, order.reason),
        }
        for ledger in (SITE, order.camera)
    )
    told = {"erasure": order.erasure, **span}
    desk.note_site((ORDERED, {"camera": order.camera, **told, **site}))
    return [(ORDERED, {**told, **own})]


def _refuse_erased(desk: Desk, order: SetHold) -> None:
    known = order.camera in desk.books
    if known and desk.chronicle(order.camera).erasures.touches(order.from_ns, order.to_ns):
        raise RefusedError("Some of this span is being erased, as was approved: hold the rest.")


def _refuse_held(desk: Desk, camera: CameraId) -> None:
    held = len(desk.chronicle(camera).holds) if camera in desk.books else 0
    if held:
        raise RefusedError(
            f"{held} of its recordings {'is' if held == 1 else 'are'} held, and what is held is "
            "not erased: lift the holds first, or remove the camera and keep its recordings."
        )


def _by(
    desk: Desk,
    camera: CameraId,
    type: str,
    by: str,
    reason: str,
    *,
    camera_too: bool = True,
    **fields: object,
) -> list[LedgerEntry]:
    """The same line for both ledgers, each with commitments of its own."""
    if camera not in desk.books:
        raise NotFoundError("The keeper knows no such camera: add it again.")
    site = {"by": desk.commit_site(by), "reason": desk.commit_site(reason)}
    own = {}
    if camera_too:
        own = {"by": desk.commit_person(camera, by), "reason": desk.commit_person(camera, reason)}
    desk.note_site((type, {"camera": camera, **fields, **site}))
    return [(type, {**fields, **own})] if camera_too else []


def _cause(desk: Desk, camera: CameraId, cause: GapCause) -> list[LedgerEntry]:
    """Change the cause of the gaps of the camera's streams; one that still runs ends its run."""
    book = desk.book(camera)
    now_ns = desk.clock.wall_ns()
    entries: list[LedgerEntry] = []
    for stream, state in book.streams.items():
        if state.run is None:
            entries += book.change_cause(stream, cause, now_ns)
    return entries


def _end_streams(desk: Desk, camera: CameraId) -> list[LedgerEntry]:
    """End what runs. The gaps are left open: ``camera_removed`` itself ends the accounting."""
    book = desk.book(camera)
    now_ns = desk.clock.wall_ns()
    entries: list[LedgerEntry] = []
    for stream, state in book.streams.items():
        if state.run is not None:
            entries += book.end_run(
                state.run, stream, book.media_end(state.run), now_ns, GapCause.DISABLED
            )
    book.removed = True
    return entries
