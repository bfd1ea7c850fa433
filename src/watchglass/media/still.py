"""One picture made a JPEG: what a browser that lacks the codec, or a timeline, is shown.

For a process of its own that may die (see ``app.media_worker``): a stranger's bytes are decoded.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import cast

import av
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from watchglass.base.errors import StreamInvalidError
from watchglass.media.av_errors import FOREIGN_ERRORS
from watchglass.media.cover import Painter
from watchglass.media.scaling import own, scaled, shown_size
from watchglass.model.mask import Cover
from watchglass.model.still import MOST_KEY_FRAME_BYTES
from watchglass.model.stream import VideoCodec

MOST_PIXELS_A_SIDE = 8192

DECODERS = {VideoCodec.H264: "h264", VideoCodec.H265: "hevc", VideoCodec.MJPEG: "mjpeg"}
_QUALITY = 4
"""The encoder's own scale: 2 is the finest, 31 the coarsest."""


def still(
    codec: VideoCodec,
    configuration: bytes,
    access_unit: bytes,
    width: int,
    covers: Sequence[Cover] = (),
    wall_ns: int = 0,
    later: Sequence[tuple[int, bytes]] = (),
    shown: int = 0,
) -> bytes:
    """The picture of a key frame, or of one that hangs on it, as JPEG, at most ``width`` pixels
    wide and never enlarged; those of the ``covers`` that hold at ``wall_ns`` (UTC) are painted over
    it.

    ``configuration`` is the payload of ``avcC`` or ``hvcC``, ``access_unit`` NAL units behind their
    lengths in four bytes; of MJPEG nothing, and a JPEG file. ``later`` are the access units behind
    it in decode order, each with how much later it is shown (1/90000 s); ``shown`` is the one that
    is wanted. Pixels come out square, colours as JFIF has them (BT.601, full range).
    StreamInvalidError for what cannot be decoded without a fault, and for pictures over
    ``MOST_PIXELS_A_SIDE`` or ``MOST_KEY_FRAME_BYTES``, all that is decoded for it together.
    """
    units = [(0, access_unit), *later]
    if sum(len(data) for _, data in units) + len(configuration) > MOST_KEY_FRAME_BYTES:
        raise StreamInvalidError("This picture has more bytes than any camera's key frame needs.")
    try:
        frame, sample_aspect = _decoded(codec, configuration, units, shown)
        size = shown_size(frame, sample_aspect, width)
        small = scaled(frame, *size, "yuvj420p", Colorspace.ITU601, ColorRange.JPEG)
        if covers:
            small = own(small)
            Painter(covers).paint(small, wall_ns)
        return encoded(small)
    except FOREIGN_ERRORS as error:
        raise StreamInvalidError(
            "This picture cannot be decoded: look at one before or after it."
        ) from error


def _decoded(
    codec: VideoCodec, configuration: bytes, units: Sequence[tuple[int, bytes]], shown: int
) -> tuple[VideoFrame, Fraction]:
    decoder = cast(av.VideoCodecContext, av.CodecContext.create(DECODERS[codec], "r"))
    decoder.extradata = configuration
    decoder.thread_count = 1
    # Asked before memory is taken, whatever size the access unit itself may claim.
    decoder.options = {"max_pixels": str(MOST_PIXELS_A_SIDE**2)}
    frame = next((each for each in _frames(decoder, units) if each.pts == shown), None)
    if frame is None or frame.is_corrupt:
        raise StreamInvalidError("This picture is damaged: look at one before or after it.")
    if max(frame.width, frame.height) > MOST_PIXELS_A_SIDE:
        raise StreamInvalidError(f"This picture has more than {MOST_PIXELS_A_SIDE} pixels a side.")
    return frame, decoder.sample_aspect_ratio or Fraction(1)


def _frames(
    decoder: av.VideoCodecContext, units: Sequence[tuple[int, bytes]]
) -> Iterator[VideoFrame]:
    for time, data in units:
        packet = av.Packet(data)
        packet.pts = time
        yield from decoder.decode(packet)
    yield from decoder.decode(None)


def encoded(frame: VideoFrame) -> bytes:
    """A JPEG of a picture in yuvj420p."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
    encoder.color_range = ColorRange.JPEG
    encoder.time_base = frame.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.qmin = encoder.qmax = _QUALITY
    frame.pts = 0
    return b"".join(bytes(each) for each in (*encoder.encode(frame), *encoder.encode(None)))
