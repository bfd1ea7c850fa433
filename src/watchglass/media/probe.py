"""Looking at a stream for a few seconds: what it is, and how fast.

For a process of its own that may die (see `cameras.probe_worker`).
"""

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import StreamInvalidError
from watchglass.base.secret import Secret
from watchglass.media.rtsp import RtspSource
from watchglass.media.still import still
from watchglass.model.camera import Credentials, Transport
from watchglass.model.probe import ProbeRequest, ProbeResult
from watchglass.model.source import VideoSource
from watchglass.model.stream import Packet, Track, VideoCodec, VideoParameters

MOST_TEXT_CHARS = 80
MOST_SOUNDS = 8
_PICTURE_WIDTH = 640
_START_CODE = b"\x00\x00\x00\x01"


def probe_rtsp(request: ProbeRequest, clock: Clock) -> ProbeResult:
    """Open a stream, watch it for ``measure_s`` and close it; any CameraError.

    It takes at most about ``timeout_s``; less than ``measure_s`` of media is no error as long as
    the picture's size is known.
    """
    started_ns = clock.monotonic_ns()
    timeout_s, user = request.timeout_s, request.user
    source = RtspSource(
        request.url,
        None if user is None else Credentials(user, Secret(request.password or "")),
        sound=True,
        clock=clock,
        open_timeout_s=timeout_s / 2,
        stall_timeout_s=timeout_s / 2,
        first_picture_timeout_s=timeout_s,
        transport=request.transport,
        tls_name=request.name,
        fingerprint=request.fingerprint,
    )
    return probe_source(source, clock, timeout_s, request.measure_s, started_ns)


def probe_source(
    source: VideoSource,
    clock: Clock,
    timeout_s: float,
    measure_s: float,
    started_ns: int | None = None,
) -> ProbeResult:
    """The same of any source, made and not yet opened."""
    started_ns = clock.monotonic_ns() if started_ns is None else started_ns
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
            sounds=_offered_sounds(source),
            session_name=harmless(source.session_name) if isinstance(source, RtspSource) else "",
            seconds=round((clock.monotonic_ns() - started_ns) / NS_PER_S, 3),
            transport=source.transport if isinstance(source, RtspSource) else Transport.TCP,
            picture=_picture(video, pictures),
        )
    finally:
        source.close()


def _picture(video: VideoParameters, pictures: list[Packet]) -> bytes:
    """So that a person sees which camera it is; no picture is no reason not to record."""
    key = next((each.data for each in pictures if each.is_key), b"")
    try:
        if video.codec is VideoCodec.MJPEG:
            return still(video.codec, b"", key, _PICTURE_WIDTH)
        sets = b"".join(_START_CODE + each for each in video.parameter_sets)
        return still(video.codec, b"", sets + _with_start_codes(key), _PICTURE_WIDTH)
    except StreamInvalidError:
        return b""


def _with_start_codes(access_unit: bytes) -> bytes:
    """NAL units behind start codes instead of their lengths: decodable without a header."""
    found, at = bytearray(), 0
    while at + 4 <= len(access_unit):
        size = int.from_bytes(access_unit[at : at + 4], "big")
        found += _START_CODE + access_unit[at + 4 : at + 4 + size]
        at += 4 + size
    return bytes(found)


def _offered_sounds(source: VideoSource) -> tuple[str, ...]:
    if isinstance(source, RtspSource):
        return tuple(harmless(name) for name in source.offered_sounds[:MOST_SOUNDS])
    return (source.sound.codec.value,) if source.sound is not None else ()


def _watch(
    source: VideoSource, clock: Clock, started_ns: int, timeout_s: float, measure_s: float
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
