"""moof and mdat: section 2.2."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .boxes import Box, Broken, Data, children
from .payload import KEY_FIRST, KEY_SOME, SOUND, VIDEO, FragmentHead, Header

_KEY, _OTHER = 0x02000000, 0x01010000
_TRUN = 0x1 | 0x100 | 0x200 | 0x400
_OFFSETS = 0x800
_WORDS = (0, 0x020000, 0x01000000)
_SIZES = (16, 16, 20)


@dataclass(frozen=True)
class Sample:
    duration: int
    size: int
    flags: int
    shift: int


@dataclass(frozen=True)
class Moof:
    words: tuple[int, int, int]  # version and flags of mfhd, tfhd, tfdt
    sizes: tuple[int, int, int]
    sequence: int
    track: int
    decode: int
    trun_version: int
    trun_flags: int
    data_offset: int
    samples: tuple[Sample, ...]


def _kinds(data: Data, box: Box, wanted: list[bytes]) -> list[Box]:
    found = children(data, box.body, box.end)
    if [one.kind for one in found] != wanted:
        raise Broken(f"{box.kind!r} holds {[one.kind for one in found]}, not {wanted}")
    return found


def _unpack(data: Data, form: str, box: Box, skip: int = 0) -> tuple[int, ...]:
    if box.body + skip + struct.calcsize(form) > box.end:
        raise Broken(f"{box.kind!r} at {box.start} is too short")
    return struct.unpack_from(form, data, box.body + skip)


def _samples(data: Data, trun: Box, count: int, offsets: bool) -> tuple[Sample, ...]:
    form = struct.Struct(">IIIi" if offsets else ">III")
    if trun.body + 12 + count * form.size != trun.end:
        raise Broken(f"trun of {trun.size} bytes for {count} samples")
    rows = form.iter_unpack(data[trun.body + 12 : trun.end])
    return tuple(Sample(row[0], row[1], row[2], row[3] if offsets else 0) for row in rows)


def parse(data: Data, moof: Box) -> Moof:
    mfhd, traf = _kinds(data, moof, [b"mfhd", b"traf"])
    tfhd, tfdt, trun = _kinds(data, traf, [b"tfhd", b"tfdt", b"trun"])
    mfhd_word, sequence = _unpack(data, ">II", mfhd)
    tfhd_word, track = _unpack(data, ">II", tfhd)
    tfdt_word, decode = _unpack(data, ">IQ", tfdt)
    word, count, offset = _unpack(data, ">IIi", trun)
    flags = word & 0xFFFFFF
    if flags | _OFFSETS != _TRUN | _OFFSETS:
        raise Broken(f"trun flags {flags:#x}")
    samples = _samples(data, trun, count, bool(flags & _OFFSETS))
    return Moof(
        (mfhd_word, tfhd_word, tfdt_word),
        (mfhd.size, tfhd.size, tfdt.size),
        sequence,
        track,
        decode,
        word >> 24,
        flags,
        offset,
        samples,
    )


def _nal_problem(data: Data, start: int, size: int) -> bool:
    end = start + size
    while start + 4 <= end:
        start += 4 + struct.unpack_from(">I", data, start)[0]
    return start != end


def _is_jpeg(data: Data, start: int, size: int) -> bool:
    end = start + size
    return (
        bytes(data[start : start + 2]) == b"\xff\xd8" and bytes(data[end - 2 : end]) == b"\xff\xd9"
    )


def _form(moof: Moof, box: Box, mdat: Box, head: FragmentHead) -> Iterator[str]:
    if moof.sequence != (head.number + 1) % 2**32:
        yield f"mfhd says {moof.sequence} in fragment {head.number}"
    if (moof.words, moof.sizes) != (_WORDS, _SIZES):
        yield f"mfhd, tfhd, tfdt: versions and flags {moof.words}, sizes {moof.sizes}"
    if moof.track != (2 if head.track == SOUND else 1):
        yield f"tfhd is of track {moof.track}"
    if moof.trun_version != 1:
        yield f"trun of version {moof.trun_version}"
    if len(moof.samples) > 65535 or sum(sample.duration for sample in moof.samples) >= 2**32:
        yield "too many samples, or they last too long"
    if moof.data_offset != box.size + 8:
        yield f"the data offset is {moof.data_offset}, the samples begin at {box.size + 8}"
    if sum(sample.size for sample in moof.samples) != mdat.end - mdat.body:
        yield "the samples do not fill mdat"
    if moof.trun_flags & _OFFSETS and not any(sample.shift for sample in moof.samples):
        yield "composition offsets that are all 0"


def _flags(moof: Moof, head: FragmentHead) -> Iterator[str]:
    if not moof.samples:
        yield "a fragment without a sample"
        return
    flags = [sample.flags for sample in moof.samples]
    allowed = {_KEY} if head.track == SOUND else {_KEY, _OTHER}
    if not allowed.issuperset(flags):
        yield f"sample flags {sorted({f'{flag:#010x}' for flag in flags})}"
    wanted = 0
    if head.track == VIDEO:
        wanted = KEY_FIRST * (flags[0] == _KEY) | KEY_SOME * (_KEY in flags)
    if head.flags != wanted:
        yield f"flags {head.flags} of the fragment, its samples say {wanted}"


def _place(moof: Moof, head: FragmentHead, header: Header) -> Iterator[str]:
    if moof.decode != head.media - header.start(head.track):
        yield (
            f"tfdt {moof.decode} with media time {head.media} "
            f"and a file's start of {header.start(head.track)}"
        )


def sample_problems(data: Data, moof: Moof, mdat: Box, *, jpeg: bool) -> Iterator[str]:
    start = mdat.body
    for number, sample in enumerate(moof.samples):
        if start + sample.size > mdat.end:
            return  # said already
        if jpeg and not _is_jpeg(data, start, sample.size):
            yield f"sample {number} is no JPEG"
            return
        if not jpeg and _nal_problem(data, start, sample.size):
            yield f"NAL units do not fill sample {number}"
            return
        start += sample.size


def problems(
    moof: Moof, boxes: tuple[Box, Box], head: FragmentHead, header: Header
) -> Iterator[str]:
    box, mdat = boxes
    yield from _form(moof, box, mdat, head)
    yield from _flags(moof, head)
    yield from _place(moof, head, header)
