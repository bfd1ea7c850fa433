"""Footage of another system into a file of ours, without touching a byte of its pictures.

Never transcoded: a file of which that cannot be done is refused. Sound is left out. What it is is
told by its first bytes, and one demuxer is given the bytes: no link in it leads anywhere.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import av

from watchglass.base.errors import UsageError
from watchglass.media.av_errors import FOREIGN_ERRORS
from watchglass.model.footage import FootageRead

MOST_NS = 48 * 3600 * 1_000_000_000
"""No file that a recorder writes is longer."""
MOST_STEP_NS = 3600 * 1_000_000_000
_HEAD_BYTES = 400
_CODECS = frozenset({"h264", "hevc", "mjpeg", "mpeg4"})
_MOST_SIDE = 16384
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_PICTURE = "No picture was found in it: check that it plays elsewhere."

_NO_ORDER = (
    "It does not say in which order its pictures are shown: have the old system save it as MP4 or "
    "MKV."
)
_MOST_WAITING = 32


def demuxer_of(head: bytes) -> str | None:
    """libavformat's name of what a file is, by its first bytes; None for what is not read here."""
    if head[:4] in (b"IMKH", b"\x00\x00\x01\xba"):
        return "mpeg"  # Hikvision puts 40 bytes of its own before the stream
    if head[:4] == b"DHAV" or head[:5] == b"DAHUA":
        return "dhav"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"):
        return "mov"
    if head[:1] == b"\x47" and head[188:189] == b"\x47":
        return "mpegts"
    return None


def read_footage(source: BinaryIO, target: BinaryIO) -> FootageRead:
    """Copy the pictures of ``source`` into an MP4 file. UsageError says what cannot be kept."""
    head = source.read(_HEAD_BYTES)
    source.seek(0)
    demuxer = demuxer_of(head)
    if demuxer is None:
        raise UsageError(
            "This is none of the kinds that are taken: MP4, MKV, AVI, MPEG-PS, MPEG-TS or DAV."
        )
    try:
        container = av.open(source, "r", format=demuxer)
    except FOREIGN_ERRORS:
        raise UsageError(_NO_PICTURE) from None
    try:
        return _Copy(container).into(target)
    except FOREIGN_ERRORS:
        raise UsageError("Its pictures do not go into a file as they are.") from None
    finally:
        with suppress(*FOREIGN_ERRORS):
            container.close()


class _Copy:
    """One file on its way. ``damaged``: it could not be read to its end."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self._damaged = False
        self._passed_over = 0
        if not container.streams.video:
            raise UsageError(_NO_PICTURE)
        self._video = container.streams.video[0]
        context = self._video.codec_context
        self._codec = context.name if context is not None else ""
        if self._codec not in _CODECS:
            raise UsageError(
                f"Its pictures are {self._codec or 'of a kind nobody knows'}, which is not kept as "
                "it is: H.264, H.265, MPEG-4 and MJPEG are. Nothing is transcoded here."
            )
        self._width, self._height = context.width, context.height
        if not (0 < self._width <= _MOST_SIDE and 0 < self._height <= _MOST_SIDE):
            raise UsageError("It does not say how large its pictures are, or no picture is so.")
        if self._codec in ("h264", "hevc") and not context.extradata:
            raise UsageError("Its pictures lack what is needed to show them (parameter sets).")
        self._reorders = bool(context.has_b_frames)
        self._last = 0
        if self._reorders and container.format.name == "avi":
            raise UsageError(_NO_ORDER)

    def into(self, target: BinaryIO) -> FootageRead:
        out = av.open(target, "w", format="mp4")
        try:
            stream: Any = out.add_stream_from_template(self._video, opaque=True)
            if self._codec == "hevc":
                stream.codec_tag = "hvc1"
            frames, length_ns = self._mux(out, stream)
        except BaseException:
            with suppress(*FOREIGN_ERRORS):
                out.close()
            raise
        out.close()
        return FootageRead(
            codec=self._codec, width=self._width, height=self._height, frames=frames,
            length_ns=length_ns, damaged=self._damaged, passed_over=self._passed_over,
            made_ns=self._made_ns(),
        )  # fmt: skip

    def _mux(self, out: Any, stream: Any) -> tuple[int, int]:
        base = self._video.time_base * 1_000_000_000
        first: int | None = None
        last = frames = step = 0
        for packet in self._timed():
            if first is None:
                first = last = packet.dts
            step = packet.dts - last
            _refuse_times(step * base, (packet.dts - first) * base, is_first=not frames)
            last = packet.dts
            packet.dts -= first
            packet.pts -= first
            packet.stream = stream
            out.mux(packet)
            frames += 1
        if first is None:
            raise UsageError(_NO_PICTURE)
        return frames, int((last - first + max(step, 1)) * base)

    def _timed(self) -> Iterator[Any]:
        """From the first picture that stands alone on; each has both of its times."""
        waiting: list[Any] = []
        end: int | None = None
        for packet in self._packets():
            if end is None and not waiting and not packet.is_keyframe:
                self._passed_over += 1
                continue
            if not self._reorders:
                self._in_order(packet, end)
            if packet.dts is None or packet.pts is None:
                # Only ahead of the first: where pictures are sorted, the order says when.
                if end is not None or packet.pts is None or len(waiting) == _MOST_WAITING:
                    raise UsageError(_NO_ORDER)
                waiting.append(packet)
                continue
            at = packet.dts
            for each in reversed(waiting):
                at -= max(each.duration or 0, 1)
                each.dts = at
            yield from waiting
            waiting.clear()
            # Times that were rounded may fall together.
            packet.dts = (
                packet.dts + 1 if end is not None and packet.dts == self._last else packet.dts
            )
            self._last = packet.dts
            end = packet.dts + (packet.duration or 0)
            yield packet
        if waiting:
            raise UsageError(_NO_ORDER)

    def _in_order(self, packet: Any, end: int | None) -> None:
        """Where pictures are shown as they come, one time is both; what lacks one follows."""
        at = packet.dts if packet.dts is not None else packet.pts
        packet.dts = packet.pts = at if at is not None else end

    def _packets(self) -> Iterator[Any]:
        """What can be read: a damaged file is kept as far as it goes, and said to be so."""
        packets = self._container.demux(self._video)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except FOREIGN_ERRORS:
                self._damaged = True
                return
            if packet.size:
                self._damaged |= bool(packet.is_corrupt)
                yield packet

    def _made_ns(self) -> int | None:
        """When it was made, as it says itself; nobody vouches for that."""
        text = self._container.metadata.get("creation_time", "")
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
        if at.tzinfo is None or not 1990 <= at.year < 2100:
            return None
        return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def _refuse_times(step_ns: float, at_ns: float, *, is_first: bool) -> None:
    if step_ns < 0 or (not step_ns and not is_first):
        raise UsageError("Its times run backwards: cut it there, and import both parts.")
    if step_ns > MOST_STEP_NS:
        raise UsageError("Its times jump by more than an hour: cut it there, and import the parts.")
    if at_ns > MOST_NS:
        raise UsageError("It is longer than two days: cut it, and import the parts.")
