"""Fragments of a media file: found by box headers or by a footer's entry."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from . import merkle, moof, payload
from .boxes import FRAGMENT, Box, Broken, Data, plain_at, uuid_at
from .finding import Findings

_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Triple:
    """The boxes of one fragment, whole."""

    head: payload.FragmentHead
    uuid: Box
    moof: Box
    mdat: Box


@dataclass(frozen=True)
class Fragment:
    number: int
    offset: int  # 0 when erased
    length: int
    track: int
    flags: int
    media: int
    duration: int
    samples: int
    wall: int
    leaf: bytes

    @property
    def end(self) -> int:
        return self.media + self.duration


def triple_at(data: Data, start: int, limit: int) -> Triple:
    uuid = uuid_at(data, start, limit, FRAGMENT)
    head = payload.fragment(data, uuid)
    box = plain_at(data, uuid.end, limit, b"moof")
    return Triple(head, uuid, box, plain_at(data, box.end, limit, b"mdat"))


@dataclass(frozen=True)
class Walk:
    triples: list[Triple]
    stop: int
    reason: str


def walk(data: Data, start: int, limit: int, header: payload.Header) -> Walk:
    """By box headers, up to the last fragment before the first that is not whole."""
    found: list[Triple] = []
    while start < limit:
        try:
            one = triple_at(data, start, limit)
        except Broken as error:
            return Walk(found, start, str(error))
        except payload.UnknownVersion as error:
            return Walk(found, start, str(error))
        wanted = header.first_fragment + len(found)
        if one.head.number != wanted:
            return Walk(found, start, f"fragment {one.head.number} where {wanted} is due")
        say = Findings("")
        examine(data, one, header, say)
        wrong = [finding.text for finding in say.found if finding.fails]
        if wrong:
            return Walk(found, start, wrong[0])
        found.append(one)
        start = one.mdat.end
    return Walk(found, start, "")


def examine(data: Data, one: Triple, header: payload.Header, say: Findings) -> Fragment:
    """Everything that 2.1 and 2.2 say of one fragment, and its leaf."""
    head, where = one.head, f"fragment {one.head.number}"
    for name in ("stream", "camera", "run"):
        mine, due = getattr(head, name), getattr(header, name)
        say.unless(mine == due, f"{name} {mine}, in the header {due}", where)
    say.unless(head.track in (payload.VIDEO, payload.SOUND), f"track {head.track}", where)
    scale = header.scale(head.track)
    say.unless(head.scale == scale, f"time scale {head.scale}, in the header {scale}", where)
    if any(head.reserved):
        say.add("note", "reserved bytes that are not 0", where)
    field = one.uuid.end - 8
    blank = data[one.uuid.start : field], bytes(4), data[field + 4 : one.mdat.end]
    seen = zlib.crc32(b"".join(bytes(piece) for piece in blank))
    say.unless(head.check in (0, seen), f"check {head.check}, of its bytes {seen}", where)
    duration = samples = 0
    try:
        parsed = moof.parse(data, one.moof)
    except Broken as error:
        say.damage(str(error), where)
    else:
        duration = sum(sample.duration for sample in parsed.samples)
        samples = len(parsed.samples)
        for problem in moof.problems(parsed, (one.moof, one.mdat), head, header):
            say.damage(problem, where)
    start, end = one.uuid.start, one.mdat.end
    say.unless(end - start <= _MOST_BYTES, f"{end - start} bytes", where)
    return Fragment(
        head.number,
        start,
        end - start,
        head.track,
        head.flags,
        head.media,
        duration,
        samples,
        head.wall,
        merkle.leaf(bytes(data[start:end])),
    )


def check_order(fragments: list[Fragment], header: payload.Header, say: Findings) -> None:
    """What holds between the fragments of a file."""
    if not fragments:
        return
    first = fragments[0]
    if first.offset:
        say.unless(
            first.track == payload.VIDEO and bool(first.flags & payload.KEY_FIRST),
            "the file does not begin with a key frame of video",
        )
        say.unless(
            (first.media, first.wall) == (header.media, header.wall),
            f"starts at {header.media}, {header.wall}, "
            f"its first fragment at {first.media}, {first.wall}",
        )
    _check_times([one for one in fragments if one.offset], say)


def _check_times(fragments: Iterable[Fragment], say: Findings) -> None:
    last = -1
    for one in fragments:
        if one.track != payload.VIDEO:
            continue
        text = f"media time {one.media} after {last}"
        say.unless(one.media > last, text, f"fragment {one.number}")
        last = one.media


def check_samples(data: Data, one: Triple, say: Findings, *, jpeg: bool) -> None:
    """That samples of video are NAL units behind their lengths, or JPEG files."""
    if one.head.track == payload.VIDEO:
        for problem in moof.sample_problems(data, moof.parse(data, one.moof), one.mdat, jpeg=jpeg):
            say.damage(problem, f"fragment {one.head.number}")
