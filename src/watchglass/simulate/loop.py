"""Loops: some seconds of encoded pictures and sound, repeated for ever without a seam."""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Literal

from watchglass.media.encode import (
    VideoCodecName,
    VideoEncoder,
    VideoEncoding,
    encode_aac,
    encode_g711,
    write_file,
)
from watchglass.simulate import nal, tone
from watchglass.simulate.scene import Scene
from watchglass.simulate.view import STRAIGHT, View

SoundName = Literal["none", "aac", "pcm_alaw", "pcm_mulaw"]
RateControl = Literal["constant", "variable"]
Progress = Callable[[int, int], None]
"""Told (frames encoded, frames in all) now and then while a loop is made."""

# Raise it whenever pictures, sound or the way they are encoded change.
FORMAT_VERSION = 3
AAC_SAMPLE_RATE = 16000
AAC_FRAME_SAMPLES = 1024
G711_SAMPLE_RATE = 8000
G711_PACKET_SAMPLES = 320


@dataclass(frozen=True, slots=True)
class LoopSpec:
    """What a loop is made from; equal specs share one loop."""

    codec: VideoCodecName = "h264"
    width: int = 1280
    height: int = 720
    fps: int = 15
    gop_frames: int | Literal["varying"] = 15
    """Frames from key frame to key frame, 1 for MJPEG; 'varying': 1 to 8 s, as smart codecs do."""
    bit_rate: int = 2_000_000
    rate_control: RateControl = "constant"
    seconds: int = 120
    seed: int = 1
    sound: SoundName = "none"
    view: View = STRAIGHT

    @property
    def frames(self) -> int:
        return self.seconds * self.fps

    def digest(self) -> str:
        """Name of the loop in the cache: 32 hex digits over the spec and the format's version."""
        told = asdict(self)
        if self.view == STRAIGHT:
            del told["view"]  # as loops were named before cameras could be turned
        text = json.dumps({"format": FORMAT_VERSION, **told}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def key_frames(self) -> frozenset[int]:
        """Numbers of the key frames; the first frame is always one."""
        if self.gop_frames != "varying":
            return frozenset(range(0, self.frames, self.gop_frames))
        chance = random.Random(self.seed)  # noqa: S311 - a picture, no secret
        numbers = {0}
        at = 0
        while (at := at + chance.randint(self.fps, 8 * self.fps)) < self.frames:
            numbers.add(at)
        return frozenset(numbers)


@dataclass(frozen=True, slots=True)
class Sound:
    """8 seconds of sound in packets of equal duration."""

    codec: SoundName
    sample_rate: int
    packet_samples: int
    config: bytes
    """AudioSpecificConfig for AAC, empty for G.711."""
    packets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """Encoded pictures, as NAL units without start codes that lie one after another in `data`."""

    spec: LoopSpec
    data: memoryview
    nal_bounds: tuple[int, ...]
    """Offsets in `data`: unit i lies from bound i to bound i + 1."""
    frame_bounds: tuple[int, ...]
    """Frame f has the units frame_bounds[f] .. frame_bounds[f + 1] - 1."""
    keys: frozenset[int]
    sound: Sound | None

    @property
    def frames(self) -> int:
        return self.spec.frames

    def nals(self, frame: int) -> list[memoryview]:
        """NAL units of a frame of the loop; a key frame's begin with its parameter sets."""
        first, last = self.frame_bounds[frame], self.frame_bounds[frame + 1]
        bounds = self.nal_bounds[first : last + 1]
        return [self.data[a:b] for a, b in pairwise(bounds)]

    def parameter_sets(self) -> list[bytes]:
        """(VPS,) SPS and PPS of the first key frame."""
        return [bytes(unit) for unit in self.nals(0) if nal.is_parameter_set(unit, self.spec.codec)]

    def frame_bytes(self, frame: int) -> int:
        return (
            self.nal_bounds[self.frame_bounds[frame + 1]]
            - self.nal_bounds[self.frame_bounds[frame]]
        )

    def export(self, path: Path) -> None:
        """Write the pictures, without sound, as MP4 or Matroska, by the file's ending."""
        join = b"".join if self.spec.codec == "mjpeg" else nal.join_annexb
        units = (join(self.nals(frame)) for frame in range(self.frames))
        keys = [frame in self.keys for frame in range(self.frames)]
        write_file(path, self.spec.codec, self.spec.fps, units, keys)


def encode_loop(spec: LoopSpec, progress: Progress | None = None) -> Loop:
    """Draw and encode; takes about 1 s of CPU per 60 frames of 1080p."""
    lengths: list[int] = []
    units_per_frame: list[int] = []
    pieces: list[bytes] = []
    for frame, access_unit in enumerate(_encode_pictures(spec)):
        units = _units(access_unit, spec.codec)
        pieces += units
        lengths += map(len, units)
        units_per_frame.append(len(units))
        if progress is not None and (frame % spec.fps == 0 or frame + 1 == spec.frames):
            progress(frame + 1, spec.frames)
    loop = Loop(
        spec=spec,
        data=memoryview(b"".join(pieces)),
        nal_bounds=tuple(accumulate(lengths, initial=0)),
        frame_bounds=tuple(accumulate(units_per_frame, initial=0)),
        keys=spec.key_frames(),
        sound=_encode_sound(spec.sound),
    )
    _check(loop)
    return loop


def _encode_pictures(spec: LoopSpec) -> Iterator[bytes]:
    # A camera that holds its rate pays for noise with bits; one that lets it vary is a quiet one,
    # and its packet sizes follow what moves.
    noise = 2.5 if spec.rate_control == "constant" else 0.7
    scene = Scene(spec.seed, spec.width, spec.height, spec.seconds, noise, spec.view)
    encoder = VideoEncoder(
        VideoEncoding(
            codec=spec.codec,
            width=spec.width,
            height=spec.height,
            fps=spec.fps,
            bit_rate=spec.bit_rate,
            constant_rate=spec.rate_control == "constant",
            preset="superfast" if spec.codec == "h264" else "ultrafast",
        )
    )
    keys = spec.key_frames()
    for number in range(spec.frames):
        yield from encoder.encode(scene.picture(number, spec.fps), key=number in keys)
    yield from encoder.flush()


def _units(access_unit: bytes, codec: VideoCodecName) -> list[bytes]:
    if codec == "mjpeg":
        return [access_unit]
    return [unit for unit in nal.split_annexb(access_unit) if _kept(unit, codec)]


def _kept(unit: bytes, codec: VideoCodecName) -> bool:
    """Delimiters and the encoder's own SEI stay out: cameras have none, and ours comes later."""
    return nal.is_vcl(unit, codec) or nal.is_parameter_set(unit, codec)


def _check(loop: Loop) -> None:
    if len(loop.frame_bounds) != loop.frames + 1:
        raise RuntimeError(f"{len(loop.frame_bounds) - 1} frames encoded, not {loop.frames}")
    found = {
        frame
        for frame in range(loop.frames)
        if any(nal.is_key(unit, loop.spec.codec) for unit in loop.nals(frame))
    }
    if found != loop.keys:
        raise RuntimeError("the encoder put key frames elsewhere than it was told")


def _encode_sound(name: SoundName) -> Sound | None:
    match name:
        case "none":
            return None
        case "aac":
            return _encode_aac_sound()
        case _:
            data = encode_g711(tone.samples(G711_SAMPLE_RATE), name)
            step = G711_PACKET_SAMPLES
            packets = tuple(data[at : at + step] for at in range(0, len(data), step))
            return Sound(name, G711_SAMPLE_RATE, step, b"", packets)


def _encode_aac_sound() -> Sound:
    # Three periods, of which the middle one is kept: its first frame overlaps with sound that is
    # the end of a period, as it will each time round.
    period = tone.samples(AAC_SAMPLE_RATE)
    stream = encode_aac(tone.repeat(period, 3), AAC_SAMPLE_RATE, 32000)
    begin = len(period)
    kept = tuple(data for pts, data in stream.packets if begin <= pts < 2 * begin)
    return Sound("aac", AAC_SAMPLE_RATE, AAC_FRAME_SAMPLES, stream.config, kept)
