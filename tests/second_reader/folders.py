"""Folders and their small files: section 1, and texts of section 3."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from . import merkle, schema
from .finding import Finding, Findings
from .ledger import MONTHS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Volume:
    path: Path
    id: str  # empty where volume.json does not tell


def _object(path: Path) -> dict[str, object] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def read_volume(path: Path) -> tuple[Volume, list[Finding]]:
    say = Findings(str(path / "volume.json"))
    data = _object(path / "volume.json")
    if data is None:
        say.damage("missing, or no JSON object")
        return Volume(path, ""), say.found
    say.same("format", data.get("format"), 1)
    say.unless(schema.is_decimal(data.get("created")), f"created {data.get('created')!r}")
    if say.unless(schema.is_hex(data.get("volume"), 32), f"volume {data.get('volume')!r}"):
        return Volume(path, str(data["volume"])), say.found
    return Volume(path, ""), say.found


def read_alive(folder: Path) -> tuple[int | None, list[Finding]]:
    """Its wall time. Torn counts as absent."""
    path = folder / "alive"
    say = Findings(str(path))
    if not path.exists():
        say.add("note", "absent")
        return None, say.found
    raw, data = path.read_bytes(), _object(path)
    if len(raw) != 512 or not raw.endswith(b"\n") or data is None:
        say.add("torn", f"{len(raw)} bytes")
        return None, say.found
    say.same("version", data.get("v"), 1)
    for name in ("wall", "boottime"):
        say.unless(schema.is_decimal(data.get(name)), f"{name} {data.get(name)!r}")
    say.unless(isinstance(data.get("boot"), str), f"boot {data.get('boot')!r}")
    say.unless(data.get("state") in {"running", "stopped"}, f"state {data.get('state')!r}")
    wall = data.get("wall")
    return (int(str(wall)) if schema.is_decimal(wall) else None), say.found


def media_paths(volume: Path) -> list[Path]:
    found: list[Path] = []
    for stream in ("main", "sub"):
        found += volume.glob(f"*/{stream}/[0-9]*/[0-9]*/[0-9]*/*.mp4")
    return sorted(path for path in found if schema.is_hex(path.relative_to(volume).parts[0], 32))


def media_path(camera: str, stream: str, wall: int, run: str, sequence: int) -> str:
    """Where a media file lies in its volume."""
    milliseconds = wall // 10**6
    when = _EPOCH + timedelta(milliseconds=milliseconds)
    name = f"{when:%H%M%S}.{milliseconds % 1000:03d}Z-{run}-{sequence:04d}.mp4"
    return f"{camera}/{stream}/{when:%Y/%m/%d}/{name}"


def ledger_names(state: Path) -> list[str]:
    folder = state / "ledger"
    if not folder.is_dir():
        return []
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and (path.name == "site" or schema.is_hex(path.name, 32))
    )


def check_copy(original: Path, copy: Path) -> list[Finding]:
    """A volume's copy of a ledger says what the ledger says, as far as it goes."""
    say = Findings(str(copy))
    if not copy.is_dir():
        say.add("note", "no copy of the ledger")
        return say.found
    for path in sorted(copy.glob(MONTHS)):
        first = original / path.name
        mine, theirs = path.read_bytes(), first.read_bytes() if first.exists() else b""
        if theirs.startswith(mine):
            continue
        if mine.startswith(theirs):
            say.add("doubt", "the copy is ahead of the ledger", path.name)
        else:
            say.damage("says something else than the ledger", path.name)
    return say.found


def check_texts(folder: Path) -> Iterator[Finding]:
    for path in sorted((folder / "texts").glob("*.json")):
        say, data = Findings(str(path)), _object(path)
        if data is None or not schema.is_hex(data.get("salt"), 64):
            say.damage("no salt of 32 bytes")
        elif not isinstance(data.get("text"), str):
            say.damage("no text")
        else:
            made = merkle.commitment(bytes.fromhex(str(data["salt"])), str(data["text"]))
            say.unless(made == path.stem, f"is the text of {made}")
        yield from say.found
