"""A fragment: ``uuid`` (whose it is) + ``moof`` + ``mdat``, one append and one leaf.

The layout is fixed, so both ways are one ``struct`` for everything up to the samples' table and one
for the table. Media times and durations count in ticks of the fragment's own track.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId, RunId
from watchglass.model.stream import StreamName, Track
from watchglass.recording.boxes import BOX_HEADER_BYTES
from watchglass.recording.merkle import Buffer

FORMAT_VERSION = 1
FRAGMENT_TYPE = bytes.fromhex("a1c1d8e29f5b4f0c8a6e77671a540002")

FIRST_IS_KEY = 1
HAS_KEY = 2

MOST_FRAGMENT_BYTES = 64 * 1024 * 1024
"""More than any fragment needs; a length beyond it is damage, not a reason to fill memory."""
MOST_SAMPLES = 65_535

_MOST_DURATION = 0xFFFFFFFF
_UUID_BYTES = 96
_MOOF_FIXED_BYTES = 88
_TRUN_FIXED_BYTES = 20
_DEFAULT_BASE_IS_MOOF = 0x020000
_TFDT_VERSION_1 = 0x01000000
# Version 1; data offset, sample duration, sample size, sample flags; then with composition offsets.
_TRUN = 0x01000701
_TRUN_COMPOSED = 0x01000F01
_SYNC_SAMPLE = 0x02000000
_OTHER_SAMPLE = 0x01010000

_FIXED = struct.Struct(
    ">I4s16s4B16s16sQQIq8x"  # uuid, whose payload ends with the check and 4 reserved bytes
    "I4s"  # moof
    "I4sII"  # mfhd
    "I4s"  # traf
    "I4sII"  # tfhd
    "I4sIQ"  # tfdt
    "I4sIIi"  # trun up to its table
)
_BOX = struct.Struct(">I4s")
_START = _BOX.pack(_UUID_BYTES, b"uuid") + FRAGMENT_TYPE
FIXED_BYTES = _FIXED.size
"""What must be read of a fragment before the length of its ``moof`` can be known."""

_CHECK_AT = 88
_NO_CHECK = bytes(4)


@dataclass(slots=True)
class Sample:
    """One access unit. ``duration`` and ``composition_offset`` (pts - dts) in ticks of the track.

    Not frozen: the duration of a fragment's last sample is known only when the next one comes.
    """

    data_bytes: int
    duration: int
    is_key: bool
    composition_offset: int


@dataclass(frozen=True, slots=True)
class FragmentInfo:
    """Whose fragment it is; ``wall_ns`` is the first sample's arrival, UTC, as observed."""

    camera: CameraId
    stream: StreamName
    run: RunId
    number: int
    track: Track
    flags: int
    media_time: int
    timescale: int
    wall_ns: int


@dataclass(frozen=True, slots=True)
class DecodedFragment:
    """A fragment as read. ``offsets`` say where each sample's bytes begin in the buffer.

    ``decode_time`` is the ``tfdt``, counted from the file's start. ``length`` covers ``uuid``,
    ``moof`` and ``mdat``. Samples of sound are all ``is_key``. ``check`` is what ``Check`` must
    give for its bytes, 0 where their writer did not say.
    """

    info: FragmentInfo
    decode_time: int
    samples: tuple[Sample, ...]
    offsets: tuple[int, ...]
    length: int
    check: int

    @property
    def duration(self) -> int:
        """Sum of the samples' durations, in ticks."""
        return sum(sample.duration for sample in self.samples)


class Check:
    """CRC-32 of a fragment, piece by piece; the field that holds it counts as 0.

    A file system may keep a file's length and lose some of its bytes: without a footer, nothing but
    this tells zeros inside a picture from the picture.
    """

    def __init__(self) -> None:
        self.value = 0
        self._begun = False

    def update(self, piece: Buffer) -> None:
        """Take the next piece; the first one holds the field."""
        if not self._begun:
            self._begun = True
            self.value = zlib.crc32(piece[:_CHECK_AT])
            self.value = zlib.crc32(_NO_CHECK, self.value)
            piece = piece[_CHECK_AT + len(_NO_CHECK) :]
        self.value = zlib.crc32(piece, self.value)


def flags_of(track: Track, samples: Sequence[Sample]) -> int:
    """The flags that go into a fragment's info; 0 for sound."""
    if track is Track.SOUND or not any(sample.is_key for sample in samples):
        return 0
    return HAS_KEY | (FIRST_IS_KEY if samples[0].is_key else 0)


def encode_fragment(
    info: FragmentInfo,
    samples: Sequence[Sample],
    payload: Sequence[bytes] | bytes,
    decode_time: int,
) -> bytes:
    """The bytes of a fragment; ``payload`` is the samples' data in order, whole or in pieces.

    ValueError when a number does not fit its field, or sizes do not add up to the payload.
    """
    pieces = (payload,) if isinstance(payload, bytes) else payload
    data_bytes = sum(map(len, pieces))
    composed = any(sample.composition_offset for sample in samples)
    moof_bytes = _MOOF_FIXED_BYTES + len(samples) * (16 if composed else 12)
    if not samples or data_bytes != sum(sample.data_bytes for sample in samples):
        raise ValueError(f"{len(samples)} samples do not add up to {data_bytes} bytes of payload")
    length = _UUID_BYTES + moof_bytes + BOX_HEADER_BYTES + data_bytes
    if length > MOST_FRAGMENT_BYTES or len(samples) > MOST_SAMPLES:
        raise ValueError(f"a fragment with {data_bytes} bytes of payload is too long")
    if sum(sample.duration for sample in samples) > _MOST_DURATION:
        raise ValueError("the samples of a fragment last longer than its footer entry can say")
    try:
        fixed = _fixed_part(info, len(samples), moof_bytes, composed, decode_time)
        table = _sample_table(info.track, samples, composed)
        mdat = _BOX.pack(BOX_HEADER_BYTES + data_bytes, b"mdat")
    except struct.error as error:
        raise ValueError(
            f"fragment {info.number} has a number that does not fit: {error}"
        ) from None
    check = Check()
    for piece in (fixed, table, mdat, *pieces):
        check.update(piece)
    told = struct.pack(">I", check.value)
    fixed = fixed[:_CHECK_AT] + told + fixed[_CHECK_AT + len(told) :]
    return b"".join((fixed, table, mdat, *pieces))


def _fixed_part(
    info: FragmentInfo, count: int, moof_bytes: int, composed: bool, decode_time: int
) -> bytes:
    traf_bytes = moof_bytes - 24  # what lies before it: the header of moof, and mfhd
    trun_bytes = moof_bytes - _MOOF_FIXED_BYTES + _TRUN_FIXED_BYTES
    return _FIXED.pack(
        _UUID_BYTES, b"uuid", FRAGMENT_TYPE, FORMAT_VERSION, info.stream.number, info.track,
        info.flags, bytes.fromhex(info.camera), bytes.fromhex(info.run), info.number,
        info.media_time, info.timescale, info.wall_ns,
        moof_bytes, b"moof",
        16, b"mfhd", 0, (info.number + 1) & 0xFFFFFFFF,
        traf_bytes, b"traf",
        16, b"tfhd", _DEFAULT_BASE_IS_MOOF, info.track + 1,
        20, b"tfdt", _TFDT_VERSION_1, decode_time,
        trun_bytes, b"trun", _TRUN_COMPOSED if composed else _TRUN, count,
        moof_bytes + BOX_HEADER_BYTES,
    )  # fmt: skip


def _sample_table(track: Track, samples: Sequence[Sample], composed: bool) -> bytes:
    all_sync = track is Track.SOUND
    values: list[int] = []
    for sample in samples:
        values.append(sample.duration)
        values.append(sample.data_bytes)
        values.append(_SYNC_SAMPLE if all_sync or sample.is_key else _OTHER_SAMPLE)
        if composed:
            values.append(sample.composition_offset)
    return struct.pack(">" + ("IIIi" if composed else "III") * len(samples), *values)


def decode_fragment(buffer: Buffer, offset: int = 0) -> DecodedFragment:
    """The fragment at ``offset``, all of it inside the buffer; DamagedError says what is off."""
    decoded = decode_fragment_head(buffer, offset)
    if offset + decoded.length > len(buffer):
        raise DamagedError(f"Fragment at {offset}: it is longer than what is there.")
    return decoded


def head_bytes(buffer: Buffer, offset: int = 0, *, base: int = 0) -> int:
    """Length of ``uuid``, ``moof`` and the header of ``mdat``; needs ``FIXED_BYTES`` of buffer.

    ``base`` is where the buffer begins in its file, for the text of errors alone.
    """
    if offset < 0 or len(buffer) - offset < FIXED_BYTES:
        raise DamagedError(f"Fragment at {base + offset}: there is no room for one.")
    if bytes(buffer[offset : offset + len(_START)]) != _START:
        raise DamagedError(f"Fragment at {base + offset}: there is none.")
    (moof_bytes,) = struct.unpack_from(">I", buffer, offset + _UUID_BYTES)
    if not _MOOF_FIXED_BYTES < moof_bytes <= _MOOF_FIXED_BYTES + 16 * MOST_SAMPLES:
        raise DamagedError(f"Fragment at {base + offset}: its moof has the size {moof_bytes}.")
    return int(_UUID_BYTES + moof_bytes + BOX_HEADER_BYTES)


def decode_fragment_head(buffer: Buffer, offset: int = 0, *, base: int = 0) -> DecodedFragment:
    """As ``decode_fragment``, where the samples' bytes themselves need not be in the buffer."""
    head_length = head_bytes(buffer, offset, base=base)
    try:
        return _decoded(buffer, offset, head_length)
    except DamagedError as error:
        raise DamagedError(f"Fragment at {base + offset}: {error.sentence}") from error


def _decoded(buffer: Buffer, offset: int, head_length: int) -> DecodedFragment:
    fields = _FIXED.unpack_from(buffer, offset)
    moof_bytes = head_length - _UUID_BYTES - BOX_HEADER_BYTES
    count = fields[32]
    composed = fields[31] == _TRUN_COMPOSED
    info = _info(fields)
    _check_layout(fields, moof_bytes, info)
    if moof_bytes != _MOOF_FIXED_BYTES + count * (16 if composed else 12):
        raise DamagedError(f"its moof does not fit {count} samples.")
    if len(buffer) - offset < head_length:
        raise DamagedError("its moof is longer than what is there.")
    samples = _samples(buffer, offset + FIXED_BYTES, count, composed)
    _check_samples(info, samples)
    offsets, end = _sample_offsets(samples, offset + head_length)
    mdat = _BOX.unpack_from(buffer, offset + head_length - BOX_HEADER_BYTES)
    if mdat != (end - offset - head_length + BOX_HEADER_BYTES, b"mdat"):
        raise DamagedError("its mdat does not fit its trun.")
    if end - offset > MOST_FRAGMENT_BYTES:
        raise DamagedError("it is too long.")
    (check,) = struct.unpack_from(">I", buffer, offset + _CHECK_AT)
    return DecodedFragment(info, fields[28], tuple(samples), offsets, end - offset, check)


def _info(fields: tuple[Any, ...]) -> FragmentInfo:
    version, stream, track, flags, camera, run = fields[3:9]
    number, media_time, timescale, wall_ns = fields[9:13]
    if version != FORMAT_VERSION:
        raise DamagedError(f"its version {version} is not known.")
    if stream > 1 or track > 1 or timescale == 0:
        raise DamagedError("it names no known stream, track or time scale.")
    return FragmentInfo(
        CameraId(camera.hex()),
        StreamName.from_number(stream),
        RunId(run.hex()),
        number,
        Track(track),
        flags,
        media_time,
        timescale,
        wall_ns,
    )


def _check_layout(fields: tuple[Any, ...], moof_bytes: int, info: FragmentInfo) -> None:
    trun_bytes = moof_bytes - _MOOF_FIXED_BYTES + _TRUN_FIXED_BYTES
    trun_flags = _TRUN_COMPOSED if fields[31] == _TRUN_COMPOSED else _TRUN
    expected = (
        ("moof", (13, 15), (moof_bytes, b"moof")),
        ("mfhd", (15, 19), (16, b"mfhd", 0, (info.number + 1) & 0xFFFFFFFF)),
        ("traf", (19, 21), (moof_bytes - 24, b"traf")),
        ("tfhd", (21, 25), (16, b"tfhd", _DEFAULT_BASE_IS_MOOF, info.track + 1)),
        ("tfdt", (25, 28), (20, b"tfdt", _TFDT_VERSION_1)),
        ("trun", (29, 32), (trun_bytes, b"trun", trun_flags)),
        ("trun's data offset", (33, 34), (moof_bytes + BOX_HEADER_BYTES,)),
    )
    for name, (start, end), values in expected:
        if fields[start:end] != values:
            raise DamagedError(f"its {name} is not as it must be.")


def _samples(buffer: Buffer, offset: int, count: int, composed: bool) -> list[Sample]:
    width = 4 if composed else 3
    values = struct.unpack_from(">" + ("IIIi" if composed else "III") * count, buffer, offset)
    kinds = values[2::width]
    if not {_SYNC_SAMPLE, _OTHER_SAMPLE}.issuperset(kinds):
        raise DamagedError("its samples have unknown flags.")
    composition_offsets = values[3::width] if composed else (0,) * count
    if composed and not any(composition_offsets):
        raise DamagedError("its composition offsets are all 0.")
    return [
        Sample(data_bytes, duration, kind == _SYNC_SAMPLE, composition_offset)
        for duration, data_bytes, kind, composition_offset in zip(
            values[::width], values[1::width], kinds, composition_offsets, strict=True
        )
    ]


def _check_samples(info: FragmentInfo, samples: Sequence[Sample]) -> None:
    if info.track is Track.SOUND and not all(sample.is_key for sample in samples):
        raise DamagedError("its sound has samples that are not marked as sync.")
    if info.flags != flags_of(info.track, samples):
        raise DamagedError("its flags do not fit its samples.")
    if sum(sample.duration for sample in samples) > _MOST_DURATION:
        raise DamagedError("its samples last too long.")


def _sample_offsets(samples: Sequence[Sample], start: int) -> tuple[tuple[int, ...], int]:
    """Where each sample begins, and where the last one ends."""
    ends = list(accumulate((sample.data_bytes for sample in samples), initial=start))
    return tuple(ends[:-1]), ends[-1]
