"""One RTSP session: the tracks that were set up, and the headers they are sent under."""

import secrets
import time
from collections.abc import Sequence
from typing import Final

from watchglass.media.serving.packetize import Payload, RtpSender
from watchglass.simulate import sdp
from watchglass.simulate.loop import Loop
from watchglass.simulate.stream import Stream
from watchglass.simulate.wire import Wire

REPORT_INTERVAL_S: Final = 5.0
# ffmpeg and GStreamer place tracks by the first report, so it must not be long in coming.
FIRST_REPORT_S: Final = 0.5


class Session:
    """Implements `watchglass.simulate.stream.Client`."""

    def __init__(self, client_id: int, stream: Stream, wire: Wire) -> None:
        self.session_id = secrets.token_hex(8)
        self.stream = stream
        self.playing = False
        self._client_id = client_id
        self._wire = wire
        self._video: RtpSender | None = None
        self._sound: RtpSender | None = None
        self._next_report_s = 0.0
        self._pending: list[bytes | memoryview] = []

    @property
    def client_id(self) -> int:
        return self._client_id

    def set_up(self, control: str, channel: int) -> int | None:
        """Add a track, to be sent on an even channel; its SSRC, or None for no such track."""
        loop: Loop = self.stream.loop
        ssrc, sequence = secrets.randbits(32), secrets.randbits(16)
        if control == sdp.VIDEO_CONTROL:
            self._video = RtpSender(
                sdp.video_payload_type(loop), sdp.VIDEO_CLOCK_RATE, channel, ssrc, sequence
            )
        elif control == sdp.SOUND_CONTROL and loop.sound is not None:
            kind = sdp.sound_payload_type(loop.sound)
            self._sound = RtpSender(kind, loop.sound.sample_rate, channel, ssrc, sequence)
        else:
            return None
        return ssrc

    @property
    def is_set_up(self) -> bool:
        return self._video is not None or self._sound is not None

    def play(self, url: str) -> str:
        """Join the stream; the value of RTP-Info."""
        begin = self.stream.add(self)
        self.playing = True
        self._next_report_s = time.monotonic() + FIRST_REPORT_S
        tracks = (
            (self._video, sdp.VIDEO_CONTROL, begin.video_timestamp),
            (self._sound, sdp.SOUND_CONTROL, begin.sound_timestamp),
        )
        return ",".join(
            f"url={url.rstrip('/')}/{control};seq={sender.sequence};rtptime={timestamp}"
            for sender, control, timestamp in tracks
            if sender is not None
        )

    def end(self) -> None:
        self.playing = False
        self.stream.remove(self)

    # Called by the stream

    def send_video(self, payloads: Sequence[Payload], timestamp: int) -> None:
        if self._video is not None:
            self._pending += self._video.packets(payloads, timestamp)

    def send_sound(self, payloads: Sequence[Payload], timestamp: int) -> None:
        if self._sound is not None:
            self._pending += self._sound.packets(payloads, timestamp)

    def lose_video(self, payloads: Sequence[Payload]) -> None:
        if self._video is not None:
            self._video.packets(payloads, 0)

    def flush(self) -> None:
        pending, self._pending = self._pending, []
        if not pending:
            return
        now_s = time.monotonic()
        if now_s >= self._next_report_s:
            self._next_report_s = now_s + REPORT_INTERVAL_S
            pending += self._reports()
        if not self._wire.send(pending):
            self.stream.counters.clients_too_slow += 1

    @property
    def wire(self) -> Wire:
        return self._wire

    def close(self) -> None:
        self._wire.abort()

    def _reports(self) -> list[bytes]:
        media_s, wall_ns = self.stream.media_time_s(), time.time_ns()
        reports = []
        if self._video is not None:
            timestamp = self.stream.video_timestamp(media_s)
            reports.append(self._video.sender_report(timestamp, wall_ns, b"camera"))
        if self._sound is not None:
            timestamp = self.stream.sound_timestamp(media_s)
            reports.append(self._sound.sender_report(timestamp, wall_ns, b"camera"))
        return reports
