"""The sound of a stream that is handed on, and who takes it."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from watchglass.base.clock import NS_PER_S
from watchglass.live.restreaming.description import DescribedSound
from watchglass.media.serving.packetize import MAX_PAYLOAD_BYTES, Payload, aac_payloads
from watchglass.model.live import LiveSound, LiveSoundShape, SoundItem
from watchglass.model.stream import SoundCodec


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of sound as RTP payloads, on its own RTP clock; else as ``Picture``."""

    payloads: list[Payload]
    timestamp: int
    wall_ns: int
    run: str
    heard_ns: int


class SoundTaker(Protocol):
    def put_sound(self, sound: Sound) -> None: ...


class SoundChannel:
    """``sink`` is for any thread; all else is of one event loop.

    What the sound is stays what it was when it was first told: a client has been told of it once. A
    run with another sound, or none, is not heard by it.
    """

    def __init__(self) -> None:
        self.described: DescribedSound | None = None
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._takers: list[SoundTaker] = []
        self._shape: LiveSoundShape | None = None
        self._before: LiveSound | None = None
        self._offset = secrets.randbits(32)
        self._waiting = 0

    async def ready(self, seconds: float) -> DescribedSound | None:
        """What it is; None where there is none, or nothing was told in time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), seconds)
        return self.described

    def add(self, taker: SoundTaker) -> None:
        self._takers.append(taker)

    def remove(self, taker: SoundTaker) -> None:
        with suppress(ValueError):
            self._takers.remove(taker)

    def sink(self, items: Sequence[SoundItem]) -> None:
        """Never waits."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._take, items)

    # --- the loop ----------------------------------------------------------------------------

    def _take(self, items: Sequence[SoundItem]) -> None:
        for item in items:
            if isinstance(item, LiveSoundShape):
                self._tell(item)
            elif self.described is not None and self._shape is not None:
                self._sound(item, self.described, self._shape)

    def _tell(self, shape: LiveSoundShape) -> None:
        described = None
        if shape.codec is not None:
            described = DescribedSound(shape.codec, shape.sample_rate, shape.channels, shape.config)
        if self._takers and self._ready.is_set() and described != self.described:
            self._shape = None
            return
        self.described, self._shape = described, shape
        self._ready.set()

    def _sound(self, sound: LiveSound, described: DescribedSound, shape: LiveSoundShape) -> None:
        if sound.run != shape.run:
            return
        before, self._before = self._before, sound
        if before is not None and before.run != sound.run:
            # One clock through all runs.
            passed = (sound.wall_ns - before.wall_ns) * described.sample_rate // NS_PER_S
            self._offset += before.time + max(1, passed) - sound.time
        for payloads, ticks in _payloads(sound.data, described):
            time = sound.time + ticks
            made = Sound(
                payloads, (time + self._offset) & 0xFFFF_FFFF, sound.wall_ns, sound.run,
                time * NS_PER_S // described.sample_rate,
            )  # fmt: skip
            for taker in tuple(self._takers):
                taker.put_sound(made)


def _payloads(data: bytes, described: DescribedSound) -> list[tuple[list[Payload], int]]:
    """Each with how many ticks it begins after the first."""
    if described.codec is SoundCodec.AAC:
        payloads = aac_payloads(data)
        return [(payloads, 0)] if payloads else []
    step = MAX_PAYLOAD_BYTES // described.channels * described.channels
    return [
        ([(b"", data[at : at + step])], at // described.channels)
        for at in range(0, len(data), step)
    ]
