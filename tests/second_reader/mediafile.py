"""Media files: section 2, by footer and by box headers."""

import mmap
from dataclasses import dataclass, field
from pathlib import Path

from . import merkle, moov, payload
from .boxes import FOOTER, HEADER, Box, Broken, Cut, Data, plain_at, uuid_at
from .finding import Finding, Findings
from .fragment import Fragment, Walk, check_order, examine, triple_at, walk


@dataclass
class MediaFile:
    name: str
    size: int
    header: payload.Header | None = None
    header_length: int = 0
    header_leaf: bytes = b""
    fragments: list[Fragment] = field(default_factory=list)
    has_footer: bool = False
    torn: int = 0  # bytes after the last whole fragment of a file without a footer
    tracks: list[moov.Track] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def leaves(self) -> list[bytes]:
        """Leaf 0, 1, …, computed anew, but for erased fragments."""
        if self.header is None:
            return []
        return [self.header_leaf, *(one.leaf for one in self.fragments)]

    @property
    def root(self) -> bytes:
        return merkle.root(self.leaves)

    @property
    def video_end(self) -> int | None:
        """Media time at which the last picture ends."""
        ends = [one.end for one in self.fragments if one.track == payload.VIDEO and one.offset]
        return max(ends, default=None)


def read_media(path: Path, name: str = "") -> MediaFile:
    name = name or str(path)
    with path.open("rb") as stream:
        if not path.stat().st_size:
            return parse_media(b"", name)
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return parse_media(data, name)


def parse_media(data: Data, name: str = "") -> MediaFile:
    say, file = Findings(name), MediaFile(name, len(data))
    file.findings = say.found
    tail = payload.trailer(data)
    try:
        end = _read_header(data, file, say)
    except payload.UnknownVersion as error:
        say.add("unknown", str(error))
        return file
    except Broken as error:
        if isinstance(error, Cut) and tail is None:
            file.torn = len(data)
            say.add("torn", f"{len(data)} bytes, cut off before the end of the header")
        else:
            say.damage(f"no header: {error}")
        return file
    header = file.header
    assert header is not None
    found = _footer_by_trailer(data, tail, say)
    limit = found.start if found else len(data)
    by_boxes = walk(data, end, limit, header.first_fragment)
    if found is None and tail is None:
        found = _footer_by_boxes(data, by_boxes.stop, say)
    file.has_footer = found is not None or tail is not None
    footer = _parse_footer(data, found, say) if found else None
    if footer is None:
        _take_walk(data, file, by_boxes, say, found.start if found else len(data))
    else:
        assert found is not None
        _take_footer(data, file, footer, found, say)
        _compare(footer, by_boxes, found.start, say)
    check_order(file.fragments, header, say)
    return file


def _read_header(data: Data, file: MediaFile, say: Findings) -> int:
    ftyp = plain_at(data, 0, len(data), b"ftyp")
    box = plain_at(data, ftyp.end, len(data), b"moov")
    uuid = uuid_at(data, box.end, len(data), HEADER)
    header = payload.header(data, uuid)
    file.header, file.header_length = header, uuid.end
    file.header_leaf = merkle.leaf(bytes(data[: uuid.end]))
    say.unless(header.stream < len(payload.STREAMS), f"stream {header.stream}")
    say.unless(header.video_scale == 90000, f"time scale of video {header.video_scale}")
    say.unless(not any(header.reserved), "reserved bytes of the header that are not 0")
    for problem in moov.problems(data, ftyp, box, header):
        say.damage(problem)
    try:
        file.tracks = moov.tracks(data, box)
    except Broken:
        file.tracks = []  # said already
    return uuid.end


def _footer_by_trailer(data: Data, tail: int | None, say: Findings) -> Box | None:
    if tail is None:
        return None
    try:
        box = uuid_at(data, tail, len(data), FOOTER)
    except Broken as error:
        say.damage(f"the last 12 bytes lead to no footer: {error}")
        return None
    return box if say.unless(box.end == len(data), "bytes after the footer") else None


def _footer_by_boxes(data: Data, start: int, say: Findings) -> Box | None:
    """A whole footer that the last 12 bytes should have led to."""
    try:
        box = uuid_at(data, start, len(data), FOOTER)
    except Broken:
        return None
    say.damage(f"the last 12 bytes do not lead to the footer at {start}")
    return box


def _parse_footer(data: Data, box: Box, say: Findings) -> payload.Footer | None:
    try:
        footer = payload.footer(data, box)
    except payload.UnknownVersion as error:
        say.add("unknown", str(error))
    except Broken as error:
        say.damage(str(error))
    else:
        say.unless(footer.magic == payload.MAGIC, f"the footer ends in {footer.magic!r}")
        say.unless(footer.offset == box.start, f"the footer says that it lies at {footer.offset}")
        say.unless(not any(footer.reserved), "reserved bytes of the footer that are not 0")
        return footer
    return None


def _take_walk(data: Data, file: MediaFile, found: Walk, say: Findings, limit: int) -> None:
    assert file.header is not None
    file.fragments = [examine(data, one, file.header, say) for one in found.triples]
    if found.unknown:
        say.add("unknown", found.reason)
    elif found.stop < limit and file.has_footer:
        say.damage(f"fragments end at {found.stop}: {found.reason}")
    elif found.stop < limit:
        file.torn = limit - found.stop
        say.add("torn", f"a tail of {file.torn} bytes at {found.stop}: {found.reason}")


def _take_footer(
    data: Data, file: MediaFile, footer: payload.Footer, box: Box, say: Findings
) -> None:
    assert file.header is not None
    say.same("length of the header in the footer", footer.header_length, file.header_length)
    say.same("leaf of the header in the footer", footer.header_leaf, file.header_leaf)
    place = file.header_length
    for index, entry in enumerate(footer.entries):
        number = file.header.first_fragment + index
        if entry.erased:
            file.fragments.append(_erased(entry, number, say))
            continue
        where = f"entry of fragment {number}"
        if not any(one.erased for one in footer.entries):
            say.unless(entry.offset == place, f"offset {entry.offset}, not {place}", where)
        place = entry.offset + entry.length
        file.fragments.append(_by_entry(data, file.header, entry, number, box.start, say))
    say.unless(place == box.start, f"entries end at {place}, the footer begins at {box.start}")
    say.same("root in the footer", footer.root, file.root)


def _erased(entry: payload.Entry, number: int, say: Findings) -> Fragment:
    say.unless(
        entry.offset == 0 and entry.length == 0,
        "erased, but with an offset or a length",
        f"entry of fragment {number}",
    )
    return Fragment(
        number,
        0,
        0,
        entry.track,
        entry.flags,
        entry.media,
        entry.duration,
        entry.samples,
        entry.wall,
        entry.leaf,
    )


def _by_entry(
    data: Data,
    header: payload.Header,
    entry: payload.Entry,
    number: int,
    limit: int,
    say: Findings,
) -> Fragment:
    where = f"entry of fragment {number}"
    end = entry.offset + entry.length
    say.unless(not any(entry.reserved), "reserved bytes that are not 0", where)
    claimed = Fragment(
        number,
        entry.offset,
        entry.length,
        entry.track,
        entry.flags,
        entry.media,
        entry.duration,
        entry.samples,
        entry.wall,
        entry.leaf,
    )
    hashed = merkle.leaf(bytes(data[entry.offset : min(end, limit)]))
    say.unless(hashed == entry.leaf, "the leaf hash does not hold", where)
    try:
        triple = triple_at(data, entry.offset, min(end, limit))
        if triple.mdat.end != end:
            raise Broken(f"the fragment ends at {triple.mdat.end}, not {end}")
    except (Broken, payload.UnknownVersion) as error:
        known = isinstance(error, Broken)
        say.add("damage" if known else "unknown", str(error), where)
        return Fragment(**{**claimed.__dict__, "leaf": hashed})
    real = examine(data, triple, header, say)
    for name, value in real.__dict__.items():
        mine = getattr(claimed, name)
        if name != "leaf":
            say.unless(mine == value, f"{name} {mine}, in the fragment {value}", where)
    return real


def _compare(footer: payload.Footer, found: Walk, limit: int, say: Findings) -> None:
    """Both ways of reading must find the same fragments."""
    if any(entry.erased for entry in footer.entries):
        return  # the page does not say what lies in the place of erased bytes
    say.unless(found.stop == limit, f"by boxes, fragments end at {found.stop}: {found.reason}")
    if len(found.triples) != len(footer.entries):
        say.damage(f"{len(found.triples)} fragments by boxes, {len(footer.entries)} by footer")
