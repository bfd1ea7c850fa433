"""A camera's stream over RTSP: compressed packets, never decoded.

libavformat speaks RTSP and puts RTP together; everything it would do beyond that is switched off
here: no decoder may be opened, no other transport, protocol or host may be reached, no medium is
set up that was not asked for.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import av
from av.container import InputContainer

from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.errors import (
    CameraError,
    CameraUnreachableError,
    CodecUnsupportedError,
    StreamInvalidError,
    StreamStalledError,
)
from watchglass.media.av_errors import FOREIGN_ERRORS, camera_error
from watchglass.media.bitstream import split_nal_units, to_length_prefixed
from watchglass.media.interrupt import Interrupt, install
from watchglass.media.parameter_sets import ParameterSets
from watchglass.media.rtsp_url import open_options, url_with_credentials
from watchglass.media.sound import sound_parameters
from watchglass.media.sps import parse_sps
from watchglass.media.stall import OpenLimit, StallLimit
from watchglass.media.timestamps import DecodeTimes, FirstTimes
from watchglass.model.camera import Credentials
from watchglass.model.stream import (
    Packet,
    SoundParameters,
    Track,
    VideoCodec,
    VideoParameters,
)

_log = log.get("media")

_CODECS = {"h264": VideoCodec.H264, "hevc": VideoCodec.H265}


class RtspSource:
    """One stream of a camera over RTSP with TCP: a `model.source.VideoSource`.

    ``url`` is ``rtsp://`` or ``rtsps://`` without user name and password, its host already checked
    by `cameras.address`. Without ``sound`` the camera is not asked for any. Its first picture may
    take ``first_picture_timeout_s``, for many begin at a key frame. The stream counts as stalled
    when no picture comes for ``stall_timeout_s`` or three frame intervals, whichever is longer;
    until the interval is known, ``open_timeout_s`` is waited. Arrival times are of ``clock``;
    time-outs are of the machine.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None,
        *,
        sound: bool,
        clock: Clock,
        open_timeout_s: float = 10.0,
        stall_timeout_s: float = 5.0,
        first_picture_timeout_s: float = 30.0,
    ) -> None:
        self._url = url
        self._credentials = credentials
        self._asks_sound = sound
        self._clock = clock
        self._host = urlsplit(url).hostname or "the camera"
        self._open_limit = OpenLimit(open_timeout_s, first_picture_timeout_s)
        self._stall = StallLimit(stall_timeout_s, open_timeout_s)
        self._interrupt = Interrupt()
        self._closed = False
        self._inside = threading.Lock()
        self._container: InputContainer | None = None
        self._packets: Iterator[Any] | None = None
        self._ready: deque[Packet] = deque()
        self._codec: VideoCodec | None = None
        self._video: VideoParameters | None = None
        self._sets: ParameterSets | None = None
        self._sound: SoundParameters | None = None
        self._offered_sounds: tuple[str, ...] = ()
        self._session_name = ""
        self._video_index = -1
        self._sound_index = -1
        self._video_timescale = 90_000
        self._sound_timescale = 8_000
        self._decode_times = DecodeTimes(90_000)
        self._first_video = FirstTimes()
        self._first_sound = FirstTimes()

    # --- what a VideoSource is --------------------------------------------------------------------

    def open(self) -> None:
        """Connect, and wait for the first access unit. See `VideoSource.open`."""
        url = url_with_credentials(self._url, self._credentials)
        install()
        with self._inside:
            error = self._try_open(url)
            if error is None:
                return
            self._release()
        self._log_failure("rtsp.open_failed", error)
        raise error

    @property
    def codec(self) -> VideoCodec | None:
        """Which codec the camera announced; None before `open`."""
        return self._codec

    @property
    def video(self) -> VideoParameters | None:
        """The picture's parameters: from SDP, or as soon as `read` has met them in the stream."""
        return self._video

    @property
    def sound(self) -> SoundParameters | None:
        """The sound's parameters; None when not asked for, not offered, or of a kind not kept."""
        return self._sound

    @property
    def offered_sounds(self) -> tuple[str, ...]:
        """FFmpeg's names of the kinds of sound offered, when sound was asked for."""
        return self._offered_sounds

    @property
    def session_name(self) -> str:
        """What SDP calls the session: a stranger's text, as it came."""
        return self._session_name

    def read(self) -> Packet:
        """The next packet. See `VideoSource.read`.

        ``pts`` is what RTP said; ``dts`` is worked out from it. Both are None for a packet in
        mid-stream that carried no time.
        """
        ready = self._ready
        if ready:
            return ready.popleft()
        with self._inside:
            outcome = self._try_read()
            if isinstance(outcome, Packet):
                return outcome
            self._release()
        self._log_failure("rtsp.read_failed", outcome)
        raise outcome

    def close(self) -> None:
        """End it. Safe from any thread and more than once; returns within a second."""
        self._closed = True
        self._interrupt.ended = True
        if self._inside.acquire(timeout=1.0):
            try:
                self._release()
            finally:
                self._inside.release()

    # --- opening ----------------------------------------------------------------------------------

    def _try_open(self, url: str) -> CameraError | None:
        # Errors are handed back, not raised, so that none has PyAV's as its context: those carry
        # the URL with the password.
        try:
            with self._interrupt:
                self._container = av.open(
                    url,
                    "r",
                    format="rtsp",
                    options=open_options(url, sound=self._asks_sound),
                    metadata_errors="replace",
                    # PyAV asks them for a number when it needs one, which its types do not say.
                    timeout=cast("tuple[float, float]", (self._open_limit, self._stall)),
                )
            if self._has_ended():
                return self._ended_error()
            self._find_streams(self._container)
            if self._open_limit.passed():
                return self._stalled_error(self._open_limit.seconds)
            self._start_packets()
        except CameraError as error:
            return error
        except FOREIGN_ERRORS as error:
            return self._ended_error() if self._has_ended() else self._open_error(error)
        return None

    def _open_error(self, error: BaseException) -> CameraError:
        # Cut short while reading an answer, libavformat says "invalid data".
        if self._open_limit.passed():
            if self._open_limit.connected:
                return self._stalled_error(self._open_limit.seconds)
            return camera_error(TimeoutError(), self._host)
        return camera_error(error, self._host)

    def _find_streams(self, container: InputContainer) -> None:
        kinds = set()
        for stream in container.streams:
            # None for a codec that libavcodec does not know, whatever the stubs say.
            context: Any = stream.codec_context
            name = context.name if context is not None else None
            if stream.type == "video":
                kinds.add(name)
                if self._codec is None and name in _CODECS:
                    self._take_video(stream, _CODECS[name])
                    continue
            elif stream.type == "audio" and self._asks_sound:
                self._take_sound(stream, name)
        self._session_name = container.metadata.get("title", "")
        if self._codec is None:
            raise self._no_video_error(offered=bool(kinds))

    def _take_video(self, stream: Any, codec: VideoCodec) -> None:
        self._codec = codec
        self._video_index = stream.index
        self._video_timescale = stream.time_base.denominator
        self._decode_times = DecodeTimes(self._video_timescale)
        self._stall.timescale = self._video_timescale
        self._sets = ParameterSets(codec)
        self._learn_sets(_units(bytes(stream.codec_context.extradata or b"")))

    def _take_sound(self, stream: Any, name: str | None) -> None:
        context = stream.codec_context
        self._offered_sounds += (name or "unknown",)
        if context is None or self._sound is not None:
            return
        self._sound = sound_parameters(
            name, context.sample_rate or 0, context.channels or 0, context.extradata
        )
        if self._sound is not None:
            self._sound_index = stream.index
            self._sound_timescale = stream.time_base.denominator

    def _start_packets(self) -> None:
        if self._packets is not None:
            self._packets.close()  # type: ignore[attr-defined]
        assert self._container is not None
        self._packets = self._container.demux()

    # --- reading ----------------------------------------------------------------------------------

    def _try_read(self) -> Packet | CameraError:
        try:
            while True:
                if self._packets is None:
                    return self._ended_error()
                with self._interrupt:
                    packet = next(self._packets)
                if made := self._take(packet):
                    return made
        except StopIteration:
            return camera_error(EOFError(), self._host)
        except CameraError as error:
            return error
        except FOREIGN_ERRORS as error:
            return self._read_error(error)

    def _take(self, packet: Any) -> Packet | None:
        """Our packet of libavformat's; None when it is not one of ours, or is held back."""
        data = bytes(packet)
        index = packet.stream_index
        clock = self._clock
        now_ns = clock.monotonic_ns()
        if index == self._video_index:
            if not data:
                return None
            assert self._codec is not None
            sample = to_length_prefixed(data, self._codec)
            made = Packet(
                Track.VIDEO, sample.data, packet.pts, None, self._video_timescale,
                sample.is_key or packet.is_keyframe, clock.wall_ns(), now_ns,
                sample.has_picture, sample.parameter_sets,
            )  # fmt: skip
            return self._take_picture(made)
        if self._stall.is_silent(now_ns):
            raise self._stalled_error(self._stall.seconds)
        if index != self._sound_index or not data:
            return None
        made = Packet(
            Track.SOUND, data, packet.pts, packet.pts, self._sound_timescale, True,
            clock.wall_ns(), now_ns,
        )  # fmt: skip
        return made if self._first_sound.done else self._hold(self._first_sound, made)

    def _take_picture(self, made: Packet) -> Packet | None:
        if self._video is None:
            self._learn_sets(made.parameter_sets)
        if self._stall.picture(made.pts, made.arrival_monotonic_ns):
            # PyAV reads the time-out only when its generator starts.
            self._start_packets()
        if not self._first_video.done:
            return self._hold(self._first_video, made)
        if made.pts is not None:
            made.dts = self._decode_times.next(made.pts)
        return made

    def _hold(self, first: FirstTimes, packet: Packet) -> Packet | None:
        is_video = packet.track is Track.VIDEO
        freed = first.put(packet, self._decode_times.depth if is_video else 0)
        if not freed:
            return None
        for each in freed:
            if each.pts is not None:
                each.dts = self._decode_times.next(each.pts) if is_video else each.pts
        self._ready.extend(freed[1:])
        return freed[0]

    def _learn_sets(self, sets: Iterable[bytes]) -> None:
        """Parameter sets of SDP or of the stream; what is wrong with them shows later."""
        assert self._sets is not None
        try:
            if not self._sets.update(sets):
                return
            if self._sets.complete:
                self._video = self._sets.parameters()
                sps = parse_sps(self._sets.first_sps, self._sets.codec)
                self._decode_times = DecodeTimes(self._video_timescale, sps.reorder_depth)
        except (ValueError, StreamInvalidError):
            self._video = None

    def _read_error(self, error: BaseException) -> CameraError:
        if self._has_ended():
            return self._ended_error()
        if isinstance(error, av.error.ExitError | TimeoutError):
            return self._stalled_error(self._stall.seconds)
        return camera_error(error, self._host)

    # --- errors and the end -----------------------------------------------------------------------

    def _stalled_error(self, seconds: float) -> CameraError:
        return StreamStalledError(
            f"The camera at {self._host} sends no picture for {seconds:.0f} s although it is"
            " connected: restart it if this goes on."
        )

    def _no_video_error(self, *, offered: bool) -> CameraError:
        if offered:
            return CodecUnsupportedError(
                f"The camera at {self._host} sends a kind of video that is not recorded:"
                " set it to H.264 or H.265."
            )
        return StreamInvalidError(
            f"The camera at {self._host} offers no picture at this path: check the path."
        )

    def _has_ended(self) -> bool:
        return self._interrupt.ended

    def _ended_error(self) -> CameraError:
        if self._interrupt.redirected and not self._closed:
            return StreamInvalidError(
                f"The camera at {self._host} sends us on to another address, which is not"
                " followed: enter the right address yourself if you trust it."
            )
        return CameraUnreachableError(f"The connection to {self._host} was closed by us.")

    def _release(self) -> None:
        """Drop the connection; only with ``_inside`` held, so that nobody reads meanwhile."""
        packets, self._packets = self._packets, None
        container, self._container = self._container, None
        try:
            with self._interrupt:
                if packets is not None:
                    packets.close()  # type: ignore[attr-defined]
                if container is not None:
                    container.close()
        except FOREIGN_ERRORS as error:
            _log.debug("rtsp.close_failed", host=self._host, kind=type(error).__name__)

    def _log_failure(self, action: str, error: CameraError) -> None:
        _log.debug(action, host=self._host, code=error.code, libav=list(self._interrupt.lines))


def _units(annex_b: bytes) -> list[bytes]:
    """NAL units of an SDP's parameter sets; none where they are nonsense."""
    try:
        return split_nal_units(annex_b)
    except ValueError:
        return []
