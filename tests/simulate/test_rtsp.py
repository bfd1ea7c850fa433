import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.simulate.depacketiser import nal_units
from tests.simulate.loop_thread import LoopThread, tiny_cameras
from tests.simulate.rtsp_client import RtspClient
from watchglass.simulate import frame_sei
from watchglass.simulate.digest import Credentials
from watchglass.simulate.faults import BadFault
from watchglass.simulate.fleet import FleetSettings, SimulatedFleet


class Running:
    """A fleet in a thread."""

    def __init__(self, thread: LoopThread, fleet: SimulatedFleet) -> None:
        self.thread, self.fleet = thread, fleet

    def set(self, fault: str, value: Any = True, stream: Any = "main", camera: int = 1) -> None:
        self.thread.run(self.fleet.set(f"camera-{camera}", fault, value, stream))

    def url(self, camera: int = 1, stream: Any = "main") -> str:
        return self.fleet.url(f"camera-{camera}", stream)


@pytest.fixture
def running(loop_thread: LoopThread, tmp_path: Path) -> Iterator[Running]:
    fleet = SimulatedFleet(tiny_cameras(3, "mix"), FleetSettings(log_folder=tmp_path))
    loop_thread.run(fleet.start())
    yield Running(loop_thread, fleet)
    loop_thread.run(fleet.stop())


def _number(client: RtspClient, codec: Any = "h264") -> tuple[int | None, int]:
    """(absolute number by SEI, RTP timestamp) of the next access unit."""
    packets = client.access_unit()
    units = nal_units([packet.payload for packet in packets], codec)
    return frame_sei.find(units, codec), packets[0].timestamp


def test_options_describe_set_up_play_tear_down(running: Running) -> None:
    with RtspClient(running.url()) as client:
        assert "GET_PARAMETER" in client.request("OPTIONS").headers["public"]
        description = client.request("DESCRIBE")
        assert "a=rtpmap:96 H264/90000" in description.body
        assert "sprop-parameter-sets=" in description.body
        assert "mode=AAC-hbr" in description.body
        refused = client.request("SETUP", "/trackID=0", Transport="RTP/AVP;multicast;port=1-2")
        assert refused.status == 461
        assert client.request("PLAY").status == 454
        played = client.play(sound=True)
        assert "seq=" in played.headers["rtp-info"]
        packets = client.access_unit()
        assert (
            f"seq={packets[0].sequence};rtptime={packets[0].timestamp}"
            in (played.headers["rtp-info"])
        )
        assert client.request("GET_PARAMETER").status == 200
        assert client.request("TEARDOWN").status == 200
        assert client.request("TEARDOWN").status == 454
        assert client.request("RECORD").status == 501
    with RtspClient(running.url() + "x") as client:
        assert client.request("DESCRIBE").status == 404


@pytest.mark.full
def test_the_clock_runs_on_over_the_seam(running: Running, tmp_path: Path) -> None:
    with RtspClient(running.url(3)) as client:
        client.play()
        began_s = time.monotonic()
        seen = [_number(client, "h265") for _ in range(25)]
        took_s = time.monotonic() - began_s
    first = seen[0][0]
    assert first is not None
    assert [number for number, _ in seen] == list(range(first, first + 25))
    steps = {(b - a) & 0xFFFFFFFF for (_, a), (_, b) in pairwise(seen)}
    assert steps == {9000}
    assert 2.2 < took_s < 3.5
    time.sleep(0.3)
    text = (tmp_path / "camera-3-main.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    logged = [line for line in lines if "n" in line]
    assert {number for number, _ in seen} <= {line["n"] for line in logged}
    assert len({line["l"] for line in logged}) >= 2
    assert logged[0]["k"] == 1
    assert all(len(line["c"]) == 1 and line["w"] > 1e18 and line["m"] > 0 for line in logged)


@pytest.mark.full
def test_sound_and_reports(running: Running) -> None:
    with RtspClient(running.url()) as client:
        client.play(sound=True)
        channels: dict[int, int] = {}
        while not {0, 1, 2, 3} <= channels.keys():
            channel, _ = client.interleaved()
            channels[channel] = channels.get(channel, 0) + 1
        running.set("sound_stop")
        time.sleep(0.3)
        client.request("GET_PARAMETER")
        for _ in range(3):
            client.access_unit()
        client.set_timeout(0.5)
        running.set("stall")
        with pytest.raises(TimeoutError):
            client.rtp(channel=2)


@pytest.mark.full
def test_two_clients_get_the_same_frames(running: Running) -> None:
    with RtspClient(running.url()) as one, RtspClient(running.url()) as two:
        one.play()
        two.play()
        first = {_number(one) for _ in range(7)}
        second = {_number(two) for _ in range(7)}
    assert len(first & second) >= 2
    counters = running.fleet.counters()["camera-1/main"]
    assert counters.clients_total == 2


def test_a_slow_client_is_cut_off_and_the_other_is_not(loop_thread: LoopThread) -> None:
    fleet = SimulatedFleet(tiny_cameras(1, "a"), FleetSettings(send_limit_bytes=1))
    loop_thread.run(fleet.start())
    try:
        stream = fleet.stream("camera-1")
        with RtspClient(fleet.url("camera-1")) as slow, RtspClient(fleet.url("camera-1")) as quick:
            slow.play()
            quick.play()
            # More than any socket buffer holds, to one client only.
            session = loop_thread.call(lambda: min(stream._waiting | set(stream._playing), key=id))
            flood = [(b"", bytes(60_000))] * 400

            def send() -> None:
                session.send_video(flood, 0)
                session.flush()

            loop_thread.call(send)
            for _ in range(100):
                if stream.counters.clients_too_slow:
                    break
                time.sleep(0.01)
            assert stream.counters.clients_too_slow == 1
            assert stream.clients == 1
    finally:
        loop_thread.run(fleet.stop())


@pytest.mark.parametrize("qop", [False, True])
def test_digest(loop_thread: LoopThread, qop: bool) -> None:
    login = Credentials("us er", "pa:ss", qop)
    fleet = SimulatedFleet(tiny_cameras(1, "d"), FleetSettings(credentials=login))
    loop_thread.run(fleet.start())
    try:
        url = fleet.url("camera-1", "sub")
        plain = url.replace("us%20er", "user").replace("pa%3Ass", "pass")
        with RtspClient(plain) as client:
            assert client.request("DESCRIBE").status == 401
            assert client.request("OPTIONS").status == 200
        right = RtspClient(url)
        right._login = ("us er", "pa:ss")
        with right:
            assert right.play().status == 200
            assert _number(right)[0] is not None
            loop_thread.run(fleet.set("camera-1", "refuse"))
            assert right.request("DESCRIBE").status == 401
    finally:
        loop_thread.run(fleet.stop())


@pytest.mark.full
def test_stall_keeps_the_connection(running: Running) -> None:
    with RtspClient(running.url()) as client:
        client.play()
        before, _ = _number(client)
        running.set("stall")
        client.set_timeout(0.6)
        client.request("GET_PARAMETER")
        with pytest.raises(TimeoutError):
            _number(client)
        running.set("stall", False)
        client.set_timeout(5)
        after, _ = _number(client)
    assert before is not None
    assert after is not None
    assert after - before >= 5


@pytest.mark.full
def test_drops_leave_holes_in_numbers_but_not_in_sequence(running: Running) -> None:
    with RtspClient(running.url()) as client:
        client.play()
        before, _ = _number(client)
        running.set("drop_next", 3)
        packets = [client.access_unit() for _ in range(6)]
        flat = [packet for unit in packets for packet in unit]
        numbers = [
            frame_sei.find(nal_units([packet.payload for packet in unit], "h264"), "h264")
            for unit in packets
        ]
        assert before is not None
        assert numbers[-1] == before + 6 + 3
        assert all((b.sequence - a.sequence) & 0xFFFF == 1 for a, b in pairwise(flat))
        running.set("loss", 0.5)
        unit = client.access_unit()
        while (following := client.access_unit())[0].sequence == unit[-1].sequence + 1:
            unit = following


def test_burst_begins_with_the_frames_since_the_key_frame(running: Running) -> None:
    running.set("burst")
    with RtspClient(running.url(2)) as plain, RtspClient(running.url(1)) as bursting:
        bursting.play()
        began_s = time.monotonic()
        first, _ = _number(bursting)
        assert time.monotonic() - began_s < 0.2
        assert first is not None
        assert first % 5 == 0
        assert running.fleet.stream("camera-2").clients == 0
        assert plain.request("OPTIONS").status == 200


@pytest.mark.full
def test_pts_jump(running: Running) -> None:
    with RtspClient(running.url()) as client:
        client.play()
        before, early = _number(client)
        running.set("pts_jump", -7)
        after, late = before, early
        for _ in range(4):
            after, late = _number(client)
    assert before is not None
    assert after is not None
    assert (late - early) & 0xFFFFFFFF == ((after - before) * 9000 - 7 * 90_000) & 0xFFFFFFFF


@pytest.mark.full
def test_resolution_changes_at_a_key_frame(running: Running) -> None:
    with RtspClient(running.url(1, "sub")) as client:
        client.play()
        first = nal_units([packet.payload for packet in client.access_unit()], "h264")[0]
        assert first[0] & 0x1F == 7
        running.set("resolution", "192x128", "sub")
        found = [nal_units([p.payload for p in client.access_unit()], "h264") for _ in range(5)]
        sps = [unit for units in found for unit in units if unit[0] & 0x1F == 7]
        assert sps[-1] != first
    assert running.fleet.stream("camera-1", "sub").loop.spec.width == 192


@pytest.mark.full
def test_hang_up_ends_each_session_after_a_while(running: Running) -> None:
    running.set("hang_up", 0.4)
    for _ in range(2):
        with RtspClient(running.url()) as client:
            client.play()
            began_s = time.monotonic()
            with suppress(ConnectionError):
                while time.monotonic() < began_s + 10:
                    client.access_unit()
            assert time.monotonic() < began_s + 10
            assert time.monotonic() - began_s > 0.3


def test_disconnect_and_offline(running: Running) -> None:
    with RtspClient(running.url()) as client:
        client.play()
        running.set("disconnect")
        with pytest.raises(ConnectionError):
            client.request("GET_PARAMETER")
    running.set("offline")
    with RtspClient(running.url()) as client, pytest.raises(ConnectionError):
        client.request("DESCRIBE")
    running.set("offline", False)
    with RtspClient(running.url()) as client:
        assert client.request("DESCRIBE").status == 200


def test_offline_with_a_port_each_refuses_connections(loop_thread: LoopThread) -> None:
    fleet = SimulatedFleet(tiny_cameras(2, "a"), FleetSettings(port_each=True))
    loop_thread.run(fleet.start())
    try:
        loop_thread.run(fleet.set("camera-2", "offline"))
        with pytest.raises(ConnectionRefusedError):
            RtspClient(fleet.url("camera-2"))
        loop_thread.run(fleet.set("camera-2", "offline", False))
        for name in ("camera-1", "camera-2"):
            with RtspClient(fleet.url(name)) as client:
                assert client.request("DESCRIBE").status == 200
    finally:
        loop_thread.run(fleet.stop())


def test_descriptions_that_lie(running: Running) -> None:
    running.set("no_sprop", camera=3)
    running.set("unsupported", "VP8", stream="sub")
    with RtspClient(running.url(3)) as client:
        assert "sprop" not in client.request("DESCRIBE").body
    with RtspClient(running.url(1, "sub")) as client:
        assert "VP8/90000" in client.request("DESCRIBE").body


@pytest.mark.full
def test_garbage(running: Running) -> None:
    running.set("garbage")
    with RtspClient(running.url()) as client:
        client.send(b"DESCRIBE " + client.url.encode() + b" RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        assert b"RTSP/1.0 200" not in client.receive()
    running.set("garbage", False)
    with RtspClient(running.url()) as client:
        client.play()
        running.set("garbage_media")
        lengths = {len(packet.payload) for _ in range(5) for packet in client.access_unit()}
        assert 1000 in lengths


def test_bytes_that_are_no_rtsp_end_the_connection(running: Running) -> None:
    with RtspClient(running.url()) as client:
        client.send(b"FETCH / HTTP/1.1\r\n\r\n")
        assert client.receive() == b""


def test_faults_that_do_not_exist(running: Running) -> None:
    for fault, value in (
        ("melt", True),
        ("stall", 3),
        ("drop", 2),
        ("drop", "x"),
        ("resolution", "big"),
        ("unsupported", 1.5),
    ):
        with pytest.raises(BadFault):
            running.set(fault, value)
    with pytest.raises(BadFault):
        running.set("stall", camera=9)


def test_timestamps_wrap(running: Running) -> None:
    stream = running.fleet.stream("camera-1")
    media_time_s = running.thread.call(stream.media_time_s)
    stream._video_base = (0xFFFFFFFF - round(media_time_s * 90_000)) & 0xFFFFFFFF
    with RtspClient(running.url()) as client:
        client.play()
        stamps = [_number(client)[1] for _ in range(3)]
    assert max(stamps) < 1 << 31
    assert [(b - a) for a, b in pairwise(stamps)] == [9000, 9000]


def test_a_fleet_can_be_started_twice() -> None:
    async def twice() -> None:
        for _ in range(2):
            fleet = SimulatedFleet(tiny_cameras(1, "a"))
            await fleet.start()
            await fleet.stop()

    asyncio.run(twice())
