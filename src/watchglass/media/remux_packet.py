"""A recorded sample on its way into a plain file, and G.711 put where it belongs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from watchglass.model.stream import SoundCodec, Track

_SILENCE = {SoundCodec.PCM_ALAW.value: b"\xd5", SoundCodec.PCM_MULAW.value: b"\xff"}
_LEAST_SHIFT_S = 0.02


@dataclass(frozen=True, slots=True)
class RemuxPacket:
    """A sample as it lies in a recorded file. Times in ticks: 1/90000 s, or 1/sample rate.

    Where a file is laid out before anything is read, ``data`` is empty and ``unread_bytes`` says
    how much of it there is.
    """

    track: Track
    data: bytes
    dts: int
    pts: int
    duration: int
    is_key: bool
    unread_bytes: int = 0

    @property
    def data_bytes(self) -> int:
        return len(self.data) + self.unread_bytes


def is_quicktime(sound: str) -> bool:
    """Whether sound of that codec (empty for none) needs a ``.mov``."""
    return sound in _SILENCE


def in_time(
    packets: Iterable[RemuxPacket], sound: str, channels: int, rate: int
) -> Iterator[RemuxPacket]:
    """G.711 where it belongs: its file has no times, so what is missing must be filled in.

    Less than 20 ms is left alone, as times are rounded and sound comes a little early or late.
    """
    silence = _SILENCE[sound]
    least = round(_LEAST_SHIFT_S * rate)
    end: int | None = None
    for packet in packets:
        if packet.track is Track.VIDEO:
            yield packet
            continue
        at = packet.dts if end is None else end
        while packet.dts - at > least:
            length = min(packet.dts - at, rate)
            yield RemuxPacket(Track.SOUND, silence * (length * channels), at, at, length, True)
            at += length
        skipped = (at - packet.dts) * channels if at - packet.dts > least else 0
        length = max(0, packet.data_bytes - skipped) // channels
        if length:
            data = packet.data[skipped:]
            unread = length * channels - len(data) if packet.unread_bytes else 0
            yield RemuxPacket(Track.SOUND, data, at, at, length, True, unread)
        end = at + length
