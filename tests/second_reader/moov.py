"""ftyp and moov: section 2's promises about tracks and sample entries."""

import struct
from dataclasses import dataclass

from .boxes import Box, Broken, Data, children, only
from .payload import Header

_VIDEO_ENTRIES = (b"hvc1", b"avc1", b"mp4v", b"jpeg")
_SOUND_ENTRIES = (b"mp4a", b"alaw", b"ulaw")


@dataclass(frozen=True)
class Track:
    number: int
    handler: bytes
    scale: int
    entry: bytes
    width: int  # of a video track
    height: int


def _number(data: Data, box: Box, old: int, new: int) -> int:
    """A number of 32 bits at `old` in the payload of version 0, at `new` in that of version 1."""
    version = data[box.body] if box.end > box.body else 2
    place = box.body + (new if version else old)
    if version > 1 or place + 4 > box.end:
        raise Broken(f"{box.kind!r} at {box.start}")
    return int(struct.unpack_from(">I", data, place)[0])


def _track(data: Data, trak: Box) -> Track:
    mdia = only(data, trak, b"mdia")
    hdlr = only(data, mdia, b"hdlr")
    stsd = only(data, only(data, only(data, mdia, b"minf"), b"stbl"), b"stsd")
    entries = children(data, stsd.body + 8, stsd.end)
    if len(entries) != 1:
        raise Broken(f"{len(entries)} sample entries")
    entry, handler = entries[0], bytes(data[hdlr.body + 8 : hdlr.body + 12])
    width = height = 0
    if handler == b"vide" and entry.size >= 36:
        width, height = struct.unpack_from(">HH", data, entry.body + 24)
    return Track(
        _number(data, only(data, trak, b"tkhd"), 12, 20),
        handler,
        _number(data, only(data, mdia, b"mdhd"), 12, 20),
        entry.kind,
        width,
        height,
    )


def tracks(data: Data, moov: Box) -> list[Track]:
    return [_track(data, box) for box in children(data, moov.body, moov.end) if box.kind == b"trak"]


def _fragmented(data: Data, moov: Box) -> list[int]:
    """Track ids of the `trex` in `mvex`."""
    return sorted(
        int.from_bytes(data[trex.body + 4 : trex.body + 8], "big")
        for mvex in children(data, moov.body, moov.end)
        if mvex.kind == b"mvex"
        for trex in children(data, mvex.body, mvex.end)
        if trex.kind == b"trex"
    )


def _sound_problems(sound: list[Track], header: Header, brand: bytes) -> list[str]:
    found = []
    if len(sound) != (1 if header.sound_scale else 0):
        found.append(f"{len(sound)} sound tracks, time scale {header.sound_scale} in the header")
    for track in sound:
        if track.number != 2 or track.scale != header.sound_scale:
            found.append(f"sound is track {track.number} of time scale {track.scale}")
        if track.entry not in _SOUND_ENTRIES:
            found.append(f"sample entry {track.entry!r} of sound")
    g711 = any(track.entry in {b"alaw", b"ulaw"} for track in sound)
    if g711 != (brand == b"qt  "):
        found.append(f"major brand {brand!r} with sound {[track.entry for track in sound]}")
    return found


def problems(data: Data, ftyp: Box, moov: Box, header: Header) -> list[str]:
    try:
        all_tracks = tracks(data, moov)
    except Broken as error:
        return [f"moov: {error}"]
    video = [track for track in all_tracks if track.handler == b"vide"]
    sound = [track for track in all_tracks if track.handler == b"soun"]
    if _fragmented(data, moov) != sorted(track.number for track in all_tracks):
        return ["mvex does not name the tracks"]
    found = _sound_problems(sound, header, bytes(data[ftyp.body : ftyp.body + 4]))
    if len(video) != 1 or len(video) + len(sound) != len(all_tracks):
        found.append(f"tracks {[track.handler for track in all_tracks]}")
    for track in video:
        if track.number != 1 or track.scale != 90000:
            found.append(f"video is track {track.number} of time scale {track.scale}")
        if track.entry not in _VIDEO_ENTRIES:
            found.append(f"sample entry {track.entry!r} of video")
    return found
