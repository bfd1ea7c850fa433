"""Media files: section 2, by footer and by box headers."""

import mmap
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from . import merkle, moov, payload
from .boxes import FOOTER, HEADER, Broken, Cut, Data, plain_at, uuid_at
from .finding import Finding, Findings
from .fragment import Fragment, Walk, check_order, check_samples, examine, triple_at, walk


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

    @property
    def holds_jpeg(self) -> bool:
        return any(track.entry in {b"mp4v", b"jpeg"} for track in self.tracks)


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
        elif tail is None:  # damage where a line tells of it, which is for whoever has the lines
            file.torn = len(data)
            say.add("torn", f"{len(data)} bytes without a header: {error}")
        else:
            say.damage(f"no header: {error}")
        return file
    header = file.header
    assert header is not None
    footer = None
    reason = "the last 12 bytes lead to none" if tail is None else ""
    if tail is not None:
        try:
            footer = _footer_that_counts(data, tail, file)
        except (Broken, payload.UnknownVersion) as error:
            reason = str(error)
    if footer is not None:
        file.has_footer = True
        _take_footer(data, file, footer, say)
    else:
        _take_walk(data, file, walk(data, end, len(data), header), tail, reason)
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
    if any(header.reserved):
        say.add("note", "reserved bytes of the header that are not 0")
    for problem in moov.problems(data, ftyp, box, header):
        say.damage(problem)
    try:
        file.tracks = moov.tracks(data, box)
    except Broken:
        file.tracks = []  # said already
    return uuid.end


def _footer_that_counts(data: Data, start: int, file: MediaFile) -> payload.Footer:
    """The footer at `start`; Broken says why it does not count."""
    box = uuid_at(data, start, len(data), FOOTER)
    footer = payload.footer(data, box)
    if box.end != len(data) or footer.offset != start:
        raise Broken("the footer does not end the file, or lies elsewhere")
    mine = file.header_length, file.header_leaf
    if (footer.header_length, footer.header_leaf) != mine:
        raise Broken("the footer is of another header")
    place = file.header_length
    for entry in footer.entries:
        if (entry.offset, entry.length) != ((0, 0) if entry.erased else (place, entry.length)):
            raise Broken(f"an entry of the footer leads to {entry.offset}, not {place}")
        place += entry.length
    if place != start:
        raise Broken(f"entries end at {place}, the footer begins at {start}")
    leaves = [file.header_leaf, *(entry.leaf for entry in footer.entries)]
    if merkle.root(leaves) != footer.root:
        raise Broken("the root in the footer is not that of its leaves")
    return footer


def _take_walk(data: Data, file: MediaFile, found: Walk, tail: int | None, reason: str) -> None:
    """A file without a footer that counts. What looks like one where fragments end is damaged."""
    assert file.header is not None
    say = Findings(file.name)
    say.found = file.findings
    file.fragments = [examine(data, one, file.header, say) for one in found.triples]
    for one in found.triples:
        check_samples(data, one, say, jpeg=file.holds_jpeg)
    if found.stop == len(data):
        return
    file.torn = len(data) - found.stop
    try:
        meant = tail is not None or bool(uuid_at(data, found.stop, len(data), FOOTER))
    except Broken:
        meant = False
    if meant:
        say.damage(f"a footer that does not count: {reason}; fragments end: {found.reason}")
    else:
        say.add("torn", f"a tail of {file.torn} bytes at {found.stop}: {found.reason}")


def _take_footer(data: Data, file: MediaFile, footer: payload.Footer, say: Findings) -> None:
    assert file.header is not None
    if any(footer.reserved) or any(any(entry.reserved) for entry in footer.entries):
        say.add("note", "reserved bytes of the footer that are not 0")
    for index, entry in enumerate(footer.entries):
        number = file.header.first_fragment + index
        if entry.erased:
            file.fragments.append(_erased(entry, number))
        else:
            fragment = _by_entry(data, file, entry, number, footer.offset, say)
            file.fragments.append(fragment)


def _erased(entry: payload.Entry, number: int) -> Fragment:
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
    file: MediaFile,
    entry: payload.Entry,
    number: int,
    limit: int,
    say: Findings,
) -> Fragment:
    where = f"entry of fragment {number}"
    end = entry.offset + entry.length
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
        say.damage(str(error), where)
        return Fragment(**{**claimed.__dict__, "leaf": hashed})
    assert file.header is not None
    real = examine(data, triple, file.header, say)
    for name, value in real.__dict__.items():
        mine = getattr(claimed, name)
        if name != "leaf":
            say.unless(mine == value, f"{name} {mine}, in the fragment {value}", where)
    with suppress(Broken):  # said already
        check_samples(data, triple, say, jpeg=file.holds_jpeg)
    return real
