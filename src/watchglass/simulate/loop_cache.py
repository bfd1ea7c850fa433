"""Loops on disk, so that each is encoded once on a machine.

A file is: 8 bytes of magic, 8 bytes length of the header (big-endian), the header (JSON: lengths of
NAL units, units per frame, lengths of sound packets), NAL units, sound packets.
"""

import base64
import fcntl
import json
import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from watchglass.simulate.loop import Loop, LoopSpec, Progress, Sound, encode_loop

_MAGIC = b"WGLOOP01"
CACHE_VARIABLE = "WATCHGLASS_CACHE_DIR"


def cache_folder() -> Path:
    """WATCHGLASS_CACHE_DIR, or ~/.cache/watchglass/loops."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "watchglass" / "loops"


def load_loop(spec: LoopSpec, folder: Path | None = None, progress: Progress | None = None) -> Loop:
    """The loop of a spec, from the cache or encoded now; two processes never encode the same one.

    Blocks: up to minutes when the loop is new.
    """
    folder = cache_folder() if folder is None else folder
    path = folder / f"{spec.digest()}.loop"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / f"{spec.digest()}.lock"):
            if not path.exists():
                _write(path, encode_loop(spec, progress))
    return _read(path, spec)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # The lock file stays: removing it would let a third process lock a new one beside a waiter.
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(path: Path, loop: Loop) -> None:
    header: dict[str, Any] = {
        "nal_bytes": [b - a for a, b in pairwise(loop.nal_bounds)],
        "frame_nals": [b - a for a, b in pairwise(loop.frame_bounds)],
        "sound": None,
    }
    packets: tuple[bytes, ...] = ()
    if loop.sound is not None:
        packets = loop.sound.packets
        header["sound"] = {
            "sample_rate": loop.sound.sample_rate,
            "packet_samples": loop.sound.packet_samples,
            "config": base64.b64encode(loop.sound.config).decode(),
            "packet_bytes": [len(packet) for packet in packets],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.stem, delete=False) as file:
        file.write(_MAGIC + len(text).to_bytes(8, "big") + text)
        file.write(loop.data)
        file.write(b"".join(packets))
    Path(file.name).rename(path)


def _read(path: Path, spec: LoopSpec) -> Loop:
    with path.open("rb") as file:
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    if mapped[:8] != _MAGIC:
        raise ValueError(f"{path} is no loop file; remove it and start again")
    header_end = 16 + int.from_bytes(mapped[8:16], "big")
    header = json.loads(bytes(mapped[16:header_end]))
    nal_bounds = tuple(accumulate(header["nal_bytes"], initial=0))
    pictures_end = header_end + nal_bounds[-1]
    return Loop(
        spec=spec,
        data=mapped[header_end:pictures_end],
        nal_bounds=nal_bounds,
        frame_bounds=tuple(accumulate(header["frame_nals"], initial=0)),
        keys=spec.key_frames(),
        sound=_read_sound(spec, header["sound"], mapped[pictures_end:]),
    )


def _read_sound(spec: LoopSpec, header: dict[str, Any] | None, data: memoryview) -> Sound | None:
    if header is None:
        return None
    bounds = accumulate(header["packet_bytes"], initial=0)
    return Sound(
        codec=spec.sound,
        sample_rate=header["sample_rate"],
        packet_samples=header["packet_samples"],
        config=base64.b64decode(header["config"]),
        packets=tuple(bytes(data[a:b]) for a, b in pairwise(bounds)),
    )
