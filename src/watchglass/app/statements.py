"""Documents of the recorder's own, signed: receipts of erasures, and what is held of a person.

A receipt proves without showing anything: the lines of the ledger that tell of it, each with the
proof that it is under a signed head. What is held is told in numbers, spans, and who looked.
"""

import hashlib
from collections import Counter, deque
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

import watchglass
from watchglass.app.evidence.told import Told
from watchglass.app.ground import Ground
from watchglass.base.errors import DamagedError, NotFoundError, RefusedError, WatchglassError
from watchglass.base.ids import CameraId
from watchglass.model.erasure import (
    ErasureState,
    SignedStatement,
    SignStatementRequest,
    StatementRequest,
)
from watchglass.model.order import StatementKind
from watchglass.model.stream import StreamName
from watchglass.recording.canonical import canonical_line
from watchglass.recording.heads import Head, parse_head
from watchglass.recording.ledger import Ledger, Line
from watchglass.recording.linelog import LineReader
from watchglass.recording.merkle import audit_path
from watchglass.recording.timeline import summary
from watchglass.store.events import EventStore
from watchglass.store.index import IndexStore
from watchglass.store.site import SiteStore

_OF_ERASURES = frozenset({"erasure_ordered", "files_erased", "erasure_done"})
_HELD = "watchglass statement of what is held"
_RECEIPT = "watchglass erasure receipt"


class Signing(Protocol):
    """The site, as far as it matters here."""

    store: SiteStore

    def sign_statement(self, request: SignStatementRequest) -> str: ...


def stated(on: Ground, site: Signing, request: StatementRequest) -> SignedStatement:
    """Make and sign what is asked for. RefusedError for a receipt of what is not gone yet."""
    if request.kind is StatementKind.REDACTED:
        raise RefusedError("What tells where a redacted copy comes from is made with it.")
    make = _receipt if request.kind is StatementKind.ERASURE else _held
    document = make(on, site, request.about)
    text = canonical_line(document)
    digest = hashlib.sha256(text).hexdigest()
    signature = site.sign_statement(
        SignStatementRequest(request.kind, request.about, digest, request.by)
    )
    return SignedStatement(text.decode(), signature)


# --- erasures -------------------------------------------------------------------------------------


def _receipt(on: Ground, site: Signing, erasure: str) -> dict[str, Any]:
    found = site.store.erasure(erasure)
    if found.state is not ErasureState.APPROVED:
        raise RefusedError("There is a receipt for what was erased, and this was not.")
    folder = on.layout.ledgers / found.camera
    told, leaves, key = _told(folder, erasure)
    done = next((line for line in told if line.type == "erasure_done"), None)
    if done is None:
        raise RefusedError(
            "Some of it is still being written, or lies on a disk that is not there: it goes when "
            "it can, and then there is a receipt."
        )
    head = _head_over(folder, done.n)
    under = leaves[: head.size]
    camera = site.store.camera(found.camera, with_credentials=False)
    return {
        "v": 1, "kind": _RECEIPT, "program": watchglass.__version__,
        "made": str(on.clock.wall_ns()), "erasure": erasure,
        "camera": found.camera, "name": camera.name,
        "from": str(found.from_ns), "to": str(found.to_ns),
        "asked_by": found.asked_by, "asked": str(found.asked_ns),
        "approved_by": found.decided_by, "approved": str(found.decided_ns or 0),
        "done": str(done.t), "gone": _gone(on, found.camera, found.from_ns, found.to_ns),
        "key": key,
        "ledger": {
            "size": str(head.size), "head": _raw_head(folder, head),
            "lines": [
                {
                    "line": line.raw.decode(),
                    "path": [each.hex() for each in audit_path(under, line.n)],
                }
                for line in told
            ],
        },
    }  # fmt: skip


def _told(folder: Path, erasure: str) -> tuple[list[Line], list[bytes], str]:
    """The lines about an erasure, the leaves of all lines, and the public key (hex) of the last."""
    told: list[Line] = []
    leaves: list[bytes] = []
    key = ""
    for line in Ledger.read_lines(folder):
        leaves.append(line.leaf)
        if line.type in _OF_ERASURES and line.fields.get("erasure") == erasure:
            told.append(line)
        elif line.type == "key":
            key = line.text("public_key")
    return told, leaves, key


def _public_key(folder: Path) -> str:
    """Of the key that signs by now (hex)."""
    keys = (line.text("public_key") for line in Ledger.read_lines(folder) if line.type == "key")
    return deque(keys, 1)[-1]


def _head_over(folder: Path, n: int) -> Head:
    """The newest: it is signed with the key that signs the receipt."""
    newest = deque((head for _, _, head in LineReader(folder / "heads", parse_head)), 1)
    if newest and newest[-1].size > n:
        return newest[-1]
    raise RefusedError("The recorder has not signed it yet: try again in a minute.")


def _raw_head(folder: Path, wanted: Head) -> str:
    for _, raw, head in LineReader(folder / "heads", parse_head):
        if head == wanted:
            return raw.decode()
    raise DamagedError("A head is not there any more: try again.")


def _gone(on: Ground, camera: CameraId, from_ns: int, to_ns: int) -> list[dict[str, str]]:
    """The spans that cannot be seen any more, of each stream, joined."""
    gone: list[dict[str, str]] = []
    with closing(IndexStore(on.layout.index_db)) as index, index.read() as reader:
        for stream in StreamName:
            for gap in reader.gaps_between(camera, stream, from_ns, to_ns):
                if gap.cause.value != "erased" or gap.wall_to is None:
                    continue
                if gone and gone[-1]["stream"] == stream.value and (
                    gap.wall_from - int(gone[-1]["to"]) <= 1_000_000_000
                ):  # fmt: skip
                    gone[-1]["to"] = str(max(int(gone[-1]["to"]), gap.wall_to))
                else:
                    gone.append({
                        "stream": stream.value, "from": str(gap.wall_from), "to": str(gap.wall_to),
                    })  # fmt: skip
    return gone


# --- what is held of a person ---------------------------------------------------------------------


def _held(on: Ground, site: Signing, request: str) -> dict[str, Any]:
    found = site.store.subject_request(request)
    cameras = list(found.cameras)
    told = Told(on).of(cameras, found.from_ns, found.to_ns)
    names = {
        each.id: each.name
        for each in site.store.cameras(include_removed=True, with_credentials=False)
    }
    return {
        "v": 1, "kind": _HELD, "program": watchglass.__version__, "made": str(on.clock.wall_ns()),
        "request": request, "from": str(found.from_ns), "to": str(found.to_ns),
        "received": str(found.received_ns), "deadline": str(found.deadline_ns),
        "outcome": found.outcome.value if found.outcome is not None else "",
        "answer": found.answer, "answered": str(found.answered_ns or 0),
        "cameras": [
            {
                "camera": each, "name": names.get(each, each[:8]),
                **_of_camera(on, each, found.from_ns, found.to_ns),
            }
            for each in cameras
        ],
        "seen": [
            {key: look[key] for key in ("camera", "by", "how", "noted", "from", "to", "unmasked")}
            for look in told["viewed"]
        ],
        "kept_h": site.store.default_retention_h(),
        "key": _public_key(on.layout.ledgers / cameras[0]),
    }  # fmt: skip


def _of_camera(on: Ground, camera: CameraId, from_ns: int, to_ns: int) -> dict[str, Any]:
    """What there is of a span: seconds recorded, why others are not, what was seen in it."""
    recorded, causes = 0, list[dict[str, Any]]()
    with (
        suppress(NotFoundError), closing(IndexStore(on.layout.index_db)) as index,
        index.read() as reader,
    ):  # fmt: skip
        now = summary(reader, camera, StreamName.MAIN, from_ns, to_ns, on.clock.wall_ns())
        recorded = round(now.recorded_s)
        causes = [
            {"cause": each.cause.value, "seconds": round(each.seconds)} for each in now.causes
        ]
    return {"recorded_s": recorded, "missing": causes, "found": _found(on, camera, from_ns, to_ns)}


def _found(on: Ground, camera: CameraId, from_ns: int, to_ns: int) -> list[dict[str, Any]]:
    """How many things of which kind were noted as seen."""
    if not on.layout.events_db.exists():
        return []
    try:
        with closing(EventStore(on.layout.events_db, on.disk)) as events:
            kinds = Counter(events.kinds_between(camera, from_ns, to_ns))
    except WatchglassError:
        return []
    return [{"what": what, "count": count} for what, count in sorted(kinds.items())]
