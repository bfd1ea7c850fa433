"""Setting a camera up by ONVIF, against a device that speaks it over HTTP."""

import asyncio
import sys

import msgspec
import pytest

from tests.cameras.onvif.devices import LOGIN, request, with_device
from watchglass.base.clock import SystemClock
from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CameraUnreachableError,
    StreamInvalidError,
)
from watchglass.cameras.onvif.setup import look
from watchglass.cameras.onvif.setup_worker import run_onvif
from watchglass.model.onvif import OnvifRequest, OnvifResult
from watchglass.simulate.onvif.quirks import Hostile, Quirks
from watchglass.simulate.onvif.server import OnvifServer


def _looked(quirks: Quirks | None = None, *, kind: str = "a", picture: bool = False) -> OnvifResult:
    async def work(device: OnvifServer) -> OnvifResult:
        return await look(request(device, picture=picture), SystemClock())

    return with_device(work, quirks, kind)  # type: ignore[arg-type]


def test_a_device_tells_all_that_is_asked() -> None:
    told = _looked(picture=True)
    assert (told.manufacturer, told.model, told.serial) == (
        "Watchglass", "Simulated camera", "camera-1",
    )  # fmt: skip
    sizes = [(each.token, each.codec, each.width, each.height) for each in told.profiles]
    assert sizes == [("main", "h264", 320, 192), ("sub", "h264", 160, 96)]
    assert told.profiles[0].url == "rtsp://127.0.0.1:5554/camera-1/main"
    assert told.profiles[0].fps == 10
    assert told.profiles[0].bit_rate == 250_000
    assert told.ptz
    assert told.events
    assert told.media2
    assert told.clock_offset_s is not None
    assert abs(told.clock_offset_s) < 2
    assert told.picture.startswith(b"\xff\xd8")
    assert told.notes == ()


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(http_digest=True),
        Quirks(media2=False),
        Quirks(get_services=False),
        Quirks(clock_offset_s=-86_400 * 365),
        Quirks(clock_offset_s=7200.0),
        Quirks(advertised="192.168.77.5"),
        Quirks(advertised="192.168.77.5:8000", http_digest=True, clock_offset_s=-3000),
        Quirks(ptz=False, events=False, snapshot=False),
    ],
    ids=str,
)
def test_real_devices_are_read_in_spite_of_their_quirks(quirks: Quirks) -> None:
    told = _looked(quirks)
    assert [each.token for each in told.profiles] == ["main", "sub"]
    assert all(each.url for each in told.profiles)
    assert (told.ptz, told.events) == (quirks.ptz, quirks.events)
    assert told.clock_offset_s == pytest.approx(quirks.clock_offset_s, abs=2)
    assert told.told_host == (quirks.advertised.partition(":")[0] or "127.0.0.1")


def test_h265_is_told_by_media2_and_by_old_devices_too() -> None:
    assert [each.codec for each in _looked(kind="c").profiles] == ["h265", "h264"]
    assert _looked(Quirks(media2=False), kind="c").profiles[0].codec == "h265"


def test_a_wrong_password_is_tried_once_and_no_more() -> None:
    """Or cameras lock the account."""

    async def work(device: OnvifServer) -> list[str]:
        with pytest.raises(AuthFailedError, match="user name or password"):
            await look(request(device, "falsch"), SystemClock())
        return device.asked

    assert with_device(work) == ["GetSystemDateAndTime", "GetDeviceInformation"]
    by_digest = with_device(work, Quirks(http_digest=True))
    assert [each for each in by_digest if each != "GetSystemDateAndTime"] == [
        "GetDeviceInformation", "GetDeviceInformation",
    ], "the first of both is what asks for the login"  # fmt: skip


def test_the_password_never_leaves() -> None:
    """Neither in a header nor in a body: all that comes is kept and searched."""

    async def work(device: OnvifServer) -> bytes:
        seen = bytearray()

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            to, back = await asyncio.open_connection("127.0.0.1", device.port)

            async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
                while data := await source.read(65_536):
                    if target is back:
                        seen.extend(data)
                    target.write(data)
                target.close()

            await asyncio.gather(pump(reader, back), pump(to, writer))

        between = await asyncio.start_server(relay, "127.0.0.1", 0)
        port = between.sockets[0].getsockname()[1]
        asked = OnvifRequest(f"http://127.0.0.1:{port}", "127.0.0.1", LOGIN.user, LOGIN.password)
        await look(asked, SystemClock())
        between.close()
        return bytes(seen)

    for digest in (False, True):
        seen = with_device(work, Quirks(http_digest=digest, advertised="10.9.8.7"))
        assert b"GetDeviceInformation" in seen
        assert LOGIN.password.encode() not in seen
        assert b"Basic" not in seen


_BAD = [each for each in Hostile if each not in ("", "texts", "elsewhere", "slow")]


@pytest.mark.parametrize("kind", _BAD)
@pytest.mark.parametrize("at", ["GetSystemDateAndTime", "GetServices", "GetProfiles"])
def test_hostile_answers_are_refused_within_bounds(kind: Hostile, at: str) -> None:
    async def work(device: OnvifServer) -> str:
        try:
            await look(request(device, picture=False), SystemClock())
        except CameraError as error:
            return error.code
        return ""

    code = with_device(work, Quirks(hostile=kind, hostile_at=at, media2=False))
    assert code in ("stream_invalid", "camera_unreachable")


def test_a_device_that_drips_is_left() -> None:
    async def work(device: OnvifServer) -> None:
        with pytest.raises(CameraUnreachableError, match="too long"):
            await look(request(device, timeout_s=0.6), SystemClock())

    with_device(work, Quirks(hostile=Hostile.SLOW))


def test_hostile_texts_are_made_harmless() -> None:
    told = _looked(Quirks(hostile=Hostile.TEXTS))
    for text in (told.manufacturer, told.model, told.serial, *(p.name for p in told.profiles)):
        assert len(text) <= 80
        assert text.isprintable()


def test_addresses_that_lead_elsewhere_are_not_gone_to() -> None:
    """Its services are asked where it was reached; its streams are judged later."""
    told = _looked(Quirks(hostile=Hostile.ELSEWHERE))
    assert [each.url[:5] for each in told.profiles] == ["file:", "file:"]


@pytest.mark.full
def test_it_is_done_in_a_process_of_its_own() -> None:
    async def work(device: OnvifServer) -> OnvifResult:
        asked = request(device)
        assert LOGIN.password not in repr(asked)
        return await asyncio.to_thread(run_onvif, asked)

    told = with_device(work, Quirks(advertised="192.168.77.5"))
    assert [each.token for each in told.profiles] == ["main", "sub"]
    assert told.picture.startswith(b"\xff\xd8")
    assert msgspec.json.decode(msgspec.json.encode(told), type=OnvifResult) == told


@pytest.mark.full
@pytest.mark.parametrize("code", ["import os; os.abort()", "print('[' * 100000)", "print('{}')"])
def test_a_process_that_dies_is_a_bad_camera(code: str) -> None:
    command = (sys.executable, "-c", f"import sys; sys.stdin.read(); {code}")
    with pytest.raises(StreamInvalidError, match="firmware"):
        run_onvif(OnvifRequest("http://10.0.0.2:80", "cam"), command=command)


def test_nobody_there() -> None:
    async def work() -> None:
        with pytest.raises(CameraUnreachableError, match="ONVIF"):
            await look(OnvifRequest("http://127.0.0.1:1", "x", "a", "b"), SystemClock())

    asyncio.run(work())
