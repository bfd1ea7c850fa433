"""Hearing a camera by a pull point, against a device that keeps subscriptions as cameras do."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.cameras.onvif.devices import LOGIN, with_device
from watchglass.base.clock import SystemClock
from watchglass.base.ids import CameraId
from watchglass.base.retry import Backoff
from watchglass.cameras.onvif import listening
from watchglass.cameras.onvif.speaker import Speaker
from watchglass.model.said import Said, SaidClock, SaidKind
from watchglass.model.steering import Spoken
from watchglass.simulate.onvif.happenings import Happening, motion
from watchglass.simulate.onvif.quirks import Hostile, Quirks
from watchglass.simulate.onvif.server import OnvifServer

CAMERA = CameraId("c" * 32)


class Heard:
    """What was told, the newest state of each event."""

    def __init__(self) -> None:
        self.said: dict[str, Said] = {}

    def __call__(self, said: list[Said]) -> None:
        self.said |= {each.id: each for each in said}

    def kinds(self) -> list[SaidKind]:
        return [each.kind for each in self.said.values()]


def _heard(
    work: Callable[[OnvifServer, Heard], Awaitable[None]], quirks: Quirks | None = None
) -> None:
    async def run(device: OnvifServer) -> None:
        heard = Heard()
        speaker = Speaker(SystemClock(), heard)
        spoken = Spoken(
            CAMERA, device.url, "main", ptz=False, events=True, user=LOGIN.user,
            password=LOGIN.password,
        )  # fmt: skip
        await speaker.use([spoken], ["127.0.0.1"])
        await speaker.use([spoken], ["127.0.0.1"])
        try:
            await work(device, heard)
        finally:
            await speaker.close()
        assert all(each.to_ns is not None for each in heard.said.values()), "nothing is left open"

    with_device(run, quirks)


async def _until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(25):
        while not what():  # noqa: ASYNC110 - the device has no bell to ring
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "quirks",
    [Quirks(), Quirks(advertised="192.168.77.5", clock_offset_s=-7200), Quirks(http_digest=True)],
    ids=["plain", "nat and clock", "digest"],
)
def test_what_a_camera_says_is_heard_in_our_time(quirks: Quirks) -> None:
    async def work(device: OnvifServer, heard: Heard) -> None:
        await _until(lambda: device.pulled == 1)
        now_ns = SystemClock().wall_ns()
        device.emit(motion(on=True))
        await _until(lambda: heard.said)
        (began,) = heard.said.values()
        assert (began.kind, began.to_ns, began.clock) == (SaidKind.MOTION, None, SaidClock.CAMERA)
        assert abs(began.from_ns - now_ns) < 5_000_000_000
        device.emit(motion(on=False))
        device.emit(Happening("tns1:RuleEngine/LineDetector/Crossed", (("ObjectId", "3"),)))
        await _until(lambda: heard.kinds() == [SaidKind.MOTION, SaidKind.LINE])
        await _until(lambda: heard.said[began.id].to_ns is not None)

    _heard(work, quirks)


def test_a_subscription_that_is_lost_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "Backoff", lambda **_: Backoff(first_s=0.01, most_s=0.02))

    async def work(device: OnvifServer, heard: Heard) -> None:
        await _until(lambda: device.pulled == 1)
        device.emit(motion(on=True))
        await _until(lambda: heard.said)
        device.forget_subscriptions()
        await _until(lambda: device.asked.count("CreatePullPointSubscription") == 2)
        assert [each.to_ns is not None for each in heard.said.values()] == [True]
        await _until(lambda: device.pulled == 1)
        device.emit(Happening("tns1:VideoSource/ImageTooDark/X", (("State", "true"),)))
        await _until(lambda: SaidKind.TAMPER in heard.kinds())

    _heard(work)


def test_hostile_messages_are_left_out_and_the_rest_is_heard() -> None:
    raw = "<wsnt:NotificationMessage>%s</wsnt:NotificationMessage>"
    odd = '<wsnt:Topic Dialect="x">tns1:Odd/%s</wsnt:Topic><wsnt:Message>%s</wsnt:Message>'
    bad = [
        raw % "",
        raw % (odd % ("A" * 3000, "")),
        raw % (odd % ("B", '<tt:Message UtcTime="never" PropertyOperation="&lt;"/>')),
        raw % (odd % ("C", "<tt:Message><tt:Data>" + "<tt:SimpleItem/>" * 99
                      + "</tt:Data></tt:Message>")),
    ]  # fmt: skip

    async def work(device: OnvifServer, heard: Heard) -> None:
        await _until(lambda: device.pulled == 1)
        for each in bad:
            device.emit(Happening("", (), raw=each))
        device.emit(motion(on=True))
        await _until(lambda: SaidKind.MOTION in heard.kinds())
        for said in heard.said.values():
            assert len(said.text) <= 80
            assert said.text.isprintable()

    _heard(work)


@pytest.mark.parametrize("kind", [Hostile.ENTITIES, Hostile.MANY, Hostile.ENDLESS])
def test_a_hostile_answer_ends_the_session_and_nothing_else(
    kind: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "Backoff", lambda **_: Backoff(first_s=0.01, most_s=0.02))

    async def work(device: OnvifServer, heard: Heard) -> None:
        await _until(lambda: device.asked.count("CreatePullPointSubscription") >= 2)
        device.behave(Quirks())
        await _until(lambda: device.pulled)
        device.emit(motion(on=True))
        await _until(lambda: heard.said)

    _heard(work, Quirks(hostile=kind, hostile_at="PullMessages"))


def test_a_wrong_password_is_not_tried_again_soon() -> None:
    async def run(device: OnvifServer) -> None:
        speaker = Speaker(SystemClock(), Heard())
        spoken = Spoken(CAMERA, device.url, "main", ptz=False, events=True, user="a", password="b")
        await speaker.use([spoken], ["127.0.0.1"])
        await _until(lambda: "GetDeviceInformation" in device.asked)
        await asyncio.sleep(0.3)
        await speaker.close()
        assert device.asked.count("GetDeviceInformation") == 1

    with_device(run)
