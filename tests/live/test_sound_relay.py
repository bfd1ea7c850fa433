"""Sound on its way to who hears it: from the worker's tap to the client of a relay."""

import asyncio
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.live.relaying import CAMERA, MAIN, Relay, until
from watchglass.base.clock import SystemClock
from watchglass.base.ids import CameraId, RunId
from watchglass.live.outlet import Outlet
from watchglass.live.restreaming.channel import Picture
from watchglass.live.restreaming.description import DescribedSound
from watchglass.live.restreaming.session import Outgoing, Session
from watchglass.live.restreaming.sound_channel import Sound, SoundChannel
from watchglass.media.rtsp.arrival import Arrival
from watchglass.media.rtsp.depacketize_sound import AacDepacketizer
from watchglass.media.rtsp.rtp import TimeLine
from watchglass.media.rtsp.sdp import MediaDescription, parse_sdp
from watchglass.media.serving.packetize import MOST_AAC_BYTES, aac_payloads
from watchglass.model.live import LiveSound, LiveSoundShape, SoundItem, SoundSink
from watchglass.model.stream import Packet, SoundCodec, SoundParameters, StreamName
from watchglass.model.way import Way

RUN, NEXT_RUN = RunId("1" * 32), RunId("2" * 32)
WALL_NS = 1_800_000_000 * 10**9
SHAPE = LiveSoundShape(RUN, SoundCodec.PCM_ALAW, 8000, 1, b"")
AAC = DescribedSound(SoundCodec.AAC, 16_000, 1, bytes.fromhex("1408"))


def sound(at: int, run: RunId = RUN, *, later_ns: int = 0, data: bytes = b"") -> LiveSound:
    """The one after ``at`` times 20 ms."""
    return LiveSound(run, at * 160, WALL_NS + at * 20_000_000 + later_ns, data or b"%08d" % at)


# --- the hop --------------------------------------------------------------------------------------


class SoundSinks(dict[tuple[CameraId, StreamName], SoundSink]):
    def __call__(self, camera: CameraId, stream: StreamName, sink: SoundSink | None) -> None:
        if sink is None:
            self.pop((camera, stream), None)
        else:
            self[camera, stream] = sink


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    made = Relay(tmp_path)
    yield made
    made.close()


def worker(relay: Relay, name: str, limit_bytes: int = 8 << 20) -> SoundSinks:
    sinks = SoundSinks()
    outlet = Outlet(
        Way(relay.endpoint, relay.key.proof(name)), name, lambda *_: None, SystemClock(),
        set_sound_sink=sinks, limit_bytes=limit_bytes,
    )  # fmt: skip
    outlet.start()
    relay.outlets.append(outlet)
    return sinks


def test_sound_is_asked_for_brought_and_left(relay: Relay) -> None:
    got: list[SoundItem] = []
    relay.feed.start_sound(CAMERA, MAIN, got.extend)
    sinks = worker(relay, "camera-worker-1")  # it comes later
    until(lambda: (CAMERA, MAIN) in sinks)
    sink = sinks[CAMERA, MAIN]
    sink([SHAPE])
    for at in range(50):
        sink([sound(at)])
    until(lambda: len(got) == 51)
    assert got == [SHAPE, *(sound(at) for at in range(50))]
    relay.feed.stop_sound(CAMERA, MAIN)
    until(lambda: (CAMERA, MAIN) not in sinks)


def test_a_run_without_sound_is_told_too(relay: Relay) -> None:
    got: list[SoundItem] = []
    relay.feed.start_sound(CAMERA, MAIN, got.extend)
    sinks = worker(relay, "camera-worker-1")
    until(lambda: (CAMERA, MAIN) in sinks)
    none = LiveSoundShape(RUN, None, 0, 0, b"")
    sinks[CAMERA, MAIN]([none])
    until(lambda: got == [none])


def test_a_shape_that_found_no_room_goes_ahead_of_the_next_sound(relay: Relay) -> None:
    got: list[SoundItem] = []
    relay.feed.start_sound(CAMERA, MAIN, got.extend)
    sinks = worker(relay, "camera-worker-1", limit_bytes=4096)
    until(lambda: (CAMERA, MAIN) in sinks)
    sink = sinks[CAMERA, MAIN]
    sink([SHAPE, sound(0, data=bytes(5000))])  # more than the queue ever holds
    sink([sound(1)])
    until(lambda: len(got) == 2)
    assert got == [SHAPE, sound(1)]


# --- payloads -------------------------------------------------------------------------------------


@given(
    st.lists(st.binary(min_size=1, max_size=4000), min_size=1, max_size=6), st.integers(64, 1400)
)
def test_aac_comes_out_as_it_went_in_also_in_fragments(units: list[bytes], max_bytes: int) -> None:
    ready: deque[Packet] = deque()
    time_line = TimeLine(16_000)
    time_line.start(0)
    parameters = SoundParameters(SoundCodec.AAC, 16_000, 1, AAC.config)
    depacketizer = AacDepacketizer(medium_of(AAC), parameters, time_line, Arrival(), ready)
    for at, unit in enumerate(units):
        for head, body in aac_payloads(unit, max_bytes):
            payload = bytes(head) + bytes(body)
            assert len(payload) <= max_bytes
            depacketizer.take(memoryview(payload), 0, len(payload), at * 1024, False)
    assert [each.data for each in ready] == units
    assert [each.pts for each in ready] == [1024 * at for at in range(len(units))]


def medium_of(described: DescribedSound) -> MediaDescription:
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=x", "t=0 0", *described.lines()]
    return next(
        each for each in parse_sdp("\r\n".join(lines).encode()).media if each.kind == "audio"
    )


def test_what_aac_headers_cannot_say_is_left_out() -> None:
    assert aac_payloads(bytes(MOST_AAC_BYTES))
    assert aac_payloads(bytes(MOST_AAC_BYTES + 1)) == []
    assert aac_payloads(b"") == []


@pytest.mark.parametrize(
    ("described", "number", "name"),
    [
        (AAC, 97, "MPEG4-GENERIC"),
        (DescribedSound(SoundCodec.PCM_ALAW, 8000, 1, b""), 8, "PCMA"),
        (DescribedSound(SoundCodec.PCM_MULAW, 8000, 1, b""), 0, "PCMU"),
        (DescribedSound(SoundCodec.PCM_MULAW, 16_000, 1, b""), 97, "PCMU"),
        (DescribedSound(SoundCodec.PCM_ALAW, 8000, 2, b""), 97, "PCMA"),
    ],
)
def test_it_is_described_as_our_own_reader_reads_it(
    described: DescribedSound, number: int, name: str
) -> None:
    medium = medium_of(described)
    assert (medium.payload_type, medium.encoding) == (number, name)
    assert (medium.clock_rate, medium.channels) == (described.sample_rate, described.channels)


# --- one channel ----------------------------------------------------------------------------------


class Taken:
    def __init__(self) -> None:
        self.sounds: list[Sound] = []

    def put_sound(self, sound: Sound) -> None:
        self.sounds.append(sound)


def through(*items: Sequence[SoundItem]) -> tuple[SoundChannel, list[Sound]]:
    """A channel that was given these, and what who takes it from the beginning got."""

    async def run() -> tuple[SoundChannel, list[Sound]]:
        channel, taken = SoundChannel(), Taken()
        channel.add(taken)
        for each in items:
            channel.sink(each)
            await asyncio.sleep(0)
        return channel, taken.sounds

    return asyncio.run(run())


def test_one_clock_runs_through_all_runs() -> None:
    away_ns = 3 * 10**9
    second = LiveSoundShape(NEXT_RUN, SHAPE.codec, 8000, 1, b"")
    _, got = through(
        [SHAPE, sound(500), sound(501)],
        [second, sound(0, NEXT_RUN, later_ns=501 * 20_000_000 + away_ns), sound(1, NEXT_RUN)],
    )
    first, *rest = (each.timestamp for each in got)
    passed = [(each - first) % 2**32 for each in rest]
    assert passed == [160, 160 + 3 * 8000, 320 + 3 * 8000]
    assert [each.heard_ns for each in got] == [500 * 20_000_000, 501 * 20_000_000, 0, 20_000_000]


def test_a_long_piece_is_cut_where_it_is_heard() -> None:
    _, got = through([SHAPE, sound(0, data=bytes(range(256)) * 16)])
    assert [each.timestamp - got[0].timestamp for each in got] == [0, 1400, 2800]
    assert b"".join(bytes(body) for each in got for _, body in each.payloads) == (
        bytes(range(256)) * 16
    )


def test_another_sound_is_not_sent_to_who_was_told_of_the_first() -> None:
    other = LiveSoundShape(NEXT_RUN, SoundCodec.PCM_MULAW, 8000, 1, b"")
    channel, got = through([SHAPE, sound(0)], [other, sound(0, NEXT_RUN)])
    assert len(got) == 1
    assert channel.described is not None
    assert channel.described.codec is SoundCodec.PCM_ALAW


# --- one client -----------------------------------------------------------------------------------


class Transport(asyncio.WriteTransport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.waiting = 0

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.waiting


def client(*, video: bool = True) -> tuple[Session, Transport]:
    transport = Transport()
    session = Session(transport, lambda _: None, lambda _: None, playing=True)
    session.video = Outgoing(96, 90_000, 0, None) if video else None
    session.sound = Outgoing(8, 8000, 2, None)
    return session, transport


def picture(at_ns: int, wall_ns: int, run: RunId = RUN, *, is_key: bool = True) -> Picture:
    return Picture([(b"", b"picture")], at_ns * 9 // 100_000, is_key, wall_ns, run, at_ns)


def piece(at_ns: int, wall_ns: int, run: RunId = RUN) -> Sound:
    return Sound([(b"", b"sound")], at_ns * 8 // 1_000_000, wall_ns, run, at_ns)


def reports(transport: Transport) -> dict[int, tuple[float, int]]:
    """What each track's last sender report said: UTC in seconds since 1900, and RTP time."""
    found = {}
    data, at = b"".join(transport.written), 0
    while at < len(data):
        channel, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if channel % 2:
            seconds, fraction, time = struct.unpack_from(">III", data, at + 4 + 8)
            found[channel] = seconds + fraction / 2**32, time
        at += 4 + size
    return found


def test_picture_and_sound_are_told_on_one_clock() -> None:
    session, transport = client()
    session.put(picture(10**9, WALL_NS))
    # It arrived 150 ms late, and is heard 40 ms after the picture.
    session.put_sound(piece(10**9 + 40_000_000, WALL_NS + 190_000_000))
    told = reports(transport)
    between_s = told[3][0] - told[1][0]
    assert abs(between_s - 0.04) < 1e-6
    assert told[3][1] - 8000 == 320


def test_sound_waits_for_the_first_picture_of_its_run() -> None:
    session, transport = client()
    session.put_sound(piece(0, WALL_NS))
    session.put(picture(0, WALL_NS, is_key=False))
    session.put_sound(piece(0, WALL_NS))
    assert transport.written == []
    session.put(picture(0, WALL_NS))
    session.put_sound(piece(0, WALL_NS, NEXT_RUN))
    assert len(transport.written) == 1
    session.put(picture(0, WALL_NS, NEXT_RUN))
    session.put_sound(piece(0, WALL_NS, NEXT_RUN))
    assert len(transport.written) == 3


def test_who_takes_sound_alone_gets_it_until_it_does_not_keep_up() -> None:
    session, transport = client(video=False)
    session.put(picture(0, WALL_NS))
    session.put_sound(piece(0, WALL_NS))
    assert len(transport.written) == 1
    transport.waiting = 64 << 20
    session.put_sound(piece(20_000_000, WALL_NS))
    assert (len(transport.written), session.stuck) == (1, 1)
