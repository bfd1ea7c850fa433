"""A site of one camera by hand: two files, a gap before them and one after."""

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .handmade import (
    CAMERA,
    EPOCH,
    RUN,
    SECOND,
    START,
    VOLUME,
    File,
    leaves_of,
    ledger_lines,
    line,
    tree,
)

SECRET = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
PUBLIC = SECRET.public_key().public_bytes_raw()
KEY = hashlib.sha256(PUBLIC).hexdigest()[:16]
FIRST = START + 5 * SECOND  # the first picture
FILES = [
    File(wall=FIRST, sound=False),
    File(sequence=1, first=2, media=180000, wall=FIRST + 2 * SECOND, sound=False),
]
NAMES = ["221325.000", "221327.000"]
FOLDER = f"{CAMERA}/main/2023/11/14"

Row = dict[str, object]


def key_rows(name: str = CAMERA) -> list[Row]:
    return [
        {"type": "ledger_started", "ledger": name, "epoch": EPOCH},
        {"type": "key", "key": KEY, "algorithm": "ed25519", "public_key": PUBLIC.hex()},
    ]


def opened(file: File) -> Row:
    return {
        "type": "file_opened",
        "run": RUN,
        "stream": "main",
        "sequence": file.sequence,
        "volume": VOLUME,
        "wall": str(file.wall),
        "media": str(file.media),
        "first_fragment": str(file.first),
        "header": file.leaves[0].hex(),
        "codec": "h264",
        "width": 640,
        "height": 360,
        "sound": "",
    }


def placed(file: File) -> Row:
    return {
        "type": "placed",
        "run": RUN,
        "stream": "main",
        "sequence": file.sequence,
        "media": str(file.media),
        "wall": str(file.wall),
        "rate_ppb": 0,
        "final": True,
    }


def closed(file: File) -> Row:
    return {
        "type": "file_closed",
        "run": RUN,
        "stream": "main",
        "sequence": file.sequence,
        "length": str(len(file.whole)),
        "fragments": len(file.pieces),
        "root": tree(file.leaves).hex(),
        "media": str(file.media + 180000),
        "recovered": False,
    }


def rows() -> list[Row]:
    """Gap of 5 s, media of 4 s, then a gap that stays open."""
    gap, after = {"gap": "a1" * 16, "stream": "main"}, {"gap": "a2" * 16, "stream": "main"}
    wall = {"wall": str(START)}
    return [
        *key_rows(),
        {"type": "camera_added", "streams": ["main"], "name": "0" * 64, "address": "1" * 64},
        {"type": "gap_opened", "cause": "starting", **gap, "wall": str(START)},
        {"type": "run_started", "run": RUN, "stream": "main", "wall": str(FIRST)},
        {"type": "gap_closed", **gap, "wall": str(FIRST), "run": RUN},
        opened(FILES[0]),
        placed(FILES[0]),
        closed(FILES[0]),
        opened(FILES[1]),
        placed(FILES[1]),
        closed(FILES[1]),
        {"type": "run_ended", "run": RUN, "stream": "main", "media": "360000"},
        {"type": "gap_opened", "cause": "no_connection", **after, **wall, "run": RUN},
    ]


def head(
    lines: list[bytes], size: int, time: int, before: str, hour: str, is_open: list[Row]
) -> bytes:
    fields: Row = {
        "v": 1,
        "ledger": CAMERA,
        "epoch": EPOCH,
        "t": str(time),
        "size": str(size),
        "root": tree(leaves_of(lines[:size])).hex(),
        "open": is_open,
        "prev": before,
        "hour": hour,
        "key": KEY,
    }
    signature = SECRET.sign(b"watchglass.head.v1\n" + line(**fields))
    return line(**fields, sig=signature.hex())


def heads(lines: list[bytes], times: list[int], sizes: list[int]) -> list[bytes]:
    """A chain; the head over 7 lines finds the first file open."""
    made: list[bytes] = []
    before = hour = "0" * 64
    last_hour = -1
    for time, size in zip(times, sizes, strict=True):
        is_open: list[Row] = []
        if size in (7, 8):
            root = tree(FILES[0].leaves[:2]).hex()
            is_open = [{"run": RUN, "stream": "main", "sequence": 0, "fragments": 1, "root": root}]
        made.append(head(lines, size, time, before, hour, is_open))
        before = hashlib.sha256(made[-1]).hexdigest()
        if time // (3600 * SECOND) != last_hour:
            hour, last_hour = before, time // (3600 * SECOND)
    return made


def write_lines(path: Path, lines: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(one + b"\n" for one in lines))


def site_rows() -> list[Row]:
    look: Row = {
        "type": "looked", "look": "5" * 32, "camera": CAMERA, "stream": "main", "how": "live",
        "from": str(START + SECOND), "by": "6" * 64,
    }  # fmt: skip
    return [
        *key_rows("site"),
        {"type": "camera_added", "camera": CAMERA},
        look,
        look | {"to": str(START + 2 * SECOND)},
    ]


def write_site(folder: Path) -> tuple[Path, Path]:
    state, volume = folder / "state", folder / "volume"
    lines = ledger_lines(rows())
    chain = heads(lines, [START + i * SECOND for i in (6, 7, 20)], [7, 8, len(lines)])
    for place in (state / "ledger" / CAMERA, volume / CAMERA / "ledger"):
        write_lines(place / "2023-11.jsonl", lines)
        write_lines(place / "heads" / "2023-11.jsonl", chain)
    site = ledger_lines(site_rows())
    write_lines(state / "ledger" / "site" / "2023-11.jsonl", site)
    (volume / "volume.json").write_bytes(line(format=1, volume=VOLUME, created=str(START)))
    alive = line(v=1, wall=str(START + 20 * SECOND), boottime="1", boot="b", state="running")
    for place in (state, volume):
        (place / "alive").write_bytes(alive.ljust(511) + b"\n")
    for name, file in zip(NAMES, FILES, strict=True):
        path = volume / FOLDER / f"{name}Z-{RUN}-{file.sequence:04d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.whole)
    return state, volume
