"""The process that reads what others wrote: ``python -m watchglass.cameras.import_worker``.

It reads one `ImportOrder` as a JSON line from standard input, then the file to its end; it writes
`FromScan` lines to standard output. It has no secrets at all, and may die of what it reads.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from watchglass.base import log
from watchglass.base.errors import UsageError
from watchglass.base.fence import Fence, FenceMode, Network, put_up
from watchglass.base.ids import CollectorId
from watchglass.cameras.imports.inventory import read_inventory
from watchglass.cameras.imports.nmap import read_nmap
from watchglass.cameras.imports.row import Imported, ImportFailedError, Row
from watchglass.cameras.imports.switch_table import read_switch_table
from watchglass.cameras.probe_worker import FENCES_SETTING, worker_environment
from watchglass.cameras.survey.bundle import lines_of
from watchglass.cameras.survey.neighbours import parse_leases
from watchglass.cameras.survey.seen import Fact
from watchglass.model.coverage import Coverage
from watchglass.model.observation import Observation, Signal, Source, observe
from watchglass.model.scan import (
    Covered,
    FromScan,
    ImportKind,
    ImportOrder,
    Observed,
    ScanEnded,
)

MOST_BYTES = 256 << 20
FENCE = Fence(Network.LOCAL, (), only_new_files=True, calls=False)
"""It reads what it was handed, and talks to nobody."""
_BATCH = 500
_WAIT_S = 600.0
_SOURCES = {
    ImportKind.NMAP: Source.IMPORT_NMAP, ImportKind.SWITCH: Source.IMPORT_SWITCH,
    ImportKind.CSV: Source.IMPORT_CSV, ImportKind.LEASES: Source.DHCP_LEASE,
}  # fmt: skip


def run_import(order: ImportOrder, data: bytes) -> list[FromScan]:
    """Have a file read in a process of its own. UsageError says what is wrong with it."""
    process = subprocess.Popen(
        (sys.executable, "-P", "-m", "watchglass.cameras.import_worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=worker_environment(),
    )
    try:
        output, _ = process.communicate(msgspec.json.encode(order) + b"\n" + data, timeout=_WAIT_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    failed = UsageError("This file made the program that reads it fail: nothing of it was taken.")
    if process.returncode != 0:
        raise failed
    try:
        messages = [msgspec.json.decode(line, type=FromScan) for line in output.splitlines()]
    except msgspec.DecodeError:
        raise failed from None
    for message in messages:
        if isinstance(message, ScanEnded) and message.error:
            raise UsageError(message.error)
    return messages


def messages_of(order: ImportOrder, data: bytes) -> Iterator[FromScan]:
    """What a file tells, in batches."""
    if order.kind is ImportKind.BUNDLE:
        yield from _bundle(order, data)
        return
    imported = _read(order.kind, data)
    source = _SOURCES[order.kind]
    batch: list[Observation] = []
    for row in imported.rows:
        batch += [_observation(order, source, row, fact) for fact in row.facts]
        if len(batch) >= _BATCH:
            yield Observed(tuple(batch))
            batch = []
    yield Observed(tuple(batch))
    note = (
        f"{imported.passed_over} entries name no device, or say nothing of it."
        if imported.passed_over
        else ""
    )
    asked = len(imported.rows)
    yield Covered(
        Coverage(
            scan=order.scan, cidr="", place=order.place, started_ns=order.at_ns,
            ended_ns=order.at_ns, asked=asked, answered=asked, silent=0, refused=0,
            doors=(source,), note=note,
        )
    )  # fmt: skip
    yield ScanEnded()


def _observation(order: ImportOrder, source: Source, row: Row, fact: Fact) -> Observation:
    return observe(
        source, Signal(fact.signal), fact.value, at_ns=order.at_ns, scan=order.scan,
        address=row.address, port=row.ports.get(fact, 0), mac=row.mac,
    )  # fmt: skip


def _read(kind: ImportKind, data: bytes) -> Imported:
    match kind:
        case ImportKind.NMAP:
            return read_nmap(data)
        case ImportKind.SWITCH:
            return read_switch_table(_text(data))
        case ImportKind.LEASES:
            return _leases(_text(data))
        case _:
            return read_inventory(_text(data))


def _leases(text: str) -> Imported:
    try:
        leases = parse_leases(text)
    except ValueError:
        raise ImportFailedError("This is no lease file of dnsmasq, ISC dhcpd or Kea.") from None
    return Imported(
        tuple(
            Row(
                (
                    Fact("mac", each.mac),
                    *([Fact("host_name", each.host_name)] * bool(each.host_name)),
                ),
                each.address,
                each.mac,
            )
            for each in leases
        )
    )


def _text(data: bytes) -> str:
    """UTF-8, with or without its mark, UTF-16 with it (as spreadsheets write it), or Latin-1."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


# --- what a collector brings ----------------------------------------------------------------------


def _bundle(order: ImportOrder, data: bytes) -> Iterator[FromScan]:
    """Its seal was checked before it came here."""
    head = json.loads(data.partition(b"\n")[0])
    batch: list[Observation] = []
    for line in lines_of(data):
        told = json.loads(line)
        match told.get("kind"):
            case "seen":
                batch.append(_seen(order, told))
            case "covered":
                yield Covered(_coverage(order, told, _number(head, "started_ns")))
        if len(batch) >= _BATCH:
            yield Observed(tuple(batch))
            batch = []
    yield Observed(tuple(batch))
    yield ScanEnded()


def _seen(order: ImportOrder, told: dict[str, Any]) -> Observation:
    channel = told.get("channel")
    return observe(
        Source(told["source"]), Signal(told["signal"]), str(told["value"]),
        at_ns=_number(told, "at_ns"), scan=order.scan, address=str(told.get("address", "")),
        port=_number(told, "port"), mac=str(told.get("mac", "")),
        channel=channel if type(channel) is int else None, collector=order.collector,
    )  # fmt: skip


def _coverage(order: ImportOrder, told: dict[str, Any], started_ns: int) -> Coverage:
    asked, answered, refused, silent = (
        _number(told, name) for name in ("asked", "answered", "refused", "silent")
    )
    return Coverage(
        scan=order.scan, cidr=str(told.get("cidr", ""))[:64], place=order.place,
        started_ns=started_ns, ended_ns=_number(told, "ended_ns"), asked=asked,
        answered=answered, silent=silent, refused=refused, doors=tuple(Source),
        complete=told.get("complete") is True, note=str(told.get("note", ""))[:1000],
        collector=CollectorId(order.collector),
    )  # fmt: skip


def _number(told: dict[str, Any], name: str) -> int:
    found = told.get(name, 0)
    return found if type(found) is int and 0 <= found < 1 << 63 else 0


def main() -> None:
    _limit_resources()
    log.configure("warning")
    # Nothing but its lines may reach standard output, not even what a C library prints.
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        order = msgspec.json.decode(sys.stdin.buffer.readline(), type=ImportOrder)
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
        put_up(FENCE, FenceMode(os.environ.get(FENCES_SETTING) or FenceMode.AUTO))
        try:
            if len(data) > MOST_BYTES:
                raise ImportFailedError("This file is larger than any that is read here.")
            for message in messages_of(order, data):
                output.write(msgspec.json.encode(message) + b"\n")
        except ImportFailedError as error:
            output.write(msgspec.json.encode(ScanEnded(error=str(error))) + b"\n")


def _limit_resources() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


if __name__ == "__main__":
    main()
