"""Heads: section 4."""

import hashlib
from dataclasses import dataclass

from . import canonical, merkle, schema
from .catalogue import Catalogue, Key
from .finding import Finding, Findings
from .ledger import Ledger, Line, Raw, check_month
from .mediafile import MediaFile

NONE = "0" * 64
_HOUR = 3600 * 10**9
_KEPT = 48 * _HOUR
_CONTEXT = b"watchglass.head.v1\n"


@dataclass(frozen=True)
class OpenFile:
    key: Key
    stream: str
    fragments: int
    root: str


@dataclass(frozen=True)
class Head:
    raw: Raw
    digest: str
    data: dict[str, object]
    opened: tuple[OpenFile, ...]

    def text(self, name: str) -> str:
        return str(self.data[name])

    @property
    def time(self) -> int:
        return int(self.text("t"))

    @property
    def hour(self) -> int:
        return self.time // _HOUR

    @property
    def size(self) -> int:
        return int(self.text("size"))


_OPEN = {
    "run": "id",
    "stream": "stream",
    "sequence": "number",
    "fragments": "number",
    "root": "hash",
}


def _open_files(value: object) -> tuple[OpenFile, ...] | None:
    if not isinstance(value, list):
        return None
    found = []
    for one in value:
        if not isinstance(one, dict) or schema.check(one, _OPEN) != ([], []):
            return None
        key = (str(one["run"]), int(one["sequence"]))
        found.append(OpenFile(key, str(one["stream"]), int(one["fragments"]), str(one["root"])))
    return tuple(found)


def _parse(raw: Raw, last: bool, name: str, say: Findings) -> Head | None:
    try:
        data = canonical.load(raw.content)
    except (canonical.NotJson, canonical.NotCanonical) as error:
        say.add("torn" if last else "damage", f"does not parse: {error}", raw.where)
        return None
    if not raw.ended:
        say.add("torn" if last else "damage", "a line without an end", raw.where)
        return None
    if data.get("v") != 1:
        say.add("note", f"version {data.get('v')!r} is not known", raw.where)
        return None
    problem = canonical.problem(raw.content, data)
    say.unless(not problem, problem, raw.where)
    wrong, extra = schema.check(data, schema.HEAD)
    if set(extra) - {"open", "sig"}:
        say.add("note", f"fields that the page does not name: {extra}", raw.where)
    opened = _open_files(data.get("open"))
    for text in wrong:
        say.damage(text, raw.where)
    if opened is None or not schema.is_hex(data.get("sig"), 128):
        say.damage("no list `open`, or no signature", raw.where)
        return None
    head = Head(raw, hashlib.sha256(raw.content).hexdigest(), data, opened)
    if wrong:
        return None
    say.unless(data["ledger"] == name, f"a head of {data['ledger']}", raw.where)
    return head


def check_heads(lines: list[Raw], ledger: Ledger) -> tuple[list[Head], list[Finding]]:
    """The heads of a ledger, checked against it and each other, but for files that are open."""
    say = Findings(f"heads {ledger.name}")
    parsed = (
        _parse(raw, place == len(lines) - 1, ledger.name, say) for place, raw in enumerate(lines)
    )
    heads = [head for head in parsed if head is not None]
    month = ""
    for head in heads:
        check_month(head.raw, head.time, month, say)
        month = head.raw.month
    _check_chain(heads, say)
    _check_roots(heads, ledger, say)
    _check_restores(heads, ledger, say)
    _check_keys(heads, ledger, say)
    return heads, say.found


def _check_chain(heads: list[Head], say: Findings) -> None:
    newest = heads[-1].time if heads else 0
    before: Head | None = None
    hourly: Head | None = None  # the latest hour head
    for head in heads:
        where = head.raw.where
        due = hourly.digest if hourly else NONE
        say.unless(head.text("hour") == due, "`hour` is not the latest hour head", where)
        due = before.digest if before else NONE
        if head.text("prev") != due:
            old = before is not None and before.time < newest - _KEPT
            if old and before is hourly and head.text("prev") != NONE:
                say.add("note", "the heads before were thinned", where)
            else:
                say.damage("`prev` is not the head before", where)
        if before is not None and before.data["epoch"] == head.data["epoch"]:
            say.unless(head.size >= before.size, "covers less than the head before", where)
        if hourly is None or hourly.hour != head.hour:
            hourly = head
        before = head


def _check_roots(heads: list[Head], ledger: Ledger, say: Findings) -> None:
    roots = merkle.roots_at(ledger.leaves, (head.size for head in heads))
    epochs = [
        (place, line.text("epoch"))
        for place, line in enumerate(ledger.lines)
        if line.usable and line.type in ("ledger_started", "restored")
    ]
    for head in heads:
        root = roots.get(head.size)
        if root is None:
            text = f"covers {head.size} lines, there are {len(ledger.lines)}"
            say.damage(text, head.raw.where)
        else:
            say.unless(root.hex() == head.text("root"), "the root does not hold", head.raw.where)
        known = [epoch for place, epoch in epochs if place < head.size]
        if known:
            say.unless(head.data["epoch"] == known[-1], "of another epoch", head.raw.where)


def _check_restores(heads: list[Head], ledger: Ledger, say: Findings) -> None:
    newest = heads[-1].time if heads else 0
    for place, line in enumerate(ledger.lines):
        if not line.usable or line.type != "restored":
            continue
        following = ledger.lines[place + 1] if place + 1 < len(ledger.lines) else None
        in_batch = line.data.get("more") is True
        say.unless(
            in_batch and following is not None and following.type == "key",
            "a restore without a new key", line.raw.where,
        )  # fmt: skip
        before = [head for head in heads if head.size <= place]
        if not line.has("head"):
            say.unless(not before, "a restore that names none of the heads", line.raw.where)
        elif not before or before[-1].digest != line.text("head"):
            thinned = bool(before) and before[-1].time < newest - _KEPT
            say.unless(thinned, "the head before a restore is not there", line.raw.where)


def verify(public: bytes, signature: bytes, signed: bytes) -> bool:
    """Ed25519; the one thing here that the standard library has not."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _check_keys(heads: list[Head], ledger: Ledger, say: Findings) -> None:
    keys: list[tuple[int, Line]] = [
        (place, line)
        for place, line in enumerate(ledger.lines)
        if line.usable and line.type == "key"
    ]
    for head in heads:
        known = [line for place, line in keys if place < head.size]
        if not known:
            say.damage("no key among the lines that it covers", head.raw.where)
            continue
        key = known[-1]
        if head.text("key") != key.text("key"):
            say.damage(f"key {head.text('key')}, not {key.text('key')}", head.raw.where)
            continue
        unsigned = {name: value for name, value in head.data.items() if name != "sig"}
        signed = _CONTEXT + canonical.dump(unsigned)
        holds = verify(
            bytes.fromhex(key.text("public_key")), bytes.fromhex(head.text("sig")), signed
        )
        say.unless(holds, "the signature does not hold", head.raw.where)


def check_open(
    heads: list[Head], catalogue: Catalogue, media: dict[Key, MediaFile]
) -> list[Finding]:
    """`open` of each head against the ledger and the files on disk."""
    say = Findings(f"heads {catalogue.camera}")
    for head in heads:
        keys = [one.key for one in head.opened]
        say.unless(keys == sorted(keys), "`open` is not sorted", head.raw.where)
        due = {
            key
            for key, file in catalogue.files.items()
            if file.opened_at < head.size
            and (file.closed_at is None or file.closed_at >= head.size)
        }
        for key in sorted(set(keys) - due):
            say.damage(f"{key} is listed and not open", head.raw.where)
        for key in sorted(due.difference(keys)):
            say.add("note", f"{key} is open and not listed", head.raw.where)
        for one in head.opened:
            _check_open_root(one, catalogue, media, say, head.raw.where)
    return say.found


def _check_open_root(
    one: OpenFile, catalogue: Catalogue, media: dict[Key, MediaFile], say: Findings, where: str
) -> None:
    file, record = media.get(one.key), catalogue.files.get(one.key)
    if record is not None:
        say.unless(record.stream == one.stream, f"{one.key}: stream {one.stream}", where)
    if file is None or not file.leaves:
        if record is None or not record.deleted:
            say.add("missing", f"{one.key} is not there to check", where)
        return
    leaves = file.leaves
    if say.unless(
        len(leaves) > one.fragments, f"{one.key}: {one.fragments} fragments are lost", where
    ):
        holds = merkle.root(leaves[: one.fragments + 1]).hex() == one.root
        say.unless(holds, f"{one.key}: the root does not hold", where)
