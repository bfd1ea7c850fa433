"""Masks in the camera itself, against a device that keeps and covers them as cameras do."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.cameras.onvif.devices import LOGIN, with_device
from watchglass.base.clock import SystemClock
from watchglass.base.ids import CameraId, MaskId
from watchglass.cameras.onvif import masking
from watchglass.cameras.onvif.speaker import Speaker
from watchglass.model.polygon import Point
from watchglass.model.steering import CameraMask, MasksTold, Spoken
from watchglass.simulate.onvif.quirks import Quirks
from watchglass.simulate.onvif.server import OnvifServer
from watchglass.simulate.view import Corners

CAMERA = CameraId("c" * 32)
ONE, TWO = MaskId("1" * 32), MaskId("2" * 32)
TRIANGLE: tuple[Point, ...] = ((0.1, 0.2), (0.5, 0.2), (0.3, 0.8))
STAR: tuple[Point, ...] = tuple((0.5 + x / 10, 0.5 + x % 2 / 5) for x in range(-5, 5))


class Told:
    def __init__(self) -> None:
        self.all: list[MasksTold] = []

    def __call__(self, told: MasksTold) -> None:
        self.all.append(told)

    @property
    def last(self) -> MasksTold:
        return self.all[-1]


Use = Callable[..., Awaitable[None]]


def _masked(
    work: Callable[[OnvifServer, Use, Told], Awaitable[None]], quirks: Quirks | None = None
) -> None:
    async def run(device: OnvifServer) -> None:
        told = Told()
        speaker = Speaker(SystemClock(), None, told)

        async def use(*masks: CameraMask, password: str = LOGIN.password) -> None:
            spoken = Spoken(CAMERA, device.url, "main", False, False, LOGIN.user, password, masks)
            await speaker.use([spoken], ["127.0.0.1"])

        try:
            await work(device, use, told)
        finally:
            await speaker.close()

    with_device(run, quirks)


async def _until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(25):
        while not what():  # noqa: ASYNC110 - the device has no bell to ring
            await asyncio.sleep(0.01)


def _near(found: tuple[Corners, ...], *wanted: tuple[Point, ...]) -> bool:
    return len(found) == len(wanted) and all(
        one == pytest.approx(other, abs=1e-3)
        for here, there in zip(found, wanted, strict=True)
        for one, other in zip(here, there, strict=True)
    )


@pytest.mark.parametrize(
    "quirks", [Quirks(), Quirks(advertised="192.168.77.5", clock_offset_s=-7200)], ids=str
)
def test_masks_are_set_changed_and_taken_away(quirks: Quirks) -> None:
    async def work(device: OnvifServer, use: Use, told: Told) -> None:
        one = CameraMask(ONE, TRIANGLE, "", wanted=True)
        await use(one)
        await _until(lambda: told.all)
        assert told.last == MasksTold(CAMERA, {ONE: "mask-1"}, "")
        assert _near(device.covering.covers, TRIANGLE)
        asked = len(device.asked)
        await use(CameraMask(ONE, TRIANGLE, "mask-1", wanted=True))
        await asyncio.sleep(0.2)
        assert len(device.asked) == asked, "what it covers already is not asked for again"
        other = CameraMask(TWO, ((0, 0), (1, 0), (1, 0.5), (0, 0.5)), "", wanted=True)
        moved = CameraMask(ONE, ((0.2, 0.2), (0.6, 0.2), (0.4, 0.8)), "mask-1", wanted=True)
        await use(moved, other)
        await _until(lambda: len(told.all) == 2)
        assert told.last.tokens == {ONE: "mask-1", TWO: "mask-2"}
        assert _near(device.covering.covers, moved.polygon, other.polygon)
        await use(CameraMask(ONE, moved.polygon, "mask-1", wanted=False), other)
        await _until(lambda: len(told.all) == 3)
        assert told.last.tokens == {ONE: "", TWO: "mask-2"}
        assert _near(device.covering.covers, other.polygon)

    _masked(work, quirks)


def test_one_that_was_reset_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_AGAIN_S", 0.05)

    async def work(device: OnvifServer, use: Use, told: Told) -> None:
        await use(CameraMask(ONE, TRIANGLE, "", wanted=True))
        await _until(lambda: device.covering.covers)
        device.covering.forget()
        await _until(lambda: told.all and told.last.tokens == {ONE: "mask-2"})
        assert _near(device.covering.covers, TRIANGLE)

    _masked(work)


@pytest.mark.parametrize(
    ("quirks", "polygon"),
    [(Quirks(rectangle_masks=True), TRIANGLE), (Quirks(), STAR)],
    ids=["rectangles alone", "too many corners"],
)
def test_what_it_cannot_shape_it_covers_with_more_around(
    quirks: Quirks, polygon: tuple[Point, ...]
) -> None:
    async def work(device: OnvifServer, use: Use, told: Told) -> None:
        await use(CameraMask(ONE, polygon, "", wanted=True))
        await _until(lambda: told.all)
        assert told.last.problem == ""
        (corners,) = device.covering.covers
        for x, y in polygon:
            assert min(a for a, _ in corners) - 1e-3 <= x <= max(a for a, _ in corners) + 1e-3
            assert min(b for _, b in corners) - 1e-3 <= y <= max(b for _, b in corners) + 1e-3
        assert len(corners) == 4

    _masked(work, quirks)


@pytest.mark.parametrize(
    ("quirks", "words"),
    [(Quirks(media2=False), "Media2"), (Quirks(masks=False), "")],
    ids=["no Media2", "no masks"],
)
def test_one_that_takes_none_says_so(quirks: Quirks, words: str) -> None:
    async def work(device: OnvifServer, use: Use, told: Told) -> None:
        await use(CameraMask(ONE, TRIANGLE, "", wanted=True))
        await _until(lambda: told.all)
        assert told.last.tokens == {ONE: ""}
        assert told.last.problem
        assert words in told.last.problem

    _masked(work, quirks)


@pytest.mark.full
def test_a_refused_login_is_not_tried_again() -> None:
    async def work(device: OnvifServer, use: Use, told: Told) -> None:
        await use(CameraMask(ONE, TRIANGLE, "", wanted=True), password="wrong")
        await _until(lambda: told.all)
        assert told.last.problem
        tried = device.asked.count("GetDeviceInformation")
        await asyncio.sleep(2.5)
        assert device.asked.count("GetDeviceInformation") == tried

    _masked(work)


def test_more_than_it_takes_are_told_and_the_first_stay() -> None:
    async def work(device: OnvifServer, use: Use, told: Told) -> None:
        many = [CameraMask(MaskId(f"{at:032x}"), TRIANGLE, "", wanted=True) for at in range(6)]
        await use(*many)
        await _until(lambda: told.all)
        assert sum(bool(token) for token in told.last.tokens.values()) == 4
        assert "maximum number" in told.last.problem.lower() or told.last.problem

    _masked(work)
