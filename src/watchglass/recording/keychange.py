"""The signing key changed or withdrawn, as people order it: a line in every ledger."""

from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.base.ids import CameraId
from watchglass.model.order import NoteBackup, NoteNames, NoteStep, RevokeKey, RotateKey
from watchglass.recording.desk import SITE, Desk, Lines
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.orders import note_of_site

REVOKED = "key_revoked"


def of_recorder(
    desk: Desk, order: NoteBackup | NoteNames | NoteStep | RotateKey | RevokeKey, lines: Lines
) -> None:
    """What is said of the whole recorder: the site's line is written at once, those of the cameras
    are added to ``lines``."""
    if isinstance(order, NoteBackup | NoteNames | NoteStep):
        note_of_site(desk, order)
        return
    if isinstance(order, RotateKey):
        _add(desk, desk.renew_key(), lines)
        return
    known = {line.text("key") for line in desk.chronicle(SITE).lines() if line.type == "key"}
    if order.key not in known:
        raise NotFoundError("This recorder never signed with a key of that id.")
    if order.key == desk.key_id:
        raise RefusedError("The recorder signs with this key: 'watchglass key rotate' first.")
    said = {"key": order.key, "since": str(order.since_ns)}
    entries: dict[str, LedgerEntry] = {}
    for name in desk.ledgers:
        by, reason = desk.commit_person(name, order.by), desk.commit_person(name, order.reason)
        entries[name] = REVOKED, said | {"by": by, "reason": reason}
    _add(desk, entries, lines)


def _add(desk: Desk, entries: dict[str, LedgerEntry], lines: Lines) -> None:
    desk.note_site(entries.pop(SITE))
    for name, entry in entries.items():
        lines[CameraId(name)].append(entry)
