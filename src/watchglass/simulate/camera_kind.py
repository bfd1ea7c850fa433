"""The named kinds of camera: what makers ship, at any size."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from watchglass.simulate.loop import LoopSpec

KindName = Literal["a", "b", "c", "d", "4k", "mjpeg"]
KINDS: Final[tuple[KindName, ...]] = ("a", "b", "c", "d")
"""The four of the demo; "4k" and "mjpeg" are asked for by name."""

SUB_BIT_RATE: Final = 400_000


@dataclass(frozen=True, slots=True)
class CameraSpec:
    name: str
    main: LoopSpec
    sub: LoopSpec


@dataclass(frozen=True, slots=True)
class Size:
    """What the main stream of a kind is scaled to."""

    width: int = 1280
    height: int = 720
    fps: int = 15
    bit_rate: int = 2_000_000
    seconds: int = 120
    sub_width: int = 640
    sub_height: int = 360
    sub_fps: int = 5
    sub_bit_rate: int = SUB_BIT_RATE
    sound: bool = True


BENCH_SIZE: Final = Size(width=1920, height=1080, bit_rate=3_000_000)


def camera(name: str, kind: KindName, size: Size | None = None, seed: int = 1) -> CameraSpec:
    """A camera of a kind.

    - a: H.264, constant rate, key frame each second, AAC
    - b: H.264, variable rate, key frame each 10 s
    - c: H.265, with a sub-stream in H.264
    - d: H.264 at 5 fps, G.711 A-law
    - 4k: H.265, 3840x2160, 8 Mb/s, 20 s
    - mjpeg: MJPEG at 5 fps, as in both streams of an old camera; its frames carry no number
    """
    size = size or Size()
    main = LoopSpec(
        codec="h264",
        width=size.width,
        height=size.height,
        fps=size.fps,
        gop_frames=size.fps,
        bit_rate=size.bit_rate,
        seconds=size.seconds,
        seed=seed,
    )
    sub = replace(
        main,
        width=size.sub_width,
        height=size.sub_height,
        fps=size.sub_fps,
        gop_frames=2 * size.sub_fps,
        bit_rate=size.sub_bit_rate,
    )
    match kind:
        case "a":
            main = replace(main, sound="aac")
        case "b":
            main = replace(main, gop_frames=10 * size.fps, rate_control="variable")
            sub = replace(sub, gop_frames=10 * size.sub_fps, rate_control="variable")
        case "c":
            main = replace(main, codec="h265", gop_frames=2 * size.fps)
        case "d":
            fps = min(5, size.fps)
            main = replace(main, fps=fps, gop_frames=2 * fps, sound="pcm_alaw")
        case "mjpeg":
            main = replace(main, codec="mjpeg", fps=min(5, size.fps), gop_frames=1)
            sub = replace(sub, codec="mjpeg", gop_frames=1)
        case "4k":
            main = replace(
                main,
                codec="h265",
                width=3840,
                height=2160,
                gop_frames=2 * size.fps,
                bit_rate=8_000_000,
                seconds=min(size.seconds, 20),
            )
            sub = replace(sub, seconds=min(size.seconds, 20))
    if not size.sound:
        main = replace(main, sound="none")
    return CameraSpec(name, main, sub)


def cameras(
    count: int, kind: KindName | Literal["mix"] = "mix", size: Size | None = None
) -> list[CameraSpec]:
    """Cameras named camera-1, camera-2, …; those of one kind share their loops."""
    return [
        camera(
            f"camera-{index + 1}",
            KINDS[index % 4] if kind == "mix" else kind,
            size,
            _seed(kind, index),
        )
        for index in range(count)
    ]


def _seed(kind: str, index: int) -> int:
    # The four of a mix show four streets.
    return 1 + index % 4 if kind == "mix" else 1
