"""The sound of a stream: which kinds are kept, and where it lies on the picture's time line."""

import binascii
from collections import deque

from watchglass.media.rtsp.arrival import Arrival
from watchglass.media.rtsp.depacketize_sound import (
    AacDepacketizer,
    G711Depacketizer,
    is_plain_aac,
)
from watchglass.media.rtsp.rtp import HEADER_BYTES, RtpReceiver, TimeLine
from watchglass.media.rtsp.sdp import MediaDescription
from watchglass.media.sound import sound_parameters
from watchglass.model.stream import Packet, SoundParameters

_NS_PER_S = 1_000_000_000

# FFmpeg's names, which people know, by those of RTP.
_NAMES = {
    "MPEG4-GENERIC": "aac", "MP4A-LATM": "aac_latm", "PCMA": "pcm_alaw", "PCMU": "pcm_mulaw",
    "L16": "pcm_s16be", "G722": "adpcm_g722", "G726-16": "adpcm_g726", "G726-24": "adpcm_g726",
    "G726-32": "adpcm_g726", "G726-40": "adpcm_g726", "G723": "g723_1", "MPA": "mp3",
}  # fmt: skip


def offered_name(medium: MediaDescription) -> str:
    """What a kind of sound is called to people; "unknown" without a name."""
    return _NAMES.get(medium.encoding, medium.encoding.lower() or "unknown")


class SoundTrack:
    """One sound that is kept.

    Picture and sound have timestamps with origins of their own. Where RTP-Info tells both, and the
    first packets bear it out, they are laid side by side by it, otherwise by when the first sound
    arrived. Sound that comes before the first picture is left out.
    """

    def __init__(
        self,
        medium: MediaDescription,
        parameters: SoundParameters,
        video_time_line: TimeLine,
        arrival: Arrival,
        ready: deque[Packet],
    ) -> None:
        self.parameters = parameters
        self.time_line = TimeLine(medium.clock_rate or parameters.sample_rate)
        self._video_time_line = video_time_line
        self._arrival = arrival
        depacketizer = (
            AacDepacketizer(medium, parameters, self.time_line, arrival, ready)
            if medium.encoding == "MPEG4-GENERIC"
            else G711Depacketizer(self.time_line, arrival, ready)
        )
        self.receiver = RtpReceiver(depacketizer, medium.payload_type)

    @classmethod
    def of(
        cls,
        medium: MediaDescription,
        video_time_line: TimeLine,
        arrival: Arrival,
        ready: deque[Packet],
    ) -> "SoundTrack | None":
        """The track of a medium; None for a kind that is not kept."""
        name = offered_name(medium)
        if name == "aac" and not is_plain_aac(medium):
            return None
        config = _unhexed(medium.parameters.get("config", ""))
        parameters = sound_parameters(name, medium.clock_rate, medium.channels, config)
        if parameters is None:
            return None
        return cls(medium, parameters, video_time_line, arrival, ready)

    def take(self, view: memoryview, begin: int, end: int, filled: int) -> int:
        """An RTP packet; see `framing.TakePacket`."""
        if not self.time_line.started:
            if not self._video_time_line.started or end - begin < HEADER_BYTES:
                return end
            self._start(int.from_bytes(view[begin + 4 : begin + 8], "big"))
        return self.receiver.take(view, begin, end, filled)

    def _start(self, timestamp: int) -> None:
        video = self._video_time_line
        self.time_line.start(timestamp)
        if video.trusted and self.time_line.trusted:
            return
        since_ns = self._arrival.monotonic_ns - video.newest_ns
        ticks = video.newest * self.time_line.clock_rate // video.clock_rate
        ticks += since_ns * self.time_line.clock_rate // _NS_PER_S
        self.time_line.start(timestamp, ticks)


def _unhexed(text: str) -> bytes:
    try:
        return binascii.unhexlify(text)
    except ValueError:
        return b""
