"""One RTSP stream: a loop that runs on by the clock, its faults, and the clients that watch it."""

import asyncio
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from watchglass.media.serving.packetize import Payload, aac_payload, video_payloads
from watchglass.simulate import frame_sei, nal
from watchglass.simulate.faults import BadFault, Faults, FaultValue, number, set_standing
from watchglass.simulate.frame_log import FrameLog
from watchglass.simulate.loop import Loop, Sound
from watchglass.simulate.sdp import VIDEO_CLOCK_RATE

# Sound goes out with the pictures, but no later than this.
_SOUND_INTERVAL_S = 0.1


class Client(Protocol):
    """A session that plays the stream."""

    @property
    def client_id(self) -> int: ...

    def send_video(self, payloads: Sequence[Payload], timestamp: int) -> None:
        """`timestamp`: RTP, 32 bits."""

    def send_sound(self, payloads: Sequence[Payload], timestamp: int) -> None: ...

    def lose_video(self, payloads: Sequence[Payload]) -> None:
        """Count sequence numbers on, as if the packets had been sent."""

    def flush(self) -> None:
        """Let go what was sent since the last flush."""

    def close(self) -> None: ...


@dataclass(slots=True)
class StreamCounters:
    frames_sent: int = 0
    frames_dropped: int = 0
    clients_total: int = 0
    clients_too_slow: int = 0
    receiver_reports: int = 0


@dataclass(frozen=True, slots=True)
class Play:
    """Where a session begins: RTP timestamps of the same instant."""

    video_timestamp: int
    sound_timestamp: int


class Stream:
    """Frame n is sent at ``origin_s + n / fps`` on the monotonic clock, never earlier, never left
    out because the process was late. While nobody watches, no timer runs.
    """

    def __init__(self, name: str, loop: Loop, origin_s: float, log: FrameLog | None = None) -> None:
        """`origin_s`: when frame 0 was due, on the event loop's (monotonic) clock."""
        self.name = name
        self.loop = loop
        self.faults = Faults()
        self.counters = StreamCounters()
        self._origin_s = origin_s
        self._log = log
        self._next_loop: Loop | None = None
        self._waiting: set[Client] = set()
        self._playing: list[Client] = []
        self._timer: asyncio.TimerHandle | None = None
        self._next_frame = 0
        self._next_sound = 0
        self._chance = random.Random(name)  # noqa: S311 - a fault, no secret
        self._video_base = random.getrandbits(32)
        self._sound_base = random.getrandbits(32)
        self._shift_s = 0.0
        if log is not None:
            log.event("stream", name=name, fps=loop.spec.fps, loop_frames=loop.frames)

    # Clock

    def media_time_s(self) -> float:
        return asyncio.get_running_loop().time() - self._origin_s

    def video_timestamp(self, media_time_s: float) -> int:
        """RTP timestamp, 32 bits."""
        ticks = round((media_time_s + self._shift_s) * VIDEO_CLOCK_RATE)
        return (self._video_base + ticks) & 0xFFFFFFFF

    def sound_timestamp(self, media_time_s: float) -> int:
        rate = self.loop.sound.sample_rate if self.loop.sound else 1
        return (self._sound_base + round((media_time_s + self._shift_s) * rate)) & 0xFFFFFFFF

    # Clients

    @property
    def clients(self) -> int:
        return len(self._waiting) + len(self._playing)

    def add(self, client: Client) -> Play:
        """Let a client play from the next key frame, or at once from the last with `burst`."""
        self.counters.clients_total += 1
        if not self.clients:
            self._start()
        begin = self._burst_start() if self.faults.burst else self._next_key()
        self._waiting.add(client)
        if self.faults.hang_up > 0:
            asyncio.get_running_loop().call_later(self.faults.hang_up, client.close)
        if self._log is not None:
            self._log.event("client", client=client.client_id)
        begin_s = begin / self.loop.spec.fps
        return Play(self.video_timestamp(begin_s), self.sound_timestamp(begin_s))

    def begin(self, client: Client) -> None:
        """Send what `burst` asks for, once the answer to PLAY is on its way."""
        if not self.faults.burst or client not in self._waiting:
            return
        self._waiting.discard(client)
        self._playing.append(client)
        for frame in range(self._burst_start(), self._next_frame):
            self._deliver(frame, [client])
        client.flush()

    def remove(self, client: Client) -> None:
        if client in self._playing:
            self._playing.remove(client)
        elif client in self._waiting:
            self._waiting.discard(client)
        else:
            return
        if self._log is not None:
            self._log.event("client_gone", client=client.client_id)
        if not self.clients:
            self._stop()

    def disconnect(self) -> None:
        for client in [*self._waiting, *self._playing]:
            client.close()

    def close(self) -> None:
        self.disconnect()
        self._stop()
        if self._log is not None:
            self._log.close()

    # Faults

    def set_fault(self, name: str, value: FaultValue) -> None:
        if name == "pts_jump":
            self._shift_s += number(name, value)
        elif name == "disconnect":
            self.disconnect()
        elif not set_standing(self.faults, name, value):
            raise BadFault(f"there is no fault {name!r}")
        if self._log is not None:
            self._log.event("fault", fault=name, value=value)
        if name == "offline" and value:
            self.disconnect()

    @property
    def wanted(self) -> Loop:
        """What is shown, or will be soon."""
        return self._next_loop or self.loop

    def switch(self, loop: Loop) -> None:
        """Go on with another loop of the same rate from the next of its key frames on."""
        if (loop.spec.fps, loop.spec.codec) != (self.loop.spec.fps, self.loop.spec.codec):
            raise BadFault("a stream keeps its codec and frame rate")
        self._next_loop = loop

    # Sending

    def _start(self) -> None:
        if self._next_loop is not None:
            self.loop, self._next_loop = self._next_loop, None
        now_s = self.media_time_s()
        self._next_frame = max(0, int(now_s * self.loop.spec.fps) + 1)
        if (sound := self.loop.sound) is not None:
            self._next_sound = max(0, int(now_s * sound.sample_rate / sound.packet_samples) + 1)
        self._schedule()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = self._origin_s + self._next_frame / self.loop.spec.fps
        if self.loop.sound is not None:
            due_s = min(due_s, loop.time() + _SOUND_INTERVAL_S)
        self._timer = loop.call_at(due_s, self._due)

    def _due(self) -> None:
        """Send what has become due, sound along with pictures: one write a client."""
        # A timer may fire a clock tick early; the frame it is for counts as due.
        now_s = self.media_time_s() + 0.001
        while self.clients and self._next_frame <= now_s * self.loop.spec.fps:
            self._send_frame(self._next_frame)
            self._next_frame += 1
        if self.loop.sound is not None:
            self._send_sound(self.loop.sound, now_s)
        for client in list(self._playing):
            client.flush()
        if self.clients:
            self._schedule()

    def _send_sound(self, sound: Sound, now_s: float) -> None:
        packet_s = sound.packet_samples / sound.sample_rate
        while self._next_sound * packet_s <= now_s:
            if not (self.faults.stall or self.faults.sound_stop):
                data = sound.packets[self._next_sound % len(sound.packets)]
                payload = aac_payload(data) if sound.codec == "aac" else (b"", data)
                timestamp = self.sound_timestamp(self._next_sound * packet_s)
                for client in self._playing:
                    client.send_sound([payload], timestamp)
            self._next_sound += 1

    def _send_frame(self, frame: int) -> None:
        following = self._next_loop
        if following is not None and frame % following.frames in following.keys:
            self.loop, self._next_loop = following, None
        if self.faults.stall:
            return
        if self._dropped():
            self.counters.frames_dropped += 1
            return
        if self._waiting and frame % self.loop.frames in self.loop.keys:
            self._playing += self._waiting
            self._waiting.clear()
        if self._playing:
            self._deliver(frame, list(self._playing))

    def _dropped(self) -> bool:
        if self.faults.drop_next > 0:
            self.faults.drop_next -= 1
            return True
        return self.faults.drop > 0 and self._chance.random() < self.faults.drop

    def _deliver(self, frame: int, clients: list[Client]) -> None:
        payloads = self._payloads(frame)
        timestamp = self.video_timestamp(frame / self.loop.spec.fps)
        if self.faults.loss > 0 and self._chance.random() < self.faults.loss:
            self.counters.frames_dropped += 1
            for client in clients:
                client.lose_video(payloads)
            return
        for client in clients:
            client.send_video(payloads, timestamp)
        self.counters.frames_sent += 1
        if self._log is not None:
            round_, at = divmod(frame, self.loop.frames)
            key = at in self.loop.keys
            self._log.frame(frame, round_, key, [client.client_id for client in clients])

    def _payloads(self, frame: int) -> list[Payload]:
        codec = self.loop.spec.codec
        units: list[bytes | memoryview] = list(self.loop.nals(frame % self.loop.frames))
        if self.faults.garbage_media:
            return [(b"", os.urandom(1000)) for _ in units]
        if codec == "mjpeg":
            return video_payloads(units, codec)
        # SEI belongs before the first unit with picture data, after the parameter sets.
        at = next(at for at, unit in enumerate(units) if nal.is_vcl(unit, codec))
        units.insert(at, frame_sei.encode(frame, codec))
        return video_payloads(units, codec)

    # Key frames

    def _next_key(self) -> int:
        frame = self._next_frame
        while frame % self.loop.frames not in self.loop.keys:
            frame += 1
        return frame

    def _burst_start(self) -> int:
        """Number of the last key frame at or before the last frame that was due."""
        frame = self._next_frame - 1
        while frame > 0 and frame % self.loop.frames not in self.loop.keys:
            frame -= 1
        return max(frame, 0)
