"""Egress taken in: a fenced process reads what was written down, and what it tells is kept."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from watchglass.app.fleet import egress_store, judge_fleet, trust_store
from watchglass.app.ground import Ground
from watchglass.base.errors import RefusedError, UsageError
from watchglass.base.ids import CollectorId
from watchglass.cameras.probe_worker import worker_environment
from watchglass.cameras.survey.neighbours import Neighbours
from watchglass.model.egress import (
    Bound,
    CameraBounds,
    EgressEnded,
    EgressOrder,
    EgressRead,
    FromEgress,
)
from watchglass.model.observation import clean_mac
from watchglass.store.egress import EgressStore
from watchglass.trust.bounds import HELD_NS, bounds_of, camera_macs
from watchglass.trust.fleet import Fleet

MOST_BYTES = 8 << 30
FLUSH_S = 5.0
_PIECE = 1 << 20
_DECODER: msgspec.json.Decoder[FromEgress] = msgspec.json.Decoder(FromEgress)


@dataclass(slots=True)
class TakenIn:
    """What came of it. ``records`` of cameras; ``others`` were dropped unread."""

    records: int = 0
    others: int = 0
    unknown: int = 0
    beyond: int = 0
    new: int = 0
    again: bool = False
    cameras: set[str] = field(default_factory=set)

    def add(self, read: EgressRead, new: int) -> None:
        self.records += read.records
        self.others += read.others
        self.unknown += read.unknown
        self.beyond += read.beyond
        self.new += new
        self.cameras.update(each.mac for each in read.contacts)


def camera_bounds(
    on: Ground,
    fleet: Fleet,
    collector: CollectorId = CollectorId(""),  # noqa: B008 - a str
) -> CameraBounds:
    """Which address was which camera's and when, by all that was seen."""
    macs = camera_macs(fleet.judgements)
    with trust_store(on) as store:
        return CameraBounds(bounds_of(store.observations(), macs, collector), macs)


def bounds_now(
    on: Ground,
    fleet: Fleet | None = None,
    collector: CollectorId = CollectorId(""),  # noqa: B008 - a str
) -> tuple[Bound, ...]:
    """The same, and by this machine's own neighbour table as of now."""
    known = camera_bounds(on, fleet or judge_fleet(on), collector)
    return known.bounds if collector else seen_now(on, known)


def seen_now(on: Ground, known: CameraBounds) -> tuple[Bound, ...]:
    """What is known, and by this machine's own neighbour table as of now."""
    now_ns = on.clock.wall_ns()
    neighbours = Neighbours(on.clock.monotonic_ns)
    try:
        mine = [
            Bound(address, now_ns, now_ns + HELD_NS, clean_mac(mac))
            for address, mac in neighbours.table().items() if clean_mac(mac) in known.macs
        ]  # fmt: skip
    finally:
        neighbours.close()
    return tuple(sorted((*known.bounds, *mine)))


class Reading:
    """A process that reads for us. Use as a context manager; `feed` from one thread, iterate in
    another."""

    def __init__(self, order: EgressOrder) -> None:
        self._process = subprocess.Popen(
            (sys.executable, "-P", "-m", "watchglass.cameras.egress_worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=worker_environment(),
            pass_fds=(*order.flows, *order.lines),
        )
        self.feed(msgspec.json.encode(order) + b"\n")

    def feed(self, data: bytes) -> None:
        """Hand it bytes; what it does not read any more is passed over."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def end(self) -> None:
        """There is no more."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def __iter__(self) -> Iterator[EgressRead]:
        """UsageError for what cannot be read."""
        assert self._process.stdout is not None
        ended = False
        for line in self._process.stdout:
            try:
                told = _DECODER.decode(line)
            except msgspec.DecodeError:
                break
            if isinstance(told, EgressEnded):
                if told.error:
                    raise UsageError(told.error)
                ended = True
            else:
                yield told
        if not ended:
            raise UsageError(
                "What was given made the program that reads it fail: nothing more of it was taken."
            )

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self.end()
        assert self._process.stdout is not None
        self._process.stdout.close()


def take_file(
    on: Ground, path: Path, whose: Callable[[], tuple[Bound, ...]], name: str = ""
) -> TakenIn:
    """Take in a log or a capture, once. ``whose`` is asked which address is which camera's;
    ``name``: what it is called, where that is not the file's."""
    digest = _digest(path)
    with egress_store(on) as store:
        if store.taken(digest):
            return TakenIn(again=True)
        order = EgressOrder(at_ns=on.clock.wall_ns(), bounds=whose())
        taken = take(store, order, _pieces(path))
        store.note_taken(digest, on.clock.wall_ns(), (name or path.name)[:200])
    return taken


def take(store: EgressStore, order: EgressOrder, pieces: Iterable[bytes]) -> TakenIn:
    """Have pieces read, and keep what they tell as it comes."""
    taken = TakenIn()
    with Reading(order) as reading:

        def feed() -> None:
            for piece in pieces:
                reading.feed(piece)
            reading.end()

        feeding = threading.Thread(target=feed, name="egress", daemon=True)
        feeding.start()
        for read in reading:
            taken.add(read, store.add(read))
        feeding.join()
    return taken


def listen(text: str) -> socket.socket:
    """A UDP socket at ``PORT`` or ``ADDRESS:PORT``; on loopback where no address is named."""
    host, _, port = text.rpartition(":")
    try:
        number = int(port)
        if not 0 < number < 65_536:
            raise ValueError
    except ValueError:
        raise UsageError(f"{text[:60]!r} is no port: give 4739, or 192.168.1.5:4739.") from None
    host = host.strip("[]") or "127.0.0.1"
    one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.bind((host, number))
    except OSError as error:
        one.close()
        raise RefusedError(
            f"Nothing can be received at {host}:{number} ({error.strerror or error}): name an "
            "address of this machine and a port that is free."
        ) from None
    return one


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def followed(path: Path, waited: Callable[[], bool]) -> Iterator[bytes]:
    """What a file has and gets, also when it is rotated; ``waited`` waits and says whether to go
    on."""
    file = path.open("rb")
    try:
        while True:
            piece = file.read(_PIECE)
            if piece:
                yield piece
                continue
            if not waited():
                return
            with suppress(OSError):
                newer = path.stat()
                if newer.st_ino != os.fstat(file.fileno()).st_ino or newer.st_size < file.tell():
                    file.close()
                    file = path.open("rb")
    finally:
        file.close()


def _digest(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than any file that is read here: give its parts.")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): give another.") from None
