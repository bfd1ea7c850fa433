"""That the worked example at the end of docs/format.md is true of tests/golden/v1."""

import hashlib
import json
import re
from pathlib import Path

from . import canonical, merkle
from .boxes import box_at
from .heads import verify
from .ledger import raw_lines

ROOT = Path(__file__).resolve().parents[2]
V1 = ROOT / "tests" / "golden" / "v1"
CAMERA = "89e8b9518d92279489bbdee26f3dc646"
LEDGER = V1 / "state" / "ledger" / CAMERA
OFFSET = 821

page = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
TEXT = page[page.index("## 6. Worked example") :]
BLOCKS = [block.strip("\n") for block in re.findall(r"```\n(.*?)```", TEXT, re.DOTALL)]


def test_the_fragment() -> None:
    (path,) = (V1 / "volume" / CAMERA).glob("main/*/*/*/235958.000Z-acba*-0000.mp4")
    data = path.read_bytes()
    fields = [line.split(None, 1) for line in BLOCKS[0].splitlines()]
    assert bytes.fromhex("".join(field[0] for field in fields)) == data[OFFSET : OFFSET + 96]
    for value, meaning in fields:
        told = re.search(r": ([0-9]+)", meaning)
        assert told is None or int(value, 16) == int(told[1]), meaning
    moof = box_at(data, OFFSET + 96, len(data))
    mdat = box_at(data, moof.end, len(data))
    samples = int.from_bytes(data[moof.end - 6 * 12 - 8 : moof.end - 6 * 12 - 4], "big")
    follows = (
        f"`moof` ({moof.size} bytes, {samples} samples) and `mdat` ({mdat.size} bytes) follow: "
        f"the fragment is {mdat.end - OFFSET} bytes long."
    )
    assert follows in " ".join(TEXT.split())
    assert f"offset {OFFSET}" in TEXT
    assert f"header is {OFFSET} bytes" in TEXT
    assert f"`{merkle.leaf(data[OFFSET : mdat.end]).hex()}`" in TEXT


def test_the_line() -> None:
    line, leaf = BLOCKS[1].encode().split(b"\n")
    assert [raw.content for raw in raw_lines(LEDGER)][13] == line
    assert merkle.leaf(line).hex() == leaf.decode()


def test_the_head() -> None:
    heads = [raw.content for raw in raw_lines(LEDGER / "heads")]
    assert heads[1] == BLOCKS[2].encode()
    fields = canonical.load(heads[1])
    signature = str(fields.pop("sig"))
    signed = b"watchglass.head.v1\n" + heads[1].replace(f'"sig":"{signature}",'.encode(), b"")
    assert signed == b"watchglass.head.v1\n" + canonical.dump(fields)
    assert f"{len(signed)} bytes" in TEXT
    assert f"`{hashlib.sha256(signed).hexdigest()}`" in TEXT
    key = next(json.loads(raw.content) for raw in raw_lines(LEDGER) if b"public_key" in raw.content)
    assert key["key"] == fields["key"]
    assert verify(bytes.fromhex(key["public_key"]), bytes.fromhex(signature), signed)
    digest = hashlib.sha256(heads[1]).hexdigest()
    assert f"`{digest}`" in TEXT
    assert canonical.load(heads[2])["prev"] == digest
