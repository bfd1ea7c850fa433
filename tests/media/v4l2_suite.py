"""Run the suite on a capture device, in a process that was started with fake_v4l2.so preloaded.

``python -m tests.media.v4l2_suite CASE FOLDER``; says "CASE passed".
"""

import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.media.encoded import encode
from tests.media.source_making import shown
from watchglass.base.clock import SystemClock
from watchglass.base.errors import (
    CameraUnreachableError,
    CodecUnsupportedError,
    StreamInvalidError,
    StreamStalledError,
)
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.source_suite import CHECKS, Rig
from watchglass.media.v4l2 import V4l2Source
from watchglass.media.v4l2.device import Wanted
from watchglass.model.stream import Packet, VideoCodec

PATH = "/dev/video77"


def device(
    folder: Path,
    frames: Sequence[bytes],
    formats: str = "YUYV,H264",
    *,
    stall: int = 0,
    skip: int = 0,
    error: int = 0,
    unplug: int = 0,
) -> None:
    """Say what the next device that is opened is."""
    path = folder / "device"
    head = f"{formats} 64 48 20000 {stall} {skip} {error} {unplug}\n".encode()
    body = b"".join(len(each).to_bytes(4, "little") + each for each in frames)
    path.write_bytes(head + body)
    os.environ["FAKE_V4L2"] = str(path)


def source(wanted: Wanted | None = None, path: str = PATH) -> V4l2Source:
    return V4l2Source(
        path, wanted or Wanted(), SystemClock(), stall_timeout_s=1.0, first_picture_timeout_s=2.0
    )


def jpegs() -> list[bytes]:
    """As USB cameras send them: without Huffman tables, zeros behind the end."""
    context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 64, 48, "yuvj422p"
    context.options = {"huffman": "default"}
    found = []
    for number in range(5):
        picture = av.VideoFrame(64, 48, "yuvj422p")
        for plane in picture.planes:
            plane.update(bytes([40 * number]) * plane.buffer_size)
        picture.pts = number
        for packet in context.encode(picture):
            data = bytes(packet)
            begin = data.index(b"\xff\xc4")
            while data[begin : begin + 2] == b"\xff\xc4":
                size = int.from_bytes(data[begin + 2 : begin + 4], "big")
                data = data[:begin] + data[begin + 2 + size :]
            found.append(data + bytes(64))
    return found


def read(made: V4l2Source, count: int) -> list[Packet]:
    made.open()
    try:
        return [made.read() for _ in range(count)]
    finally:
        made.close()


def conform(folder: Path, frames: Sequence[bytes], formats: str) -> None:
    def make() -> V4l2Source:
        device(folder, frames, formats)
        return source()

    def silent() -> V4l2Source:
        device(folder, frames, formats, stall=2)
        return source()

    rig = Rig(make=make, silent=silent, absent=lambda: source(path="/dev/video78"))
    for check in CHECKS:
        with shown(check.__name__):
            check(rig)


def h264(folder: Path) -> None:
    frames = encode(VideoCodec.H264)
    conform(folder, frames, "YUYV,H264,MJPG")
    device(folder, frames)
    found = read(source(), 12)
    wanted = [to_length_prefixed(each, VideoCodec.H264).data for each in frames]
    assert [each.data for each in found] == (wanted * 3)[:12]
    times = [each.pts or 0 for each in found]
    # 20 ms apart by the driver's clock, however late we were.
    assert all(after - before > 900 for before, after in pairwise(times))


def hevc(folder: Path) -> None:
    conform(folder, encode(VideoCodec.H265), "HEVC")


def mjpeg(folder: Path) -> None:
    frames = jpegs()
    conform(folder, frames, "YUYV,MJPG")
    device(folder, frames, "YUYV,MJPG")
    made = source()
    found = read(made, 5)
    assert made.video is not None
    assert (made.video.width, made.video.height) == (64, 48)
    decoder = av.CodecContext.create("mjpeg", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    for packet in found:
        assert b"\xff\xc4" in packet.data
        (picture,) = decoder.decode(av.Packet(packet.data))
        assert (picture.width, picture.height) == (64, 48)


def odd(folder: Path) -> None:
    frames = encode(VideoCodec.H264)
    device(folder, frames, "YUYV,NV12")
    _raises(CodecUnsupportedError, source(), "YUYV, NV12")
    device(folder, frames)
    _raises(CodecUnsupportedError, source(Wanted(format="MJPG")), "no MJPG")
    device(folder, frames)
    _raises(StreamInvalidError, source(Wanted(1920, 1080)), "64×48")
    _raises(StreamInvalidError, source(path="/dev/null"), "no camera")
    device(folder, frames, skip=4)
    assert [each.lost for each in read(source(), 8)] == [False] * 4 + [True] + [False] * 3
    device(folder, frames, error=3)
    assert [each.lost for each in read(source(), 7)] == [False] * 3 + [True] + [False] * 3
    device(folder, frames, stall=3)
    _raises(StreamStalledError, source(), "gives no picture")
    device(folder, frames, unplug=3)
    _raises(CameraUnreachableError, source(), "plug the camera in")
    torn = [frames[0], b"\x12\x34", *frames[1:]]
    device(folder, torn)
    assert [each.lost for each in read(source(), 4)] == [False, True, False, False]


def _raises(kind: type[Exception], made: V4l2Source, words: str) -> None:
    with pytest.raises(kind, match=words):
        read(made, 20)


if __name__ == "__main__":
    _, case, folder = sys.argv
    {"h264": h264, "hevc": hevc, "mjpeg": mjpeg, "odd": odd}[case](Path(folder))
    print(f"{case} passed")
