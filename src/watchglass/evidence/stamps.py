"""Heads that authorities have stamped (RFC 3161), as they lie in a recorder's state folder.

A *document* is the newest head of every ledger at one moment, a line each. Beside it lies what each
authority answered to its SHA-256, as it came. A list beside it says who has not answered yet.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import NotFoundError, StorageError, UsageError
from watchglass.evidence.verify import Certificate, Signatures, Stamp, certificates_in
from watchglass.model.stamping import Authority, AuthorityStatus

MOST_WAITING = 400
_SITE = WriteSite.EVIDENCE
_AUTHORITIES, _STATUS = "authorities.json", "status.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_DOCUMENT = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_MOST_PEM = 256 << 10
_SHA256 = bytes.fromhex("300d06096086480165030402010500")


def query(digest: bytes, nonce: int) -> bytes:
    """The request (RFC 3161, 2.4.1) for a stamp of a SHA-256, its certificates with it."""
    imprint = _der(0x30, _SHA256 + _der(0x04, digest))
    number = nonce.to_bytes(nonce.bit_length() // 8 + 1, "big")
    return _der(0x30, b"\x02\x01\x01" + imprint + _der(0x02, number) + b"\x01\x01\xff")


def _der(tag: int, body: bytes) -> bytes:
    assert len(body) < 128
    return bytes((tag, len(body))) + body


def answered(response: bytes, digest: bytes, nonce: int, certificates: bytes) -> Stamp:
    """What an authority answered, checked as any reader will. ValueError where it is none."""
    try:
        known = certificates_in(certificates)
        stamp = Stamp(response, known, Signatures("cryptography"))
        if stamp.digest != digest or stamp.nonce != nonce:
            raise ValueError("it is a stamp of something else")
        if known and not stamp.vouched({each.fingerprint for each in known}):
            raise ValueError("it is not by the authority whose certificate was given")
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("it is no time stamp") from error
    return stamp


def checked_name(name: str) -> str:
    """The same; UsageError for what cannot be the name of an authority here."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            "An authority has a short name of small letters, digits and '-', such as freetsa."
        )
    return name


def checked_certificates(pem: bytes) -> list[Certificate]:
    """UsageError for what holds no certificate that can be read."""
    try:
        found = certificates_in(pem)
    except (ValueError, IndexError, KeyError):
        found = []
    if not found:
        raise UsageError("The file holds no certificate in PEM that can be read.")
    return found


@dataclass(frozen=True, slots=True)
class Document:
    """Heads of one moment. ``stem``: its time, which names it."""

    stem: str
    path: Path
    waits_for: tuple[str, ...]

    @property
    def made_ns(self) -> int:
        """UTC of when it was laid down, to the second."""
        made = datetime.strptime(self.stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return round(made.timestamp()) * 10**9

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.path.read_bytes()).digest()


class AnchorShelf:
    """The folder of authorities, documents and stamps. One process writes it, any reads."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder = folder
        self._disk = disk

    # --- authorities -------------------------------------------------------------------------

    def authorities(self) -> tuple[Authority, ...]:
        try:
            raw = (self.folder / _AUTHORITIES).read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StorageError(f"Reading {self.folder} failed ({error}).") from error
        try:
            return msgspec.json.decode(raw, type=tuple[Authority, ...])
        except msgspec.MsgspecError as error:
            raise StorageError(
                f"{self.folder / _AUTHORITIES} cannot be read ({error}): remove it, and add the "
                "authorities anew."
            ) from error

    def add(self, authority: Authority, pem: bytes | None) -> None:
        """Set one up, or another way. ``pem``: its certificates, empty for none that is known;
        None leaves what is there."""
        others = [each for each in self.authorities() if each.name != authority.name]
        self._disk.make_folders(_SITE, self.folder, 0o700)
        if pem:
            self._disk.write_whole(_SITE, self._pem(authority.name), pem, 0o600)
        elif pem is not None:
            self._disk.unlink(_SITE, self._pem(authority.name))
        self._write_authorities([*others, authority])

    def drop(self, name: str) -> None:
        """Ask it no more; its stamps stay. NotFoundError for one that is not set up."""
        kept = [each for each in self.authorities() if each.name != name]
        if len(kept) == len(self.authorities()):
            raise NotFoundError(f"No authority has the name {name!r:.60}.")
        self._write_authorities(kept)

    def _write_authorities(self, all_: list[Authority]) -> None:
        raw = msgspec.json.encode(sorted(all_, key=lambda each: each.name))
        self._disk.write_whole(_SITE, self.folder / _AUTHORITIES, raw, 0o600)

    def _pem(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def certificates(self, name: str) -> bytes:
        with suppress(OSError):
            return self._pem(name).read_bytes()[:_MOST_PEM]
        return b""

    # --- how they do -------------------------------------------------------------------------

    def statuses(self) -> tuple[AuthorityStatus, ...]:
        """Of each authority that is set up."""
        known: dict[str, AuthorityStatus] = {}
        with suppress(OSError, msgspec.MsgspecError):
            raw = (self.folder / _STATUS).read_bytes()
            known = msgspec.json.decode(raw, type=dict[str, AuthorityStatus])
        waiting = [name for document in self.waiting() for name in document.waits_for]
        return tuple(
            msgspec.structs.replace(
                known.get(each.name, AuthorityStatus(each.name)), waiting=waiting.count(each.name)
            )
            for each in self.authorities()
        )

    def tell(self, status: AuthorityStatus) -> None:
        others = {each.name: each for each in self.statuses()}
        raw = msgspec.json.encode(others | {status.name: status})
        self._disk.write_whole(_SITE, self.folder / _STATUS, raw, 0o600)

    # --- documents ---------------------------------------------------------------------------

    def put(self, heads: Iterable[bytes], now_ns: int, names: Iterable[str]) -> Document:
        """Lay down heads that these authorities are to stamp."""
        self._disk.make_folders(_SITE, self.folder, 0o700)
        # Not over another: a clock that was set back must not take what is stamped already.
        second = now_ns // 10**9
        while (path := self.folder / f"{_stem(second)}.jsonl").exists():
            second += 1
        waits_for = tuple(sorted(names))
        data = b"".join(head + b"\n" for head in heads)
        self._disk.write_whole(_SITE, path, data, 0o600)
        self._wait(path.stem, waits_for)
        return Document(path.stem, path, waits_for)

    def stamped(self, document: Document, name: str, response: bytes) -> None:
        """Keep what an authority answered."""
        self._disk.write_whole(_SITE, self.folder / f"{document.stem}.{name}.tsr", response, 0o600)
        self.settle(document.stem, name)

    def settle(self, stem: str, name: str) -> None:
        """Ask this authority no more for it."""
        left = [each for each in self._waits_for(stem) if each != name]
        self._wait(stem, tuple(left))

    def _wait(self, stem: str, names: tuple[str, ...]) -> None:
        path = self.folder / f"{stem}.waits"
        if names:
            self._disk.write_whole(_SITE, path, json.dumps(names).encode(), 0o600)
        else:
            self._disk.unlink(_SITE, path)

    def _waits_for(self, stem: str) -> tuple[str, ...]:
        with suppress(OSError, ValueError):
            found = json.loads((self.folder / f"{stem}.waits").read_bytes())
            return tuple(each for each in found if isinstance(each, str))
        return ()

    def waiting(self) -> list[Document]:
        """What somebody has not stamped yet, the oldest first."""
        stems = sorted(path.stem for path in self.folder.glob("*.waits"))
        return [
            Document(stem, self.folder / f"{stem}.jsonl", self._waits_for(stem))
            for stem in stems
            if _DOCUMENT.fullmatch(stem) and (self.folder / f"{stem}.jsonl").exists()
        ]

    def tidy(self, most: int = MOST_WAITING) -> int:
        """Give up the oldest that wait, where there are too many; how many. One stays of a day."""
        waiting = self.waiting()
        gone = waiting[: max(0, len(waiting) - most)]
        for document in gone:
            self._wait(document.stem, ())
            if not any(self._stamps_of(document.stem)):
                self._disk.unlink(_SITE, document.path)
        return len(gone)

    # --- for a bundle ------------------------------------------------------------------------

    def _stamps_of(self, stem: str) -> Iterator[Path]:
        return iter(sorted(self.folder.glob(f"{stem}.*.tsr")))

    def documents(self) -> list[str]:
        """Those that at least one authority has stamped, the oldest first."""
        found = {path.name.partition(".")[0] for path in self.folder.glob("*.tsr")}
        return sorted(each for each in found if _DOCUMENT.fullmatch(each))

    def chosen(self, wanted: dict[str, tuple[int, int]]) -> dict[str, bytes]:
        """Files for a bundle: of each authority the first stamp that reaches, and the last of all.

        ``wanted``: for each ledger the number of lines that a head has to cover to reach, and the
        most that the bundle has.
        """
        found: dict[str, bytes] = {}
        reached: set[tuple[str, str]] = set()
        last: dict[str, Path] = {}
        for stem in self.documents():
            covers = self._covers(stem, wanted)
            for path in self._stamps_of(stem) if covers else ():
                name = path.name.split(".")[1]
                new = {(name, ledger) for ledger, reaches in covers.items() if reaches} - reached
                reached |= new
                if new:
                    found |= self._files(stem, path, name)
                last[name] = path
        for name, path in last.items():
            found |= self._files(path.name.partition(".")[0], path, name)
        return found

    def _covers(self, stem: str, wanted: dict[str, tuple[int, int]]) -> dict[str, bool]:
        """The ledgers of which a head is comparable, and whether it reaches."""
        found = {}
        with suppress(OSError, ValueError, KeyError, TypeError):
            for raw in (self.folder / f"{stem}.jsonl").read_bytes().splitlines():
                head = json.loads(raw)
                least, most = wanted.get(head["ledger"], (0, -1))
                if int(head["size"]) <= most:
                    found[str(head["ledger"])] = int(head["size"]) >= least
        return found

    def _files(self, stem: str, path: Path, name: str) -> dict[str, bytes]:
        files = {
            f"anchors/{stem}.jsonl": (self.folder / f"{stem}.jsonl").read_bytes(),
            f"anchors/{path.name}": path.read_bytes(),
        }
        pem = self.certificates(name)
        return files | ({f"anchors/{name}.pem": pem} if pem else {})


def _stem(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y%m%dT%H%M%SZ}"
