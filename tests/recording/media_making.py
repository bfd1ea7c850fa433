"""Media files for tests, made with today's writer: small and of a chosen shape."""

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from watchglass.base.ids import CameraId, RunId
from watchglass.model.stream import StreamName, Track
from watchglass.recording.fileheader import FileInfo, encode_header_box
from watchglass.recording.footer import Entry, encode_footer, file_root
from watchglass.recording.fragment import FragmentInfo, Sample, encode_fragment, flags_of
from watchglass.recording.merkle import leaf_hash

CAMERA = CameraId("c0" * 16)
RUN = RunId("b1" * 16)
FTYP_MOOV = struct.pack(">I4s4s", 12, b"ftyp", b"isom") + struct.pack(">I4s4x", 12, b"moov")
INFO = FileInfo(
    CAMERA, StreamName.MAIN, RUN, 2, 7, 27_000_000, 90_000, 8_000, 1_700_000_000 * 10**9
)


@dataclass(frozen=True, slots=True)
class Made:
    """A closed file and its parts."""

    info: FileInfo
    header: bytes
    fragments: tuple[bytes, ...]
    entries: tuple[Entry, ...]
    footer: bytes

    @property
    def torn(self) -> bytes:
        return self.header + b"".join(self.fragments)

    @property
    def closed(self) -> bytes:
        return self.torn + self.footer


def fragment_of(
    info: FileInfo, number: int, track: Track, after: int, samples: Sequence[Sample]
) -> bytes:
    """A fragment of a file whose first sample comes ``after`` ticks of its file's start."""
    payload = [bytes([65 + number % 26]) * sample.data_bytes for sample in samples]
    own = FragmentInfo(
        info.camera,
        info.stream,
        info.run,
        number,
        track,
        flags_of(track, samples),
        info.media_start(track) + after,
        info.timescale(track),
        info.wall_ns + number,
    )
    return encode_fragment(own, samples, payload, after)


def made_file(tracks: str = "vvsv", info: FileInfo = INFO, ftyp_moov: bytes = FTYP_MOOV) -> Made:
    """A file with a fragment for each letter: ``v`` for video, ``s`` for sound."""
    header = ftyp_moov + encode_header_box(info)
    fragments: list[bytes] = []
    entries: list[Entry] = []
    offset = len(header)
    for index, letter in enumerate(tracks):
        track = Track.VIDEO if letter == "v" else Track.SOUND
        samples = [Sample(6, 3600, index == 0, 0), Sample(3, 3600, False, 7 if index == 1 else 0)]
        after = 7200 * index
        data = fragment_of(info, info.first_fragment + index, track, after, samples)
        fragments.append(data)
        entries.append(
            Entry(
                info.first_fragment + index,
                offset,
                len(data),
                track,
                flags_of(track, samples),
                info.media_start(track) + after,
                7200,
                2,
                info.wall_ns + info.first_fragment + index,
                leaf_hash(data),
            )
        )
        offset += len(data)
    leaf = leaf_hash(header)
    footer = encode_footer(len(header), leaf, entries, file_root(leaf, entries), offset)
    return Made(info, header, tuple(fragments), tuple(entries), footer)


@contextmanager
def in_memory(data: bytes) -> Iterator[int]:
    """A descriptor of a file with these bytes."""
    fd = os.memfd_create("media")
    try:
        os.pwrite(fd, data, 0)
        yield fd
    finally:
        os.close(fd)
