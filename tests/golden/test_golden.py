"""What ``v1`` holds is read by today's code as by the code that wrote it, and broken twins of it.

Nothing under ``v1`` ever changes once it is committed: a failure here means that recordings in the
field can no longer be read as they were written.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import av
import pytest

from tests.golden.make import CAMERA, make
from watchglass.base.clock import SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError
from watchglass.model.stream import Track
from watchglass.recording.boxes import read_at
from watchglass.recording.commitment import TextStore
from watchglass.recording.fragment import decode_fragment, encode_fragment
from watchglass.recording.heads import read_heads, verify_chain
from watchglass.recording.keys import key_id_of
from watchglass.recording.ledger import Ledger
from watchglass.recording.mediafile import scan, verify
from watchglass.recording.mediapath import parse_media_path
from watchglass.recording.merkle import leaf_hash, tree_hash

V1 = Path(__file__).parent / "v1"
EXPECTED: dict[str, Any] = json.loads((V1 / "expected.json").read_text(encoding="utf-8"))
MEDIA: list[dict[str, Any]] = EXPECTED["media"]
LEDGERS: dict[str, dict[str, Any]] = EXPECTED["ledgers"]
KEYS = {EXPECTED["key"]["id"]: EXPECTED["key"]["public_key"]}

media_file = pytest.mark.parametrize("expected", MEDIA, ids=["silent", "sound", "torn"])
ledger_name = pytest.mark.parametrize("name", LEDGERS, ids=["site", "camera", "removed"])


@contextmanager
def opened(path: Path) -> Iterator[tuple[int, int]]:
    fd = os.open(path, os.O_RDONLY)
    try:
        yield fd, os.fstat(fd).st_size
    finally:
        os.close(fd)


def test_no_byte_has_changed() -> None:
    found = {
        path.relative_to(V1).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in V1.rglob("*")
        if path.is_file() and path.name != "expected.json"
    }
    assert found == EXPECTED["files"]


# --- media --------------------------------------------------------------------------------------


@media_file
def test_media_files_are_read(expected: dict[str, Any]) -> None:
    path = V1 / "volume" / expected["path"]
    with opened(path) as (fd, size):
        found = scan(fd, size)
        findings = verify(fd, size)
    assert found.header_bytes == expected["header_bytes"]
    assert found.header_leaf.hex() == expected["header_leaf"]
    assert found.info.first_fragment == expected["first_fragment"]
    assert [entry.leaf.hex() for entry in found.entries] == expected["leaves"]
    assert "".join("vs"[entry.track] for entry in found.entries) == expected["tracks"]
    leaves = [found.header_leaf, *(entry.leaf for entry in found.entries)]
    assert tree_hash(leaves).hex() == expected["root"]
    assert found.whole_bytes == expected["whole_bytes"]
    assert size == expected["length"]
    if expected["closed"]:
        assert findings == []
        assert found.footer is not None
        assert found.footer.root.hex() == expected["root"]
    else:
        assert found.footer is None
        assert found.torn_bytes == size - found.whole_bytes > 0
    name = parse_media_path(path)
    assert name is not None
    assert name == (
        found.info.camera,
        found.info.stream,
        found.info.wall_ns // 10**6,
        found.info.run,
        found.info.sequence,
    )


@media_file
def test_fragments_are_written_as_then(expected: dict[str, Any]) -> None:
    with opened(V1 / "volume" / expected["path"]) as (fd, size):
        for entry in scan(fd, size).entries:
            data = read_at(fd, entry.offset, entry.length)
            decoded = decode_fragment(data)
            payload = data[decoded.offsets[0] :]
            again = encode_fragment(decoded.info, decoded.samples, payload, decoded.decode_time)
            assert again[:88] == data[:88]
            assert data[88:92] == bytes(4)  # v1 was made before fragments had a check
            assert again[92:] == data[92:]


def played(path: Path) -> tuple[list[float], int]:
    """Times of the pictures in seconds, and the count of samples of sound."""
    with av.open(str(path)) as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    heard = 0
    with av.open(str(path)) as container:
        if container.streams.audio:
            heard = sum(frame.samples for frame in container.decode(audio=0))
    return times, heard


@media_file
def test_any_player_opens_a_file_alone(expected: dict[str, Any]) -> None:
    times, heard = played(V1 / "volume" / expected["path"])
    assert times == pytest.approx([number / 15 for number in range(30)])
    # Of the torn file, a player reads part of the last fragment, too.
    whole = expected["tracks"].count("s") * 3200
    assert heard == whole if expected["closed"] else heard >= whole


# --- ledgers and heads --------------------------------------------------------------------------


@ledger_name
def test_ledgers_are_read(name: str, tmp_path: Path) -> None:
    expected = LEDGERS[name]
    folder = V1 / "state" / "ledger" / name
    lines = list(Ledger.read_lines(folder))
    assert [line.type for line in lines] == expected["types"]
    assert tree_hash([leaf_hash(line.raw) for line in lines]).hex() == expected["root"]
    copied = tmp_path / name
    copied.mkdir()
    for path in folder.glob("*.jsonl"):
        (copied / path.name).write_bytes(path.read_bytes())
    ledger = Ledger.open(copied, Disk(), SimulatedClock(), ledger=name)
    assert (ledger.size, ledger.root().hex()) == (expected["size"], expected["root"])
    assert ledger.epoch == expected["epoch"]
    ledger.close()


def test_every_type_of_line_is_there() -> None:
    page = (V1.parents[2] / "docs" / "format.md").read_text(encoding="utf-8")
    section = page[page.index("### 3.2") : page.index("### 3.3")]
    table = [row for row in section.splitlines() if row.startswith("| `")]
    named = {name for row in table for name in row.split("|")[1].replace("`", "").split(",")}
    written = {kind for one in LEDGERS.values() for kind in one["types"]}
    # Added to version 1 since: readers of before pass over them.
    later = {"span_marked", "retention_changed", "media_damaged", "camera_changed"}
    later |= {"imported", "import_deleted", "files_erased", "erasure_ordered", "erasure_done"}
    assert {name.strip() for name in named} - later <= written


@ledger_name
def test_heads_cover_their_ledgers(name: str) -> None:
    folder = V1 / "state" / "ledger" / name
    assert verify_chain(folder / "heads", KEYS) == []
    leaves = [line.leaf for line in Ledger.read_lines(folder)]
    heads = read_heads(folder / "heads")
    assert heads
    for head in heads:
        assert tree_hash(leaves[: head.size]).hex() == head.root
        assert (head.ledger, head.epoch) == (name, LEDGERS[name]["epoch"])


def test_heads_cover_open_files() -> None:
    roots = {}
    for expected in MEDIA:
        leaves = [bytes.fromhex(expected["header_leaf"])]
        leaves += [bytes.fromhex(leaf) for leaf in expected["leaves"]]
        with opened(V1 / "volume" / expected["path"]) as (fd, size):
            sequence = scan(fd, size, hash_leaves=False).info.sequence
        roots[sequence] = leaves
    heads = read_heads(V1 / "state" / "ledger" / CAMERA / "heads")
    covered = [part for head in heads for part in head.open]
    assert len(covered) == 3
    for part in covered:
        assert part.root == tree_hash(roots[part.sequence][: 1 + part.fragments])


def test_the_key_is_in_every_ledger() -> None:
    for name in LEDGERS:
        line = list(Ledger.read_lines(V1 / "state" / "ledger" / name))[1]
        assert line.type == "key"
        assert line.text("public_key") == EXPECTED["key"]["public_key"]
        assert line.text("key") == EXPECTED["key"]["id"] == key_id_of(line.text("public_key"))


def test_texts_are_those_that_were_committed_to() -> None:
    folder = V1 / "state" / "ledger" / CAMERA
    texts = TextStore(folder / "texts", Disk())
    added = next(line for line in Ledger.read_lines(folder) if line.type == "camera_added")
    assert texts.get(added.text("name")) == "Yard, north"
    held = next(line for line in Ledger.read_lines(folder) if line.type == "hold_set")
    assert texts.get(held.text("reason")) == "case 17 – Tür"


def test_the_volume_holds_a_copy_of_the_ledger() -> None:
    copy = V1 / "volume" / CAMERA / "ledger"
    own = V1 / "state" / "ledger" / CAMERA
    assert list(Ledger.read_lines(copy)) == list(Ledger.read_lines(own))
    assert verify_chain(copy / "heads", KEYS) == []


# --- broken twins -------------------------------------------------------------------------------


@media_file
def test_flipped_media(expected: dict[str, Any], tmp_path: Path) -> None:
    data = (V1 / "volume" / expected["path"]).read_bytes()
    twin = tmp_path / "twin.mp4"
    for at in range(0, len(data), 679):
        twin.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        with opened(twin) as (fd, size), suppress(DamagedError):
            assert verify(fd, size)
            found = scan(fd, size)
            told = expected["leaves"][: len(found.entries)]
            differing = [
                entry.number
                for entry, leaf in zip(found.entries, told, strict=True)
                if entry.leaf.hex() != leaf
            ]
            assert len(differing) <= (found.footer is None)
            assert found.footer is None or found.damaged or at >= found.footer.offset


@media_file
def test_cut_media(expected: dict[str, Any], tmp_path: Path) -> None:
    path = V1 / "volume" / expected["path"]
    data = path.read_bytes()
    with opened(path) as (fd, size):
        entries = scan(fd, size).entries
    twin = tmp_path / "twin.mp4"
    for length in range(expected["header_bytes"], len(data), 211):
        twin.write_bytes(data[:length])
        with opened(twin) as (fd, size):
            kept = scan(fd, size).entries
        assert kept == tuple(entry for entry in entries if entry.offset + entry.length <= length)


def test_flipped_lines_are_seen(tmp_path: Path) -> None:
    """A head's root is no longer the ledger's, wherever a ledger's byte was changed."""
    source = V1 / "state" / "ledger" / CAMERA
    head = read_heads(source / "heads")[-1]
    path = tmp_path / "2026-01.jsonl"
    (tmp_path / "2026-02.jsonl").write_bytes((source / "2026-02.jsonl").read_bytes())
    data = (source / path.name).read_bytes()
    for at in range(0, len(data), 41):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        try:
            leaves = [line.leaf for line in Ledger.read_lines(tmp_path)]
        except DamagedError:
            continue
        assert tree_hash(leaves[: head.size]).hex() != head.root


# --- today's writer -----------------------------------------------------------------------------


def test_what_is_written_today_has_the_same_shape(tmp_path: Path) -> None:
    make(tmp_path / "v")
    made = json.loads((tmp_path / "v" / "expected.json").read_text(encoding="utf-8"))
    assert {name: one["types"] for name, one in made["ledgers"].items()} == {
        name: one["types"] for name, one in LEDGERS.items()
    }
    for now, then in zip(made["media"], MEDIA, strict=True):
        assert (now["path"], now["tracks"]) == (then["path"], then["tracks"])
        path = tmp_path / "v" / "volume" / now["path"]
        with opened(path) as (fd, size):
            assert verify(fd, size) == [] or not now["closed"]
            assert {entry.track for entry in scan(fd, size).entries} <= set(Track)
        assert len(played(path)[0]) == 30
