"""One key frame made a JPEG: what a browser that lacks the codec, or a timeline, is shown.

For a process of its own that may die (see ``app.media_worker``): a stranger's bytes are decoded.
"""

from fractions import Fraction
from typing import cast

import av
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from watchglass.base.errors import StreamInvalidError
from watchglass.media.av_errors import FOREIGN_ERRORS
from watchglass.model.still import MOST_KEY_FRAME_BYTES
from watchglass.model.stream import VideoCodec

MOST_PIXELS_A_SIDE = 8192

_DECODERS = {VideoCodec.H264: "h264", VideoCodec.H265: "hevc", VideoCodec.MJPEG: "mjpeg"}
_MATRICES = frozenset(int(each) for each in Colorspace)
_HD_ROWS = 720
_MOST_SAMPLE_ASPECT = 4
_QUALITY = 4
"""The encoder's own scale: 2 is the finest, 31 the coarsest."""


def still(codec: VideoCodec, configuration: bytes, access_unit: bytes, width: int) -> bytes:
    """The picture of one key frame as JPEG, at most ``width`` pixels wide and never enlarged.

    ``configuration`` is the payload of ``avcC`` or ``hvcC``, ``access_unit`` NAL units behind their
    lengths in four bytes; of MJPEG nothing, and a JPEG file. Pixels come out square, colours as
    JFIF has them (BT.601, full range). StreamInvalidError for what cannot be decoded without a
    fault, and for pictures over ``MOST_PIXELS_A_SIDE`` or ``MOST_KEY_FRAME_BYTES``.
    """
    if len(access_unit) + len(configuration) > MOST_KEY_FRAME_BYTES:
        raise StreamInvalidError("This picture has more bytes than any camera's key frame needs.")
    try:
        frame, sample_aspect = _decoded(codec, configuration, access_unit)
        return _encoded(_scaled(frame, sample_aspect, width))
    except FOREIGN_ERRORS as error:
        raise StreamInvalidError(
            "This picture cannot be decoded: look at one before or after it."
        ) from error


def _decoded(
    codec: VideoCodec, configuration: bytes, access_unit: bytes
) -> tuple[VideoFrame, Fraction]:
    decoder = cast(av.VideoCodecContext, av.CodecContext.create(_DECODERS[codec], "r"))
    decoder.extradata = configuration
    decoder.thread_count = 1
    # Asked before memory is taken, whatever size the access unit itself may claim.
    decoder.options = {"max_pixels": str(MOST_PIXELS_A_SIDE**2)}
    frames = [*decoder.decode(av.Packet(access_unit)), *decoder.decode(None)]
    if not frames or frames[0].is_corrupt:
        raise StreamInvalidError("This picture is damaged: look at one before or after it.")
    frame = frames[0]
    if max(frame.width, frame.height) > MOST_PIXELS_A_SIDE:
        raise StreamInvalidError(f"This picture has more than {MOST_PIXELS_A_SIDE} pixels a side.")
    return frame, decoder.sample_aspect_ratio or Fraction(1)


def _scaled(frame: VideoFrame, sample_aspect: Fraction, width: int) -> VideoFrame:
    # Cameras write nonsense there, and nobody has pixels four times as wide as high.
    if not Fraction(1, _MOST_SAMPLE_ASPECT) <= sample_aspect <= _MOST_SAMPLE_ASPECT:
        sample_aspect = Fraction(1)
    shown_width = min(width, round(frame.width * sample_aspect))
    height = max(1, round(shown_width * frame.height / (frame.width * sample_aspect)))
    colour_range = _range(frame)
    if frame.format.name.startswith("gray"):
        frame = _with_chroma(frame)
    return VideoReformatter().reformat(
        frame, shown_width, height, "yuvj420p",
        src_colorspace=_matrix(frame), dst_colorspace=Colorspace.ITU601,
        interpolation=Interpolation.AREA,
        src_color_range=colour_range, dst_color_range=ColorRange.JPEG, threads=1,
    )  # fmt: skip


def _with_chroma(frame: VideoFrame) -> VideoFrame:
    """The same levels: swscale takes all that is only grey for full range, which video is not."""
    full = ColorRange.JPEG
    return VideoReformatter().reformat(
        frame, format="yuv420p", src_color_range=full, dst_color_range=full, threads=1
    )


def _matrix(frame: VideoFrame) -> int:
    """What the stream says, or what players take where it says nothing."""
    if frame.colorspace in _MATRICES:
        return frame.colorspace
    return Colorspace.ITU709 if frame.height >= _HD_ROWS else Colorspace.ITU601


def _range(frame: VideoFrame) -> int:
    full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    return ColorRange.JPEG if full else ColorRange.MPEG


def _encoded(frame: VideoFrame) -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
    encoder.color_range = ColorRange.JPEG
    encoder.time_base = frame.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.qmin = encoder.qmax = _QUALITY
    frame.pts = 0
    return b"".join(bytes(each) for each in (*encoder.encode(frame), *encoder.encode(None)))
