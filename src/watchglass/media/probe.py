"""Looking at a stream for a few seconds: what it is, and how fast.

For a process of its own that may die (see `cameras.probe_worker`).
"""

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import StreamInvalidError
from watchglass.media.rtsp import RtspSource
from watchglass.model.camera import Credentials
from watchglass.model.probe import ProbeResult
from watchglass.model.stream import Packet, Track

MOST_TEXT_CHARS = 80
MOST_SOUNDS = 8


def probe_rtsp(
    url: str,
    credentials: Credentials | None,
    clock: Clock,
    timeout_s: float = 20.0,
    measure_s: float = 2.0,
) -> ProbeResult:
    """Open a stream, watch it for ``measure_s`` and close it; any CameraError.

    It takes at most about ``timeout_s``; less than ``measure_s`` of media is no error as long as
    the picture's size is known.
    """
    started_ns = clock.monotonic_ns()
    source = RtspSource(
        url,
        credentials,
        sound=True,
        clock=clock,
        open_timeout_s=timeout_s / 2,
        stall_timeout_s=timeout_s / 2,
        first_picture_timeout_s=timeout_s,
    )
    try:
        source.open()
        pictures = _watch(source, clock, started_ns, timeout_s, measure_s)
        video = source.video
        if video is None:
            raise StreamInvalidError(
                "The camera does not say how large its picture is: restart the camera,"
                " or set a shorter key frame interval in it."
            )
        seconds = _seconds(pictures)
        return ProbeResult(
            codec=video.codec.value,
            width=video.width,
            height=video.height,
            fps=round((len(pictures) - 1) / seconds, 2) if seconds > 0 else None,
            gop_s=_gop_s(pictures),
            bit_rate=_bit_rate(pictures, seconds),
            sounds=tuple(harmless(name) for name in source.offered_sounds[:MOST_SOUNDS]),
            session_name=harmless(source.session_name),
            seconds=round((clock.monotonic_ns() - started_ns) / NS_PER_S, 3),
        )
    finally:
        source.close()


def _watch(
    source: RtspSource, clock: Clock, started_ns: int, timeout_s: float, measure_s: float
) -> list[Packet]:
    """Pictures of ``measure_s`` of media, or until the time is up; at least until a size is told.

    What follows a burst is measured by media time, so a cached GOP does not look like 200 fps.
    """
    pictures: list[Packet] = []
    end_ns = started_ns + round(timeout_s * NS_PER_S)
    while clock.monotonic_ns() < end_ns:
        packet = source.read()
        if packet.track is not Track.VIDEO or not packet.has_picture:
            continue
        pictures.append(packet)
        if source.video is not None and _seconds(pictures) >= measure_s and len(pictures) > 1:
            break
    return pictures


def _times(pictures: list[Packet]) -> list[float]:
    return [each.pts / each.timescale for each in pictures if each.pts is not None]


def _seconds(pictures: list[Packet]) -> float:
    times = _times(pictures)
    return max(times) - min(times) if times else 0.0


def _gop_s(pictures: list[Packet]) -> float | None:
    keys = _times([each for each in pictures if each.is_key])
    return round(keys[1] - keys[0], 3) if len(keys) > 1 and keys[1] > keys[0] else None


def _bit_rate(pictures: list[Packet], seconds: float) -> int:
    if seconds <= 0:
        return 0
    # The last picture lasts beyond what was seen.
    return round(sum(len(each.data) for each in pictures[:-1]) * 8 / seconds)


def harmless(text: str) -> str:
    """A stranger's text for people: printable characters only, one line, of bounded length."""
    shown = "".join(char if char.isprintable() else " " for char in text[: MOST_TEXT_CHARS * 4])
    return " ".join(shown.split())[:MOST_TEXT_CHARS]
