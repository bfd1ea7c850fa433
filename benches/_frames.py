"""Which frames are on disk, told by the numbers the simulated cameras put into each access unit."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watchglass.base.ids import CameraId, RunId
from watchglass.media.encode import VideoCodecName
from watchglass.model.stream import StreamName, Track
from watchglass.recording.mediafile import read_fragment_head, scan
from watchglass.recording.mediapath import parse_media_path
from watchglass.simulate import frame_sei

_LENGTH_BYTES = 4
_SEI_WITHIN_BYTES = 4096
"""The number is in front of the picture: the first bytes of a sample are enough to find it."""


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """A frame on disk. ``media`` in 1/90000 s of its run."""

    number: int
    run: RunId
    media: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class SentFrame:
    """A frame the simulator sent; ``wall_ns`` is UTC. ``clients``: to how many."""

    number: int
    wall_ns: int
    is_key: bool
    clients: int


def media_files(volume: Path, camera: CameraId, stream: StreamName) -> list[Path]:
    """The files of a stream in the order of their names."""
    found = (volume / camera / stream.value).rglob("*.mp4")
    return sorted(path for path in found if parse_media_path(path))


def recorded_frames(volume: Path, camera: CameraId, stream: StreamName) -> list[RecordedFrame]:
    """All frames of a stream on disk, file after file."""
    return [frame for path in media_files(volume, camera, stream) for frame in frames_of_file(path)]


def recorded_numbers(volume: Path, camera: CameraId) -> list[int]:
    """Of the pictures of its main stream, sorted."""
    return sorted(frame.number for frame in recorded_frames(volume, camera, StreamName.MAIN))


def frames_of_file(path: Path) -> Iterator[RecordedFrame]:
    """The frames of one file, closed or not."""
    fd = os.open(path, os.O_RDONLY)
    try:
        found = scan(fd, os.fstat(fd).st_size, hash_leaves=False)
        codec = _codec(path)
        for entry in found.entries:
            if entry.track is not Track.VIDEO:
                continue
            fragment = read_fragment_head(fd, entry.offset, entry.offset + entry.length)
            media = fragment.info.media_time
            for sample, at in zip(fragment.samples, fragment.offsets, strict=True):
                head = os.pread(fd, min(sample.data_bytes, _SEI_WITHIN_BYTES), entry.offset + at)
                number = frame_sei.find(_nal_units(head), codec)
                if number is None:
                    raise ValueError(f"{path}: a sample has no frame number")
                yield RecordedFrame(number, found.info.run, media, sample.is_key)
                media += sample.duration
    finally:
        os.close(fd)


def sent_frames(log: Path) -> list[SentFrame]:
    """The simulator's log of one stream; frames that went to nobody are left out."""
    frames = []
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # the last line of a simulator that still writes
        if "event" not in entry and entry.get("c"):
            frames.append(SentFrame(entry["n"], entry["w"], bool(entry["k"]), len(entry["c"])))
    return frames


def _codec(path: Path) -> VideoCodecName:
    with path.open("rb") as file:
        return "h265" if b"hvc1" in file.read(1 << 16) else "h264"


def _nal_units(head: bytes) -> list[bytes]:
    units = []
    at = 0
    while at + _LENGTH_BYTES < len(head):
        length = int.from_bytes(head[at : at + _LENGTH_BYTES], "big")
        units.append(head[at + _LENGTH_BYTES : at + _LENGTH_BYTES + length])
        at += _LENGTH_BYTES + length
    return units
