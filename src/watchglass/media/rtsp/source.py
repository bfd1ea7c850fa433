"""A camera's stream over RTSP: compressed packets, never decoded.

Written for this one purpose and measured against libavformat's client (docs/adr/0004): a few
system calls for each picture instead of six for each packet, NAL units as the camera sent them,
and a loss on the way is seen. Only what was asked for is set up, no other host is ever spoken to.
"""

import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.errors import CameraError, StreamInvalidError
from watchglass.media.parameter_sets import ParameterSets
from watchglass.media.rtsp import refusal
from watchglass.media.rtsp.access_unit import AccessUnits
from watchglass.media.rtsp.address import RtspAddress, split_address
from watchglass.media.rtsp.arrival import Arrival
from watchglass.media.rtsp.camera_clock import CameraClock
from watchglass.media.rtsp.carriage import Carriage, Interleaved
from watchglass.media.rtsp.certificate import Trust
from watchglass.media.rtsp.connection import Connection
from watchglass.media.rtsp.datagrams import Datagrams
from watchglass.media.rtsp.depacketize_h264 import H264Depacketizer
from watchglass.media.rtsp.depacketize_h265 import H265Depacketizer
from watchglass.media.rtsp.depacketize_jpeg import JpegDepacketizer
from watchglass.media.rtsp.rtp import RtpReceiver, TimeLine
from watchglass.media.rtsp.sdp import MediaDescription, SessionDescription
from watchglass.media.rtsp.session import Session
from watchglass.media.rtsp.sound_track import SoundTrack, offered_name
from watchglass.media.rtsp.tunnel import Tunnel
from watchglass.media.stall import LEAST_S, StallLimit
from watchglass.media.timestamps import DecodeTimes
from watchglass.model.camera import Credentials, Transport
from watchglass.model.stream import Packet, SoundParameters, Track, VideoCodec, VideoParameters

_log = log.get("media")

_CODECS = {
    "H264": VideoCodec.H264, "H265": VideoCodec.H265, "HEVC": VideoCodec.H265,
    "JPEG": VideoCodec.MJPEG,
}  # fmt: skip
_CLOSE_WAIT_S = 1.0
_DEFAULT_VIDEO_RATE = 90_000


class RtspSource:
    """One stream of a camera over RTSP: a `model.source.VideoSource`.

    ``url`` is ``rtsp://`` or ``rtsps://`` without user name and password, its host already checked
    by `cameras.address`. Without ``sound`` the camera is not asked for any. Its first picture may
    take ``first_picture_timeout_s``, for many begin at a key frame. The stream counts as stalled
    when no picture comes for ``stall_timeout_s`` or nearly three frame intervals, whichever is
    longer; until the interval is known, ``open_timeout_s`` is waited. Arrival times are of
    ``clock``; time-outs are of the machine. With rtsps:// the camera must prove to have the key of
    ``fingerprint``; without one, its certificate must be one that this machine trusts, and name
    ``tls_name`` (without one: the URL's host).
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None,
        *,
        sound: bool,
        clock: Clock,
        open_timeout_s: float = 10.0,
        stall_timeout_s: float = LEAST_S,
        first_picture_timeout_s: float = 30.0,
        transport: Transport = Transport.AUTO,
        tls_name: str | None = None,
        fingerprint: str = "",
    ) -> None:
        self._url = url
        self._credentials = credentials
        self._asks_sound = sound
        self._clock = clock
        self._open_timeout_s = open_timeout_s
        self._first_picture_timeout_s = first_picture_timeout_s
        self._asked_transport = transport
        self._tls_name = tls_name
        self._fingerprint = fingerprint
        self._host = "the camera"
        self._stall = StallLimit(stall_timeout_s, open_timeout_s)
        self._arrival = Arrival()
        self._closed = False
        self._failure: CameraError | None = None
        self._inside = threading.Lock()
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._carriage: Carriage | None = None
        self._transport = Transport.TCP
        self._ready: deque[Packet] = deque()
        self._access_units: AccessUnits | JpegDepacketizer | None = None
        self._video_receiver: RtpReceiver | None = None
        self._camera_clock = CameraClock()
        self._sound_track: SoundTrack | None = None
        self._codec: VideoCodec | None = None
        self._video: VideoParameters | None = None
        self._sets: ParameterSets | None = None
        self._last_sets: tuple[bytes, ...] = ()
        self._time_line = TimeLine(_DEFAULT_VIDEO_RATE)
        self._decode_times = DecodeTimes(_DEFAULT_VIDEO_RATE)
        self._offered_sounds: tuple[str, ...] = ()
        self._session_name = ""

    # --- what a VideoSource is --------------------------------------------------------------------

    def open(self) -> None:
        """Connect, and wait until the first picture begins to come. See `VideoSource.open`."""
        with self._inside:
            error = self._try(self._open)
            if error is None:
                return
            self._release()
        _log.debug("rtsp.open_failed", host=self._host, code=error.code)
        try:
            raise error
        finally:
            # Else it, its traceback and this frame hold each other, and with them the session.
            del error

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
        return self._sound_track.parameters if self._sound_track is not None else None

    @property
    def offered_sounds(self) -> tuple[str, ...]:
        """FFmpeg's names of the kinds of sound offered, when sound was asked for."""
        return self._offered_sounds

    @property
    def transport(self) -> Transport:
        """How the stream comes; never AUTO once it is open."""
        return self._transport

    @property
    def session_name(self) -> str:
        """What SDP calls the session: a stranger's text, as it came."""
        return self._session_name

    @property
    def sender_report(self) -> tuple[int, int] | None:
        """NTP time and RTP timestamp of the newest sender report of the picture's track."""
        return self._video_receiver.report if self._video_receiver is not None else None

    @property
    def clock_offset_ns(self) -> int | None:
        """See `TellsClock`."""
        return self._camera_clock.offset_ns

    @property
    def lost_packets(self) -> int:
        """How many RTP packets of the picture never came."""
        return self._video_receiver.lost if self._video_receiver is not None else 0

    def read(self) -> Packet:
        """The next packet. See `VideoSource.read`.

        ``pts`` counts on the camera's RTP clock from the begin of the session; ``dts`` is worked
        out from it.
        """
        ready = self._ready
        if not ready:
            with self._inside:
                if self._failure is None:
                    self._failure = self._try(self._fill)
                failure = self._failure
                if not ready:
                    # Not earlier: what was whole before it failed still counts.
                    self._failure = None
                    self._release()
            if not ready:
                assert failure is not None
                _log.debug("rtsp.read_failed", host=self._host, code=failure.code)
                try:
                    raise failure
                finally:
                    del failure  # as in `open`
        packet = ready.popleft()
        if packet.track is Track.VIDEO:
            self._take_picture(packet)
        return packet

    def share(self) -> int | None:
        """See `SharedSource.share`: a connection without TLS can be read in turn with others.

        UDP has several descriptors, and is waited for by a thread.
        """
        with self._inside:
            if self._connection is None:
                raise refusal.closed(self._host)
            if self._transport is Transport.UDP:
                return None
            return self._connection.never_wait()

    def take(self) -> list[Packet]:
        """What is there now. See `SharedSource.take`."""
        with self._inside:
            if self._failure is None:
                self._failure = self._try(self._look)
            packets = list(self._ready)
            self._ready.clear()
            if not packets and self._failure is not None:
                # Not earlier: what was whole before it failed still counts. The descriptor stays
                # open until `close`, for somebody may be waiting for it.
                failure, self._failure = self._failure, None
                try:
                    raise failure
                finally:
                    del failure  # as in `open`
        for packet in packets:
            if packet.track is Track.VIDEO:
                self._take_picture(packet)
        return packets

    @property
    def was_much(self) -> bool:
        """See `SharedSource.was_much`."""
        return self._session is not None and self._session.was_much

    def close(self) -> None:
        """End it. Safe from any thread and more than once; returns within a second or so."""
        self._closed = True
        if not self._inside.acquire(blocking=False):
            connection = self._connection
            if connection is not None:
                connection.interrupt()
            if not self._inside.acquire(timeout=_CLOSE_WAIT_S):
                return
        try:
            self._release()
        finally:
            self._inside.release()

    # --- opening ----------------------------------------------------------------------------------

    def _open(self) -> None:
        address = split_address(self._url)
        self._host = address.host
        deadline_s = time.monotonic() + self._open_timeout_s
        refused: CameraError | None = None
        for transport in self._transports(address):
            try:
                self._open_over(transport, address, deadline_s)
                return
            except refusal.TransportRefused as error:
                # Without its frames, which would hold it and themselves.
                refused = refused or error.with_traceback(None)
            except (CameraError, OSError):
                # What refused the first way and does not know the last is no other kind of failure.
                if refused is None or self._closed:
                    raise
            self._release()
        try:
            if refused is not None:
                raise refused
        finally:
            del refused  # as in `open`

    def _transports(self, address: RtspAddress) -> tuple[Transport, ...]:
        match self._asked_transport:
            case Transport.UDP if address.is_tls:
                raise refusal.udp_in_the_clear(self._host)
            case Transport.AUTO if address.is_tls:
                return Transport.TCP, Transport.HTTP
            case Transport.AUTO:
                return Transport.TCP, Transport.UDP, Transport.HTTP
            case one:
                return (one,)

    def _open_over(self, transport: Transport, address: RtspAddress, deadline_s: float) -> None:
        self._transport = transport
        connection = self._connection = (
            Tunnel(address, self._credentials)
            if transport is Transport.HTTP
            else Connection(address)
        )
        carriage = self._carriage = (
            Datagrams(connection, self._host)
            if transport is Transport.UDP
            else Interleaved(connection, self._host)
        )
        session = Session(
            connection, carriage, address, self._credentials, self._clock, self._arrival
        )
        if self._closed:
            raise refusal.closed(self._host)
        self._connect(connection, address, deadline_s)
        self._session = session
        description = session.describe(deadline_s)
        self._session_name = description.name
        video = self._choose_video(description)
        self._set_up_video(session, video, deadline_s)
        sound = self._choose_sound(description)
        if sound is not None:
            self._set_up_sound(session, sound, deadline_s)
        session.play(deadline_s)
        self._time_line.rtptime = session.rtptime(video)
        if sound is not None and self._sound_track is not None:
            self._sound_track.time_line.rtptime = session.rtptime(sound)
        self._wait_for_first()

    def _connect(self, connection: Connection, address: RtspAddress, deadline_s: float) -> None:
        if not address.is_tls:
            connection.open(deadline_s, None)
            return
        trust = Trust(self._tls_name or address.host, self._fingerprint)
        try:
            connection.open(deadline_s, trust)
        except ssl.SSLCertVerificationError:
            shown = connection.shown_key(deadline_s, trust)
            raise refusal.unknown_key(self._host, shown) from None

    def _choose_video(self, description: SessionDescription) -> MediaDescription:
        offered = [medium for medium in description.media if medium.kind == "video"]
        for medium in offered:
            if medium.encoding in _CODECS:
                return medium
        raise refusal.no_video(self._host, offered=bool(offered))

    def _set_up_video(self, session: Session, medium: MediaDescription, deadline_s: float) -> None:
        codec = self._codec = _CODECS[medium.encoding]
        rate = medium.clock_rate or _DEFAULT_VIDEO_RATE
        self._stall.timescale = rate
        self._time_line = TimeLine(rate)
        self._decode_times = DecodeTimes(rate)
        self._sets = ParameterSets(codec)
        self._learn_sets(medium.parameter_sets())
        units: AccessUnits | JpegDepacketizer
        match codec:
            case VideoCodec.H264:
                units = H264Depacketizer(self._time_line, self._arrival, self._ready)
            case VideoCodec.H265:
                units = H265Depacketizer(self._time_line, self._arrival, self._ready)
            case VideoCodec.MJPEG:
                units = JpegDepacketizer(
                    self._time_line, self._arrival, self._ready, medium.frame_size
                )
        self._access_units = units
        receiver = self._video_receiver = RtpReceiver(units, medium.payload_type)
        channels = session.set_up(medium, deadline_s)
        assert self._carriage is not None
        self._carriage.framing.channels[channels.rtp] = receiver.take
        self._carriage.framing.channels[channels.rtcp] = receiver.take_report

    def _choose_sound(self, description: SessionDescription) -> MediaDescription | None:
        if not self._asks_sound:
            return None
        chosen = None
        self._offered_sounds = ()
        for medium in description.media:
            if medium.kind != "audio":
                continue
            self._offered_sounds += (offered_name(medium),)
            if chosen is None:
                track = SoundTrack.of(medium, self._time_line, self._arrival, self._ready)
                if track is not None:
                    chosen, self._sound_track = medium, track
        return chosen

    def _set_up_sound(self, session: Session, medium: MediaDescription, deadline_s: float) -> None:
        channels = session.set_up(medium, deadline_s)
        assert self._carriage is not None
        assert self._sound_track is not None
        self._carriage.framing.channels[channels.rtp] = self._sound_track.take
        self._carriage.framing.channels[channels.rtcp] = self._sound_track.receiver.take_report

    def _wait_for_first(self) -> None:
        assert self._session is not None
        assert self._video_receiver is not None
        deadline_s = time.monotonic() + self._first_picture_timeout_s
        while not self._video_receiver.packets:
            if time.monotonic() >= deadline_s:
                over_udp = self._transport is Transport.UDP
                silent = refusal.no_datagrams if over_udp else refusal.stalled
                raise silent(self._host, self._first_picture_timeout_s)
            self._session.pump()
            self._session.tend()
        self._stall.begin(self._arrival.monotonic_ns)

    # --- reading ----------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Wait until there is something in ``_ready``."""
        while not self._ready:
            self._pump(patient=True)

    def _look(self) -> None:
        """Bring what is there into ``_ready``."""
        self._pump(patient=False)

    def _pump(self, *, patient: bool) -> None:
        session, units, stall = self._session, self._access_units, self._stall
        if session is None or units is None:
            raise refusal.closed(self._host) if self._closed else refusal.ended(self._host)
        done = units.access_units
        session.pump(patient=patient)
        session.tend()
        if units.access_units == done and stall.is_silent(self._arrival.monotonic_ns):
            raise refusal.stalled(self._host, stall.seconds)

    def _take_picture(self, packet: Packet) -> None:
        sets = packet.parameter_sets
        if sets and sets != self._last_sets:
            self._last_sets = sets
            self._learn_sets(sets)
        pts = packet.pts
        assert pts is not None
        packet.dts = self._decode_times.next(pts)
        self._stall.picture(pts, packet.arrival_monotonic_ns)
        self._camera_clock.hear(self.sender_report, self._clock.wall_ns())

    def _learn_sets(self, sets: Iterable[bytes]) -> None:
        """Parameter sets of SDP or of the stream; what is wrong with them shows later."""
        assert self._sets is not None
        try:
            if not self._sets.update(sets) or not self._sets.complete:
                return
            self._video = self._sets.parameters()
            self._decode_times.set_depth(self._sets.sequence().reorder_depth)
        except StreamInvalidError:
            self._video = None

    # --- errors and the end -----------------------------------------------------------------------

    def _try(self, action: Callable[[], None]) -> CameraError | None:
        """Errors are handed back, not raised, so that none has another one for its context."""
        try:
            action()
        except CameraError as error:
            found = error
        except OSError as error:
            found = refusal.of_os_error(error, self._host)
        except UnicodeError:
            # A host name that is none (IDNA).
            found = refusal.no_rtsp(self._host)
        else:
            return None
        if self._closed:
            return refusal.closed(self._host)
        if self._access_units is not None and not self._ready:
            self._access_units.finish()
        try:
            return found
        finally:
            del found  # as in `open`

    def _release(self) -> None:
        """Drop the connection; only with ``_inside`` held, so that nobody reads meanwhile."""
        session, self._session = self._session, None
        carriage, self._carriage = self._carriage, None
        connection, self._connection = self._connection, None
        self._end(None if session is None else session.tear_down)
        self._end(None if carriage is None else carriage.close)
        self._end(None if connection is None else connection.close)

    def _end(self, end: Callable[[], None] | None) -> None:
        """One step of releasing; the others follow whatever becomes of it."""
        try:
            if end is not None:
                end()
        except OSError as error:
            _log.debug("rtsp.close_failed", host=self._host, kind=type(error).__name__)
