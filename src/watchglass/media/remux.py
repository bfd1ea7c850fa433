"""Recorded packets into a plain MP4 or QuickTime file, without touching a byte of them.

The file's index comes first (``faststart``), so that a browser plays it while it loads. G.711 goes
into QuickTime: the ``mp4`` muxer refuses it.
"""

import io
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from typing import Any, Protocol

import av
from av.container import OutputContainer

from watchglass.base.errors import DamagedError, WatchglassError
from watchglass.media.av_errors import FOREIGN_ERRORS
from watchglass.media.remux_packet import RemuxPacket, in_time, is_quicktime
from watchglass.model.stream import Track

_BUFFER_BYTES = 1 << 20
_VIDEO_TIMESCALE = 90_000


class RemuxTarget(Protocol):
    """Where the file goes. The first error of ``write`` comes out of ``remux`` as it is."""

    @property
    def name(self) -> str: ...

    @property
    def failure(self) -> WatchglassError | None:
        """The first error that ``write`` raised; libavformat does not always pass it on."""
        ...

    def write(self, data: bytes) -> int: ...

    def seek(self, offset: int, whence: int = 0) -> int: ...

    def tell(self) -> int: ...

    def reader(self) -> object:
        """Another file object with ``read``, ``seek`` and ``tell``, over what was written."""
        ...


def remux(target: RemuxTarget, header: bytes, packets: Iterable[RemuxPacket]) -> None:
    """Write packets in their order, with the tracks that ``header`` (ftyp and moov) declares.

    ``dts`` must grow within each track. DamagedError for a header that cannot be understood.
    """
    try:
        source = av.open(io.BytesIO(header), "r", format="mov")
    except FOREIGN_ERRORS as error:
        raise DamagedError("The recording's description of its tracks cannot be read.") from error
    with source:
        if not source.streams.video:
            raise DamagedError("The recording's description of its tracks names no picture.")
        try:
            _write(target, source, packets)
        except FOREIGN_ERRORS as error:
            if target.failure is None:
                raise DamagedError("These recordings do not go into one file.") from error
        if target.failure is not None:
            raise target.failure


def _write(target: RemuxTarget, source: Any, packets: Iterable[RemuxPacket]) -> None:
    sound = source.streams.audio[0].codec_context.name if source.streams.audio else ""
    out = av.open(
        target, "w",
        format="mov" if is_quicktime(sound) else "mp4",
        options={"movflags": "faststart", "video_track_timescale": str(_VIDEO_TIMESCALE)},
        buffer_size=_BUFFER_BYTES,
        # To move the index to the front, libavformat reads back what it has written.
        io_open=lambda url, flags, options: target.reader(),
    )  # fmt: skip
    try:
        streams = _streams(out, source)
        if is_quicktime(sound):
            audio = source.streams.audio[0]
            packets = in_time(packets, sound, audio.channels, audio.rate)
        _copy(out, streams, packets)
    except BaseException:
        with suppress(*FOREIGN_ERRORS, WatchglassError):
            out.close()  # its own error would hide the first one
        raise
    out.close()


def _streams(out: OutputContainer, source: Any) -> dict[Track, Any]:
    video: Any = out.add_stream_from_template(source.streams.video[0], opaque=True)
    video.time_base = Fraction(1, _VIDEO_TIMESCALE)
    found = {Track.VIDEO: video}
    if source.streams.audio:
        template = source.streams.audio[0]
        sound: Any = out.add_stream_from_template(template, opaque=True)
        sound.time_base = Fraction(1, template.rate)
        found[Track.SOUND] = sound
    return found


def _copy(out: OutputContainer, streams: dict[Track, Any], packets: Iterable[RemuxPacket]) -> None:
    for each in packets:
        stream = streams[each.track]
        packet = av.Packet(each.data)
        packet.stream = stream
        packet.time_base = stream.time_base
        packet.dts, packet.pts, packet.duration = each.dts, each.pts, each.duration
        packet.is_keyframe = each.is_key
        out.mux(packet)
