"""What a decoder of a file's video is set up with, out of ``moov`` (14496-12, 8.5.2).

The file's own bytes are read, not by libavformat: that would open a decoder, and threads, to look
at what is inside.
"""

from watchglass.base.errors import StreamInvalidError
from watchglass.model.stream import VideoCodec

_CODECS = {
    b"avc1": (VideoCodec.H264, b"avcC"), b"avc3": (VideoCodec.H264, b"avcC"),
    b"hvc1": (VideoCodec.H265, b"hvcC"), b"hev1": (VideoCodec.H265, b"hvcC"),
    b"mp4v": (VideoCodec.MJPEG, b""), b"jpeg": (VideoCodec.MJPEG, b""),
}  # fmt: skip
_WAY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_FULL_BOX_BYTES = 8
_VIDEO_ENTRY_BYTES = 78


def video_entry(init: bytes) -> tuple[VideoCodec, bytes]:
    """The codec, and the payload of ``avcC`` or ``hvcC``; of MJPEG nothing.

    StreamInvalidError where the first track that has a known codec is none.
    """
    for start, end in _found(init, 0, len(init), _WAY):
        for kind, at, until in _boxes(init, start + _FULL_BOX_BYTES, end):
            if kind not in _CODECS:
                continue
            codec, inner = _CODECS[kind]
            if not inner:
                return codec, b""
            for name, first, last in _boxes(init, at + _VIDEO_ENTRY_BYTES, until):
                if name == inner:
                    return codec, init[first:last]
    raise StreamInvalidError("This stream's description cannot be read.")


def _found(data: bytes, start: int, end: int, way: tuple[bytes, ...]) -> list[tuple[int, int]]:
    spans = [(start, end)]
    for kind in way:
        spans = [
            (at, until)
            for first, last in spans
            for name, at, until in _boxes(data, first, last)
            if name == kind
        ]
    return spans


def _boxes(data: bytes, start: int, end: int) -> list[tuple[bytes, int, int]]:
    """The boxes there: type, and where their payload starts and ends; nonsense ends them."""
    found = []
    while start + 8 <= end:
        size = int.from_bytes(data[start : start + 4], "big")
        if not 8 <= size <= end - start:
            break
        found.append((data[start + 4 : start + 8], start + 8, start + size))
        start += size
    return found
