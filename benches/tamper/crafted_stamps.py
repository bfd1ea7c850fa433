"""Changes to the stamps of authorities, each with what has to be said of it."""

import json
from datetime import UTC, datetime

from benches.tamper.authority import Authority
from benches.tamper.crafted import ALL, crafted
from benches.tamper.files import Files, canonical

__all__ = ["ALL"]
HOUR_NS = 3600 * 10**9
_OTHER = Authority("Somebody's clock")


def _stamps(files: Files) -> list[str]:
    return sorted(name for name in files.held if name.endswith(".tsr"))


def _document(name: str) -> str:
    return name.split(".", maxsplit=1)[0] + ".jsonl"


def _last(files: Files) -> tuple[str, str]:
    name = _stamps(files)[-1]
    return name, _document(name)


def _newest_ns(document: bytes) -> int:
    return max(int(json.loads(row)["t"]) for row in document.splitlines())


@crafted("placed", "stamp_other")
def a_stamp_moved_to_another_document(files: Files, other: Files) -> None:
    first, last = _stamps(files)[0], _stamps(files)[-1]
    assert first != last
    files.held[first], files.held[last] = files.held[last], files.held[first]


@crafted("placed", "stamp_other")
def a_stamped_document_with_another_time(files: Files, other: Files) -> None:
    _, document = _last(files)
    rows = [json.loads(row) for row in files.held[document].splitlines()]
    for row in rows:
        row["t"] = str(int(row["t"]) - HOUR_NS)
    files.put_rows(document, list(map(canonical, rows)))


@crafted("placed", "anchor_differs")
def a_document_of_another_ledger_stamped_anew(files: Files, other: Files) -> None:
    name, document = _last(files)
    rows = [json.loads(row) for row in files.held[document].splitlines()]
    for row in rows:
        row["root"] = "ab" * 32
    files.put_rows(document, list(map(canonical, rows)))
    files.held[name] = _OTHER.stamp(files.held[document], _newest_ns(files.held[document]))


@crafted("placed", "stamp_foreign")
def a_stamp_of_another_recorder(files: Files, other: Files) -> None:
    name, document = _last(files)
    rows = [json.loads(row) for row in files.held[document].splitlines()]
    for number, row in enumerate(rows):
        row["ledger"] = f"{number:032x}"
    files.put_rows(document, list(map(canonical, rows)))
    files.held[name] = _OTHER.stamp(files.held[document], _newest_ns(files.held[document]))


@crafted("placed", "stamp_early")
def a_stamp_from_before_the_head(files: Files, other: Files) -> None:
    name, document = _last(files)
    early_ns = _newest_ns(files.held[document]) - HOUR_NS
    files.held[name] = _OTHER.stamp(files.held[document], early_ns)


@crafted("placed", "stamp_bad")
def a_stamp_with_another_signature(files: Files, other: Files) -> None:
    name, _ = _last(files)
    files.held[name] = files.held[name][:-3] + bytes(3)


@crafted("placed", "stamp_bad")
def a_stamp_by_a_certificate_for_other_things(files: Files, other: Files) -> None:
    name, document = _last(files)
    maker = Authority("A web server", for_stamps=False)
    files.held[name] = maker.stamp(files.held[document], _newest_ns(files.held[document]))


@crafted("placed", "stamp_bad")
def a_stamp_by_a_certificate_that_had_ended(files: Files, other: Files) -> None:
    name, document = _last(files)
    maker = Authority("A clock that stopped", ends=datetime(2001, 6, 1, tzinfo=UTC))
    files.held[name] = maker.stamp(files.held[document], _newest_ns(files.held[document]))


@crafted("placed", "stamp_bad")
def a_stamp_without_its_document(files: Files, other: Files) -> None:
    _, document = _last(files)
    del files.held[document]


@crafted("placed", "stamp_bad")
def a_stamp_that_is_none(files: Files, other: Files) -> None:
    name, _ = _last(files)
    files.held[name] = b"\x30\x84\xff\xff\xff\xff" + bytes(40)


@crafted("placed", "stamp_bad")
def a_stamp_of_deep_nesting(files: Files, other: Files) -> None:
    name, _ = _last(files)
    files.held[name] = b"\x30\x80" * 60_000


@crafted("placed", "stamp_bad")
def endless_stamps(files: Files, other: Files) -> None:
    name, _ = _last(files)
    stem = name.split(".")[0]
    for number in range(101):
        files.held[f"{stem}.a{number}.tsr"] = files.held[name]
