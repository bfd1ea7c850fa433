"""A camera of this machine as a `model.source.VideoSource`: its pictures as they come."""

import threading
from collections import deque

from watchglass.base.clock import Clock
from watchglass.base.errors import CameraError, CameraUnreachableError, StreamStalledError
from watchglass.media import jpeg
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.parameter_sets import ParameterSets
from watchglass.media.stall import LEAST_S, StallLimit
from watchglass.media.v4l2.device import Captured, CaptureDevice, Wanted
from watchglass.model.stream import Packet, SoundParameters, Track, VideoCodec, VideoParameters

_TIMESCALE = 90_000
_TICK_S = 0.25
_CLOSE_WAIT_S = 1.0
_HALF = 1 << 31
_WHOLE = 1 << 32


class V4l2Source:
    """``path`` is a device, already checked to be one that may be a camera. It has no sound.

    Pictures are timed by the driver where its clock is the monotonic one, else by their arrival.
    """

    def __init__(
        self,
        path: str,
        wanted: Wanted,
        clock: Clock,
        *,
        stall_timeout_s: float = LEAST_S,
        first_picture_timeout_s: float = 10.0,
    ) -> None:
        self._path = path
        self._wanted = wanted
        self._clock = clock
        self._stall = StallLimit(stall_timeout_s, first_picture_timeout_s)
        self._closed = threading.Event()
        self._inside = threading.Lock()
        self._device: CaptureDevice | None = None
        self._ready: deque[Packet] = deque()
        self._codec: VideoCodec | None = None
        self._sets: ParameterSets | None = None
        self._video: VideoParameters | None = None
        self._next_sequence: int | None = None
        self._is_lost = False
        self._last = -1

    @property
    def codec(self) -> VideoCodec | None:
        """See `VideoSource.codec`."""
        return self._codec

    @property
    def video(self) -> VideoParameters | None:
        """See `VideoSource.video`; from the first key frame, which `open` waits for."""
        return self._video

    @property
    def sound(self) -> SoundParameters | None:
        """See `VideoSource.sound`."""
        return None

    def open(self) -> None:
        """See `VideoSource.open`."""
        with self._inside:
            if self._closed.is_set():
                raise self._closed_error()
            try:
                self._device = CaptureDevice(self._path, self._wanted)
                self._codec = self._device.codec
                self._sets = ParameterSets(self._codec)
                self._stall.begin(self._clock.monotonic_ns())
                self._ready.append(self._next())
            except CameraError:
                self._release()
                raise

    def read(self) -> Packet:
        """See `VideoSource.read`."""
        with self._inside:
            if self._device is None or self._closed.is_set():
                raise self._closed_error()
            if self._ready:
                return self._ready.popleft()
            try:
                return self._next()
            except CameraError:
                self._release()
                raise

    def close(self) -> None:
        """See `VideoSource.close`."""
        self._closed.set()
        device = self._device
        if device is not None:
            device.interrupt()
        if self._inside.acquire(timeout=_CLOSE_WAIT_S):
            try:
                self._release()
            finally:
                self._inside.release()

    def _release(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.close()

    # --- pictures ---------------------------------------------------------------------------------

    def _next(self) -> Packet:
        device = self._device
        assert device is not None
        while not self._closed.is_set():
            captured = device.capture(_TICK_S)
            if self._closed.is_set():
                break
            if captured is not None and (packet := self._packet(captured)) is not None:
                return packet
            if self._stall.is_silent(self._clock.monotonic_ns()):
                raise StreamStalledError(
                    f"The camera at {self._path} gives no picture for {self._stall.seconds:.0f} s:"
                    " unplug it and plug it in again if this goes on."
                )
        raise self._closed_error()

    def _packet(self, captured: Captured) -> Packet | None:
        """A picture; None for a buffer that holds none, which the next picture then tells of."""
        expected = self._next_sequence
        self._next_sequence = captured.sequence + 1 & _WHOLE - 1
        if expected is not None and 0 < (captured.sequence - expected) % _WHOLE < _HALF:
            self._is_lost = True
        if captured.is_broken or not captured.data:
            self._is_lost = True
            return None
        wall_ns, monotonic_ns = self._clock.wall_ns(), self._clock.monotonic_ns()
        time_us = captured.time_us if captured.time_us is not None else monotonic_ns // 1000
        pts = self._last = max(time_us * 9 // 100, self._last + 1)
        packet = self._coded(captured.data, pts, wall_ns, monotonic_ns)
        if packet is None:
            self._is_lost = True
            return None
        self._is_lost = False
        self._learn(packet)
        self._stall.picture(pts, monotonic_ns)
        return packet

    def _coded(self, data: bytes, pts: int, wall_ns: int, monotonic_ns: int) -> Packet | None:
        assert self._codec is not None
        try:
            if self._codec is VideoCodec.MJPEG:
                picture, frame = jpeg.whole(data)
                return Packet(
                    Track.VIDEO, picture, pts, pts, _TIMESCALE, True, wall_ns, monotonic_ns, True,
                    (frame,), self._is_lost,
                )  # fmt: skip
            sample = to_length_prefixed(data, self._codec)
        except (ValueError, CameraError):
            # A torn picture, as many USB cameras give after they were started.
            return None
        return Packet(
            Track.VIDEO, sample.data, pts, pts, _TIMESCALE, sample.is_key, wall_ns, monotonic_ns,
            sample.has_picture, sample.parameter_sets, self._is_lost,
        )  # fmt: skip

    def _learn(self, packet: Packet) -> None:
        assert self._sets is not None
        if self._sets.update(packet.parameter_sets) and self._sets.complete:
            try:
                self._video = self._sets.parameters()
            except CameraError:
                self._video = None

    def _closed_error(self) -> CameraError:
        return CameraUnreachableError(f"The camera at {self._path} is not open.")
