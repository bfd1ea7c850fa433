"""The pictures of a span of recordings in the order they are shown: the same ones each time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from watchglass.api.filetable import descriptor, read_entries
from watchglass.app.look_back_gops import Gop, gops_of, pictures_of
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import DamagedError
from watchglass.media.decode import Picture, StreamDecoder
from watchglass.model.redaction import SourceFile, SourceFragment
from watchglass.recording.merkle import leaf_hash
from watchglass.recording.placement import wall_at

_AROUND_NS = 5 * NS_PER_S
"""Times at which fragments arrived are a little off from those of the timeline."""


@dataclass(frozen=True, slots=True)
class Shown:
    """``at_ns``: UTC; with ``picture.shown_at`` and the run it is the same one each time."""

    gop: Gop
    picture: Picture
    at_ns: int
    aspect: Fraction


class SpanPictures:
    """Of the files of one stream, from ``from_ns`` to ``to_ns`` (UTC). ``passed`` is told before
    each picture that is decoded. ``unreadable`` counts those that cannot be."""

    def __init__(
        self, files: Sequence[SourceFile], from_ns: int, to_ns: int, passed: Callable[[], None]
    ) -> None:
        self._files = {Path(each.path): each for each in files}
        self._from_ns, self._to_ns = from_ns, to_ns
        self._passed = passed
        self.unreadable = 0

    def all(self) -> Iterator[Shown]:
        """Each picture of the span. Not to be called twice."""
        decoder: StreamDecoder | None = None
        around = self._from_ns - _AROUND_NS, self._to_ns + _AROUND_NS
        for gop in gops_of(list(self._files), *around):
            if decoder is None or decoder.shape.init != gop.shape.init:
                decoder = StreamDecoder(gop.shape)
            yield from self._of(gop, decoder)

    def _of(self, gop: Gop, decoder: StreamDecoder) -> Iterator[Shown]:
        frames, file = pictures_of(gop), self._files[gop.path]

        def wall(shown_at: int) -> int:
            """As the timeline places it: a key frame is shown when it is decoded."""
            media_time = shown_at - gop.key.composition_offset
            return wall_at(media_time, file.media_from, file.wall_from, file.rate_ppb)

        inside = sum(
            self._from_ns <= wall(each.decode_time + each.composition_offset) < self._to_ns
            for each in frames
        )
        shown = 0
        for step in (*frames, None):
            self._passed()
            for picture in decoder.decode(step) if step is not None else decoder.flush():
                at_ns = wall(picture.shown_at)
                if self._from_ns <= at_ns < self._to_ns:
                    shown += 1
                    yield Shown(gop, picture, at_ns, decoder.sample_aspect)
        self.unreadable += max(0, inside - shown)


def fragments_of(gops: Sequence[Gop]) -> tuple[SourceFragment, ...]:
    """The fragments that these groups of pictures lie in, each as its bytes hash; DamagedError for
    one that is not what was recorded. A span may begin amid a group: all of it was decoded."""
    found: dict[tuple[str, int], SourceFragment] = {}
    for gop in gops:
        with descriptor(gop.path) as fd:
            for entry in gop.entries:
                leaf = leaf_hash(read_entries(fd, [entry]))
                if entry.leaf and leaf != entry.leaf:
                    raise DamagedError(
                        f"Fragment {entry.number} of {gop.path.name} is damaged on disk: choose a "
                        "span without it."
                    )
                key = (gop.path.name, entry.number)
                found[key] = SourceFragment(gop.path.name, entry.number, leaf.hex())
    return tuple(found.values())
