"""Turning a camera by ONVIF: it does what it is told, and stops when nobody tells it any more."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.cameras.onvif.devices import LOGIN, with_device
from watchglass.base.clock import SystemClock
from watchglass.base.ids import CameraId
from watchglass.cameras.onvif import steering
from watchglass.cameras.onvif.speaker import Speaker
from watchglass.model.steering import (
    AskPtz,
    Centre,
    GoTo,
    Halt,
    Move,
    NotSteered,
    PtzState,
    SavePreset,
    Spoken,
    Steered,
)
from watchglass.simulate.onvif.quirks import Hostile, Quirks
from watchglass.simulate.onvif.server import OnvifServer

CAMERA = CameraId("c" * 32)
ALLOW = ("127.0.0.1",)


def spoken(device: OnvifServer, **more: object) -> Spoken:
    told = {"ptz": True, "events": False, "user": LOGIN.user, "password": LOGIN.password} | more
    return Spoken(CAMERA, device.url, "main", **told)  # type: ignore[arg-type]


def _with_speaker(
    work: Callable[[Speaker, OnvifServer], Awaitable[None]], quirks: Quirks | None = None
) -> None:
    async def run(device: OnvifServer) -> None:
        speaker = Speaker(SystemClock())
        await speaker.use([spoken(device)], ALLOW)
        try:
            await work(speaker, device)
        finally:
            await speaker.close()

    with_device(run, quirks)


async def _until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not what():  # noqa: ASYNC110 - the device has no bell to ring
            await asyncio.sleep(0.01)


def test_it_moves_and_stops() -> None:
    async def work(speaker: Speaker, device: OnvifServer) -> None:
        turning = device.turning
        assert await speaker.steer(Move(CAMERA, 1.0, -0.5, 0.25)) == Steered()
        assert turning.speeds == (1.0, -0.5, 0.25)
        assert await speaker.steer(Halt(CAMERA)) == Steered()
        assert not turning.moving
        assert turning.moved == ["ContinuousMove", "Stop"]
        assert device.asked.count("GetDeviceInformation") == 1, "the session is kept"

    _with_speaker(work)


@pytest.mark.full
@pytest.mark.parametrize("quirks", [Quirks(), Quirks(ignores_move_timeout=True)], ids=["", "ign"])
def test_a_movement_that_nobody_goes_on_with_ends(
    quirks: Quirks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "LEASE_S", 1.0)

    async def work(speaker: Speaker, device: OnvifServer) -> None:
        await speaker.steer(Move(CAMERA, 1.0, 0.0, 0.0))
        for _ in range(5):
            await asyncio.sleep(0.1)
            await speaker.steer(Move(CAMERA, 1.0, 0.0, 0.0))
        assert device.turning.moved == ["ContinuousMove"], "said again, and not sent again"
        assert device.turning.moving
        await _until(lambda: not device.turning.moving)
        assert device.turning.moved == ["ContinuousMove", "Stop"]

    _with_speaker(work, quirks)


def test_whoever_ends_this_process_ends_the_movement() -> None:
    async def work(speaker: Speaker, device: OnvifServer) -> None:
        await speaker.steer(Move(CAMERA, 1.0, 0.0, 0.0))
        await speaker.close()
        assert not device.turning.moving

    _with_speaker(work, Quirks(ignores_move_timeout=True))


def test_the_camera_is_told_how_long_at_most() -> None:
    """Should this process die, too."""

    async def work(speaker: Speaker, device: OnvifServer) -> None:
        await speaker.steer(Move(CAMERA, 1.0, 0.0, 0.0))
        now_ns = SystemClock().monotonic_ns()
        device.turning.advance(now_ns + 60_000_000_000)
        assert not device.turning.moving

    _with_speaker(work)


def test_presets_and_position() -> None:
    async def work(speaker: Speaker, device: OnvifServer) -> None:
        told = await speaker.steer(AskPtz(CAMERA))
        assert isinstance(told, PtzState)
        assert [(each.token, each.name) for each in told.presets] == [("1", "Gate"), ("2", "Court")]
        assert (told.pan, told.tilt, told.zoom, told.moving) == (0.0, 0.0, 0.0, False)
        assert await speaker.steer(GoTo(CAMERA, "1")) == Steered()
        await speaker.steer(SavePreset(CAMERA, "<b>Yard</b>"))
        told = await speaker.steer(AskPtz(CAMERA))
        assert isinstance(told, PtzState)
        assert told.presets[-1].name == "<b>Yard</b>"
        assert (told.pan, told.zoom) == (-0.5, 0.2)
        refused = await speaker.steer(GoTo(CAMERA, "99"))
        assert isinstance(refused, NotSteered)

    _with_speaker(work)


def test_a_point_comes_to_the_middle() -> None:
    async def work(speaker: Speaker, device: OnvifServer) -> None:
        assert await speaker.steer(Centre(CAMERA, 1.0, -1.0)) == Steered()
        assert device.turning.pan == pytest.approx(0.17)
        assert device.turning.tilt == pytest.approx(-0.17)
        device.turning.zoom = 1.0
        await speaker.steer(Centre(CAMERA, 1.0, 0.0))
        assert device.turning.pan == pytest.approx(0.17 + 0.017), "it sees less when zoomed in"

    _with_speaker(work)


def test_a_camera_that_was_away_is_moved_again() -> None:
    async def work(speaker: Speaker, device: OnvifServer) -> None:
        assert await speaker.steer(Halt(CAMERA)) == Steered()
        await device.close()
        away = await speaker.steer(Halt(CAMERA))
        assert isinstance(away, NotSteered)
        assert away.code == "camera_unreachable"
        await device.listen()
        assert await speaker.steer(Halt(CAMERA)) == Steered()

    _with_speaker(work)


@pytest.mark.parametrize("kind", [Hostile.ENTITIES, Hostile.ENDLESS, Hostile.REDIRECT])
def test_hostile_answers_are_refused_and_its_session_ended(kind: Hostile) -> None:
    async def work(speaker: Speaker, device: OnvifServer) -> None:
        told = await speaker.steer(AskPtz(CAMERA))
        assert isinstance(told, NotSteered)
        assert told.code == "stream_invalid"

    _with_speaker(work, Quirks(hostile=kind, hostile_at="GetPresets"))


def test_only_what_may_be_turned_is_and_only_where_it_may_be() -> None:
    async def work(device: OnvifServer) -> None:
        speaker = Speaker(SystemClock())
        assert isinstance(await speaker.steer(Halt(CAMERA)), NotSteered)
        await speaker.use([spoken(device, ptz=False)], ALLOW)
        assert isinstance(await speaker.steer(Halt(CAMERA)), NotSteered)
        await speaker.use([spoken(device)], ())
        told = await speaker.steer(Halt(CAMERA))
        assert isinstance(told, NotSteered)
        assert "allow it by name" in told.sentence
        await speaker.close()
        assert device.asked == []

    with_device(work)


def test_a_camera_whose_password_changed_is_spoken_to_anew() -> None:
    async def work(speaker: Speaker, device: OnvifServer) -> None:
        assert await speaker.steer(Halt(CAMERA)) == Steered()
        await speaker.use([spoken(device, password="falsch")], ALLOW)
        told = await speaker.steer(Halt(CAMERA))
        assert isinstance(told, NotSteered)
        assert told.code == "auth_failed"

    _with_speaker(work)
