"""Collectors that were sent out: each has a secret of its own, and comes back once."""

import secrets
from pathlib import Path

import msgspec

from watchglass.app.ground import Ground
from watchglass.app.scanning import Looked, take_in
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CollectorId, ScanId, random_id
from watchglass.cameras.collect import collector_file
from watchglass.cameras.import_worker import run_import
from watchglass.cameras.survey.bundle import BundleError, Errand, check_seal, head_of
from watchglass.model.coverage import ScanEntry, ScanKind
from watchglass.model.scan import ImportKind, ImportOrder

DAY_NS = 86_400 * NS_PER_S


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A collector as its home remembers it. ``secret`` is empty once its bundle was read."""

    collector: CollectorId
    scan: ScanId
    secret: str
    made_ns: int
    expires_ns: int
    place: str
    networks: tuple[str, ...]
    read_ns: int | None = None

    def __repr__(self) -> str:
        return f"Sent({self.collector!r}, {self.place!r})"


def make_collector(
    on: Ground, path: Path, *, place: str, networks: tuple[str, ...], days: int, mine: bool
) -> Sent:
    """Write a collector's file, and remember its secret."""
    now_ns = on.clock.wall_ns()
    sent = Sent(
        collector=CollectorId(random_id()), scan=ScanId(random_id()), networks=networks,
        secret=secrets.token_hex(32), made_ns=now_ns, expires_ns=now_ns + days * DAY_NS,
        place=place,
    )  # fmt: skip
    errand = Errand(
        sent.collector, sent.scan, sent.secret, sent.made_ns, sent.expires_ns, place, networks,
        mine,
    )  # fmt: skip
    _keep(on, sent)
    on.disk.write_whole(WriteSite.SETTINGS, path, collector_file(errand), 0o700)
    return sent


def read_bundle(on: Ground, data: bytes, by: str) -> tuple[Sent, Looked]:
    """Check whose it is and that it is whole and new, then take it in."""
    try:
        told = head_of(data)
        sent = _sent(on, told.get("collector"))
        now_ns = on.clock.wall_ns()
        if sent.read_ns is not None:
            raise RefusedError(
                f"This collector ({sent.collector[:8]}) was read already: a second bundle of it is "
                "not taken. Make a new collector."
            )
        if now_ns > sent.expires_ns:
            raise RefusedError(
                f"This collector ({sent.collector[:8]}) has expired: make a new one, for more "
                "days if the way is long."
            )
        check_seal(data, sent.secret)
    except BundleError as error:
        raise RefusedError(
            f"The file is not taken: {error}. Carry the collector's own file, unchanged."
        ) from None
    order = ImportOrder(
        scan=sent.scan, kind=ImportKind.BUNDLE, at_ns=now_ns, place=sent.place,
        collector=sent.collector,
    )  # fmt: skip
    messages = run_import(order, data)
    entry = ScanEntry(
        scan=sent.scan, kind=ScanKind.COLLECTED, started_ns=now_ns, ended_ns=now_ns, by=by,
        note=sent.place,
    )  # fmt: skip
    looked = take_in(on, entry, messages)
    # Its secret ends here: nothing else can be sealed with it that would be believed.
    sent = msgspec.structs.replace(sent, read_ns=now_ns, secret="")
    _keep(on, sent)
    return sent, looked


def collectors(on: Ground) -> list[Sent]:
    """All that were sent out, oldest first."""
    found = [_decoded(path) for path in _folder(on).glob("*.json")]
    return sorted(found, key=lambda sent: (sent.made_ns, sent.collector))


def _sent(on: Ground, collector: object) -> Sent:
    unknown = NotFoundError(
        "No collector of this recorder made this bundle: read it where the collector was made."
    )
    if not isinstance(collector, str) or not collector.isalnum() or len(collector) != 32:
        raise unknown
    path = _folder(on) / f"{collector}.json"
    if not path.exists():
        raise unknown
    return _decoded(path)


def _decoded(path: Path) -> Sent:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Sent)
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"The file {path} cannot be read ({error}): restore it.") from None


def _keep(on: Ground, sent: Sent) -> None:
    on.disk.make_folders(WriteSite.SETTINGS, _folder(on), 0o700)
    path = _folder(on) / f"{sent.collector}.json"
    on.disk.write_whole(WriteSite.KEY, path, msgspec.json.encode(sent), 0o600)


def _folder(on: Ground) -> Path:
    return on.layout.state / "collectors"
