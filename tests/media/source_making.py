"""Sources of every kind to run the conformance suite on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av

from tests.media.encoded import encode
from watchglass.base.clock import SystemClock
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.encode import encode_g711
from watchglass.media.file_source import FileSource
from watchglass.media.memory_source import MemorySource
from watchglass.media.parameter_sets import ParameterSets
from watchglass.media.source_suite import Rig
from watchglass.model.stream import (
    Packet,
    SoundCodec,
    SoundParameters,
    Track,
    VideoCodec,
    VideoParameters,
)
from watchglass.simulate import tone

FPS = 10
_STEP = 90_000 // FPS


def packets(
    count: int, codec: VideoCodec = VideoCodec.H264
) -> tuple[VideoParameters, list[Packet]]:
    """Pictures of an encoder, and what is to be known of them."""
    sets, found = ParameterSets(codec), []
    units = encode(codec, frames=count)
    for number, unit in enumerate(units):
        sample = to_length_prefixed(unit, codec)
        sets.update(sample.parameter_sets)
        found.append(
            Packet(
                Track.VIDEO, sample.data, number * _STEP, number * _STEP, 90_000, sample.is_key,
                0, 0, sample.has_picture, sample.parameter_sets,
            )
        )  # fmt: skip
    return sets.parameters(), found


def memory(
    *, sound: bool = False, absent: bool = False, pictures: int = 30, stall_s: float = 0.3
) -> MemorySource:
    """A source of pictures and sound in memory, which then falls silent."""
    video, script = packets(pictures)
    heard = Packet(Track.SOUND, bytes(800), 0, 0, 8000, True, 0, 0)
    mixed = [each for at, p in enumerate(script) for each in (p, replace(heard, pts=at * 800))]
    return MemorySource(
        video, mixed, SystemClock(), absent=absent, stall_timeout_s=stall_s,
        sound=SoundParameters(SoundCodec.PCM_ALAW, 8000, 1) if sound else None,
    )  # fmt: skip


def memory_rig() -> Rig:
    return Rig(
        make=lambda: memory(stall_s=30),
        with_sound=lambda: memory(sound=True),
        silent=lambda: memory(pictures=1, stall_s=1.0),
        absent=lambda: memory(absent=True),
    )


def write_video(path: Path, codec: VideoCodec = VideoCodec.H264, *, frames: int = 10) -> Path:
    """A file of a second or so; QuickTime has G.711 beside it."""
    names = {VideoCodec.H264: "libx264", VideoCodec.H265: "libx265", VideoCodec.MJPEG: "mjpeg"}
    options = {VideoCodec.H265: {"x265-params": "log-level=none:bframes=0"}}.get(codec, {})
    with av.open(str(path), "w") as out:
        video = out.add_stream(names[codec], rate=FPS, options={"g": "5"} | options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height = 64, 48
        video.pix_fmt = "yuvj420p" if codec is VideoCodec.MJPEG else "yuv420p"
        sound = (
            out.add_stream("pcm_alaw", rate=8000, layout="mono") if path.suffix == ".mov" else None
        )
        speech = encode_g711(tone.samples(8000), "pcm_alaw")
        for number in range(frames):
            picture = av.VideoFrame(64, 48, video.pix_fmt)
            for plane in picture.planes:
                plane.update(bytes([20 * number % 256]) * plane.buffer_size)
            picture.pts = number
            out.mux(video.encode(picture))
            if sound is not None:
                heard = av.Packet(speech[number * 800 : number * 800 + 800])
                heard.stream, heard.time_base = sound, Fraction(1, 8000)
                heard.pts = heard.dts = number * 800
                out.mux(heard)
        out.mux(video.encode(None))
    return path


def of_file(path: Path, *, sound: bool = False, loop: bool = True) -> FileSource:
    return FileSource(path, path.parent, sound=sound, clock=SystemClock(), loop=loop)


@contextmanager
def shown(name: str) -> Iterator[None]:
    """Names the check that fails, where several run in one process."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{name}: {error}") from error
