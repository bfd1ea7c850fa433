"""One track of a media file on its own: its header, its MIME type, its name for players.

To a browser video and sound go apart, each under a ``moov`` of its own: one buffer with both
freezes the picture where the sound stops.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache

from watchglass.base.errors import DamagedError, NotFoundError
from watchglass.model.stream import SoundCodec, Track, VideoCodec
from watchglass.recording.boxes import Box, box_at, walk

G711_MIME = "application/vnd.watchglass.g711"

_BOX = struct.Struct(">I4s")
# QuickTime's brand stands where G.711 is in the file; without that track it is a plain MP4.
_FTYP = _BOX.pack(28, b"ftyp") + b"isom" + bytes.fromhex("00000200") + b"isomiso6mp41"
_HANDLERS = {b"vide": Track.VIDEO, b"soun": Track.SOUND}
_G711 = {b"alaw": SoundCodec.PCM_ALAW, b"ulaw": SoundCodec.PCM_MULAW}
_MJPEG = (b"mp4v", b"jpeg")
_VIDEO_ENTRY_BYTES = 78
_SOUND_ENTRY_BYTES = 28


@dataclass(frozen=True, slots=True)
class TrackHeader:
    """``init`` is empty for G.711, which goes as raw payload; sizes are those of video.

    ``codec`` is as RFC 6381 writes it (``avc1.64001f``), ``pcma`` or ``pcmu``.
    """

    track: Track
    codec: str
    mime: str
    init: bytes
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0


@dataclass(frozen=True, slots=True)
class TrackParts:
    """Where a track's boxes lie in a header. ``channels`` are those of sound, else 0."""

    track: Track
    timescale: int
    channels: int
    tkhd: Box
    mdia: Box
    mdhd: Box
    minf: Box
    stsd: Box


def track_parts(header: bytes) -> list[TrackParts]:
    """The tracks of a file, in its order."""
    moov = box_at(header, box_at(header).end)
    found = []
    for trak in _children(header, moov):
        track = _track_of(header, trak) if trak.type == b"trak" else None
        if track is None:
            continue
        mdia = _child(header, trak, b"mdia")
        mdhd = _child(header, mdia, b"mdhd")
        entry = _sample_entry(header, trak)
        channels = _sound_facts(header, entry)[1] if track is Track.SOUND else 0
        found.append(
            TrackParts(
                track, _u32(header, mdhd.payload + (20 if header[mdhd.payload] == 1 else 12)),
                channels, _child(header, trak, b"tkhd"), mdia, mdhd,
                _child(header, mdia, b"minf"), _child(header, mdia, b"minf", b"stbl", b"stsd"),
            )
        )  # fmt: skip
    return found


def track_header(header: bytes, track: Track) -> TrackHeader:
    """That track of the file whose header (``ftyp``, ``moov``, and what follows) this is.

    NotFoundError when the file does not have it.
    """
    return _track_header(_shared(header), track)


def video_configuration(header: bytes) -> tuple[VideoCodec, bytes]:
    """What a decoder of the file's video is set up with: its codec, the payload of ``avcC`` or
    ``hvcC``; of MJPEG nothing. DamagedError when the header has none of them."""
    return _video_configuration(_shared(header))


def _shared(header: bytes) -> bytes:
    """``ftyp`` and ``moov``, which the files of a camera have in common; not whose file it is."""
    return bytes(header[: box_at(header, box_at(header).end).end])


@lru_cache(maxsize=64)
def _track_header(header: bytes, track: Track) -> TrackHeader:
    moov = box_at(header, box_at(header).end)
    traks = {_track_of(header, box): box for box in _children(header, moov) if box.type == b"trak"}
    if track not in traks:
        raise NotFoundError("This recording has no sound.")
    entry = _sample_entry(header, traks[track])
    if entry.type in _G711:
        sample_rate, channels = _sound_facts(header, entry)
        codec = "pcma" if entry.type == b"alaw" else "pcmu"
        return TrackHeader(track, codec, G711_MIME, b"", 0, 0, sample_rate, channels)
    init = _FTYP + _moov_of(header, moov, traks[track])
    if track is Track.SOUND:
        sample_rate, channels = _sound_facts(header, entry)
        codec = _mp4a(header, entry)
        return TrackHeader(
            track, codec, f'audio/mp4; codecs="{codec}"', init, 0, 0, sample_rate, channels
        )
    width, height = struct.unpack_from(">HH", header, entry.payload + 24)
    codec = _video_codec(header, entry)
    return TrackHeader(track, codec, f'video/mp4; codecs="{codec}"', init, width, height)


@lru_cache(maxsize=64)
def _video_configuration(header: bytes) -> tuple[VideoCodec, bytes]:
    moov = box_at(header, box_at(header).end)
    for trak in _children(header, moov):
        if trak.type == b"trak" and _track_of(header, trak) is Track.VIDEO:
            entry = _sample_entry(header, trak)
            if entry.type in _MJPEG:
                return VideoCodec.MJPEG, b""
            codec = VideoCodec.H264 if entry.type == b"avc1" else VideoCodec.H265
            kind = b"avcC" if entry.type == b"avc1" else b"hvcC"
            return codec, _inside(header, entry, _VIDEO_ENTRY_BYTES, kind)
    raise DamagedError("The file has no video.")


# --- the moov -------------------------------------------------------------------------------------


def _moov_of(header: bytes, moov: Box, trak: Box) -> bytes:
    """``moov`` with one ``trak`` and its ``trex``; ids stay, or fragments would not fit."""
    track_id = _track_id(header, trak)
    parts = []
    for box in _children(header, moov):
        if box.type == b"trak" and box != trak:
            continue
        if box.type == b"mvex":
            parts.append(_mvex_of(header, box, track_id))
        elif box.type != b"udta":
            parts.append(header[box.offset : box.end])
    return _boxed(b"moov", parts)


def _mvex_of(header: bytes, mvex: Box, track_id: int) -> bytes:
    kept = [
        header[box.offset : box.end]
        for box in _children(header, mvex)
        if box.type == b"trex" and _u32(header, box.payload + 4) == track_id
    ]
    return _boxed(b"mvex", kept)


def _boxed(kind: bytes, parts: list[bytes]) -> bytes:
    content = b"".join(parts)
    return _BOX.pack(8 + len(content), kind) + content


def _children(header: bytes, box: Box) -> list[Box]:
    return list(walk(header, box.payload, box.end))


def _child(header: bytes, box: Box, *path: bytes) -> Box:
    for kind in path:
        found = next((each for each in _children(header, box) if each.type == kind), None)
        if found is None:
            raise DamagedError(f"The file's moov has no {kind.decode('latin-1')}.")
        box = found
    return box


def _track_of(header: bytes, trak: Box) -> Track | None:
    handler = _child(header, trak, b"mdia", b"hdlr")
    return _HANDLERS.get(header[handler.payload + 8 : handler.payload + 12])


def _track_id(header: bytes, trak: Box) -> int:
    box = _child(header, trak, b"tkhd")
    return _u32(header, box.payload + (20 if header[box.payload] == 1 else 12))


def _u32(header: bytes, at: int) -> int:
    return int.from_bytes(header[at : at + 4], "big")


# --- the sample entry -----------------------------------------------------------------------------


def _sample_entry(header: bytes, trak: Box) -> Box:
    stsd = _child(header, trak, b"mdia", b"minf", b"stbl", b"stsd")
    return box_at(header, stsd.payload + 8, stsd.end)


def _inside(header: bytes, entry: Box, fixed_bytes: int, kind: bytes) -> bytes:
    """The payload of a box behind a sample entry's fixed fields."""
    for box in walk(header, entry.payload + fixed_bytes, entry.end):
        if box.type == kind:
            return header[box.payload : box.end]
    raise DamagedError(f"The file's sample entry has no {kind.decode('latin-1')}.")


def _video_codec(header: bytes, entry: Box) -> str:
    if entry.type == b"avc1":
        avcc = _inside(header, entry, _VIDEO_ENTRY_BYTES, b"avcC")
        return f"avc1.{avcc[1:4].hex()}"
    if entry.type == b"hvc1":
        return _hevc_codec(_inside(header, entry, _VIDEO_ENTRY_BYTES, b"hvcC"))
    if entry.type in _MJPEG:
        return "mp4v.6C"  # ISO/IEC 14496-1, table 5: object type JPEG
    raise DamagedError("The file has a picture of an unknown codec.")


def _hevc_codec(hvcc: bytes) -> str:
    """ISO/IEC 14496-15, E.3: profile, compatibility (bits reversed), tier, level, constraints."""
    space = ("", "A", "B", "C")[hvcc[1] >> 6]
    tier = "H" if hvcc[1] & 0x20 else "L"
    compatible = int(f"{_u32(hvcc, 2):032b}"[::-1], 2)
    constraints = hvcc[6:12].rstrip(b"\x00")
    name = f"hvc1.{space}{hvcc[1] & 0x1F}.{compatible:x}.{tier}{hvcc[12]}"
    return ".".join([name, *(f"{byte:x}" for byte in constraints)])


def _sound_facts(header: bytes, entry: Box) -> tuple[int, int]:
    """Sample rate and channels."""
    channels, _, _, _, rate = struct.unpack_from(">HHHHI", header, entry.payload + 16)
    return rate >> 16, channels


def _mp4a(header: bytes, entry: Box) -> str:
    """``mp4a.40.`` and the AAC object type, from the first bits of the AudioSpecificConfig."""
    esds = _inside(header, entry, _SOUND_ENTRY_BYTES, b"esds")
    at = esds.find(b"\x05")  # the DecoderSpecificInfo, behind its length of 1 to 4 bytes
    while 0 <= at < len(esds) - 2:
        at += 1
        while at < len(esds) and esds[at] & 0x80:
            at += 1
        config = esds[at + 1 :]
        if len(config) >= 2 and config[0] >> 3:
            return f"mp4a.40.{config[0] >> 3}"
        at = esds.find(b"\x05", at)
    return "mp4a.40.2"
