"""Codec, size and sound of a media file, read back from its ``moov``.

Needed only for a file that was found on disk and never told of. The ``moov`` was written by us.
"""

from typing import NamedTuple

from watchglass.base.errors import DamagedError
from watchglass.model.stream import SoundCodec, VideoCodec
from watchglass.recording.boxes import walk
from watchglass.recording.merkle import Buffer

_VIDEO = {
    b"avc1": VideoCodec.H264, b"hvc1": VideoCodec.H265, b"mp4v": VideoCodec.MJPEG,
    b"jpeg": VideoCodec.MJPEG,
}  # fmt: skip
_SOUND = {b"mp4a": SoundCodec.AAC, b"alaw": SoundCodec.PCM_ALAW, b"ulaw": SoundCodec.PCM_MULAW}
_STSD_ENTRIES = 16
_ENTRY_SIZE_AT = 32


class Shape(NamedTuple):
    """As ``file_opened`` says it; ``sound`` is empty without a sound track."""

    codec: str
    width: int
    height: int
    sound: str


def shape_of(header: Buffer) -> Shape:
    """The shape of the file that begins with ``header``; DamagedError when it has no picture."""
    codec, width, height, sound = "", 0, 0, ""
    for kind, entry in _sample_entries(header):
        if kind in _VIDEO:
            if len(entry) < _ENTRY_SIZE_AT + 4:
                raise DamagedError("The file's sample entry is too short.")
            codec = _VIDEO[kind].value
            width = int.from_bytes(entry[_ENTRY_SIZE_AT : _ENTRY_SIZE_AT + 2], "big")
            height = int.from_bytes(entry[_ENTRY_SIZE_AT + 2 : _ENTRY_SIZE_AT + 4], "big")
        elif kind in _SOUND:
            sound = _SOUND[kind].value
    if not codec:
        raise DamagedError("The file's moov has no picture of a known codec.")
    return Shape(codec, width, height, sound)


def _sample_entries(header: Buffer) -> list[tuple[bytes, bytes]]:
    """(type, bytes) of each track's first sample entry."""
    view = bytes(header)
    found = []
    for moov in _children(view, 0, len(view), b"moov"):
        for trak in _children(view, *moov, b"trak"):
            for start, end in _path(view, *trak, (b"mdia", b"minf", b"stbl", b"stsd")):
                entry = view[start + _STSD_ENTRIES - 8 : end]
                if len(entry) >= 8:
                    found.append((entry[4:8], entry))
    return found


def _path(view: bytes, start: int, end: int, kinds: tuple[bytes, ...]) -> list[tuple[int, int]]:
    spans = [(start, end)]
    for kind in kinds:
        spans = [child for span in spans for child in _children(view, *span, kind)]
    return spans


def _children(view: bytes, start: int, end: int, kind: bytes) -> list[tuple[int, int]]:
    """Payload spans of the boxes of one type between two offsets."""
    return [(box.payload, box.end) for box in walk(view, start, end) if box.type == kind]
