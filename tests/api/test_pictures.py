"""The picture that comes is the key frame on show at the moment that was asked for."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.own_worker import OwnWorker
from tests.api.recorded import Browser, Recorded, Running, running
from tests.app.running import wait_until
from tests.media.numbered import GOP, luma_of, number_in, numbered
from watchglass.api.errors import MediaWorkerError
from watchglass.api.stills import Stills
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import RunId
from watchglass.model.gap import GapCause
from watchglass.model.look import Look, LookKind
from watchglass.model.still import StillRequest
from watchglass.model.stream import StreamName, VideoCodec

NS_PER_MS = 1_000_000
SECONDS = 20


class Numbered(Recorded):
    """A camera whose pictures carry their number: picture ``n`` after ``n / 10`` s."""

    def __init__(self, folder: Path, codec: VideoCodec) -> None:
        super().__init__(folder)
        self._video = numbered(codec, SECONDS * GOP)
        self._second = 0
        self.worker.stream(self.camera)._parameters = self._video.parameters

    def record(self, seconds: int) -> None:
        for _ in range(seconds):
            first = self._second * GOP
            self.worker.stream(self.camera)._pictures = list(
                self._video.access_units[first : first + GOP]
            )
            self._second += 1
            super().record(1)


@pytest.fixture(scope="module", params=[VideoCodec.H264, VideoCodec.H265])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Numbered, Running, Browser]]:
    """20 s in files of 6 s, the last still being written."""
    recorded = Numbered(tmp_path_factory.mktemp("site"), request.param)
    recorded.record(SECONDS)
    with running(recorded) as (at, browser):
        yield recorded, at, browser
    recorded.close()


def picture(browser: Browser, camera: str, at_ms: int | None = None, **more: int) -> httpx.Response:
    params = more if at_ms is None else {"at_ms": at_ms} | more
    return browser.get(f"/api/v1/thumbnail/{camera}", params=params)


def began_ms(browser: Browser, recorded: Recorded) -> int:
    """UTC of the first picture."""
    found = browser.json(
        f"/api/v1/playback/{recorded.camera}/main", params={"at_ms": recorded.began_ns // NS_PER_MS}
    )
    first: int = found["pieces"][0]["from_ms"]
    return first


def test_each_moment_has_its_key_frame(site: tuple[Numbered, Running, Browser]) -> None:
    recorded, _, browser = site
    start_ms = began_ms(browser, recorded)
    for after_ms in (20, 980, 1020, 3500, 5980, 6020, 11_900, 12_100, 17_500, 18_980):
        answer = picture(browser, recorded.camera, start_ms + after_ms)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "image/jpeg"
        second = after_ms // 1000
        assert number_in(answer.content) == second * GOP, after_ms
        assert abs(int(answer.headers["x-picture-ms"]) - start_ms - second * 1000) <= 5
        assert luma_of(answer.content).shape == (180, 320)
        assert answer.headers["cache-control"] == "private, no-cache"


def test_exact_picture_of_each_moment(site: tuple[Numbered, Running, Browser]) -> None:
    recorded, _, browser = site
    start_ms = began_ms(browser, recorded)
    for after_ms in (20, 150, 950, 1020, 3555, 5980, 11_930, 12_150, 18_950):
        answer = picture(browser, recorded.camera, start_ms + after_ms, exact=True)
        assert answer.status_code == 200, answer.text
        number = after_ms * GOP // 1000
        assert number_in(answer.content) == number, after_ms
        assert abs(int(answer.headers["x-picture-ms"]) - start_ms - number * 1000 / GOP) <= 5
    whole = browser.get(
        f"/api/v1/still/{recorded.camera}/main", params={"at_ms": start_ms + 4550, "exact": True}
    )
    assert number_in(whole.content) == 4550 * GOP // 1000


def test_newest_is_what_comes_without_a_moment_or_for_the_future(
    site: tuple[Numbered, Running, Browser],
) -> None:
    recorded, _, browser = site
    now_ms = recorded.site.clock.wall_ns() // NS_PER_MS
    for at_ms in (None, now_ms + 60_000):
        answer = picture(browser, recorded.camera, at_ms)
        assert number_in(answer.content) == (SECONDS - 1) * GOP
        assert answer.headers["cache-control"] == "private, no-cache"


def test_still_is_of_the_stream_that_was_asked_for(
    site: tuple[Numbered, Running, Browser],
) -> None:
    recorded, _, browser = site
    start_ms = began_ms(browser, recorded)
    path = f"/api/v1/still/{recorded.camera}"
    answer = browser.get(f"{path}/main", params={"at_ms": start_ms + 4500, "width": 200})
    assert number_in(answer.content) == 4 * GOP
    assert luma_of(answer.content).shape[1] == 200
    # The camera has no such stream.
    answer = browser.get(f"{path}/sub", params={"at_ms": start_ms + 4500})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_asked_beyond_the_bounds(site: tuple[Numbered, Running, Browser]) -> None:
    recorded, _, browser = site
    for route, width in (("thumbnail/{}", 63), ("thumbnail/{}", 641), ("still/{}/main", 1921)):
        answer = browser.get(f"/api/v1/{route.format(recorded.camera)}", params={"width": width})
        assert answer.status_code == 400, route
    unknown = picture(browser, "0" * 32)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


def noted(at: Running, kind: LookKind) -> Look:
    """The one look of a kind, once it is told."""
    wait_until(lambda: any(look.kind is kind for look in at.of.looks))
    (look,) = [look for look in at.of.looks if look.kind is kind]
    return look


@pytest.mark.full
def test_each_picture_is_a_look(tmp_path: Path) -> None:
    recorded = Numbered(tmp_path / "s", VideoCodec.H264)
    recorded.record(14)
    with running(recorded) as (at, browser):
        start_ms = began_ms(browser, recorded)
        for at_ms, kind in ((start_ms + 1500, LookKind.PLAYBACK), (None, LookKind.LIVE)):
            answer = picture(browser, recorded.camera, at_ms)
            look = noted(at, kind)
            assert (look.camera, look.stream) == (recorded.camera, StreamName.MAIN)
            assert look.from_ns // NS_PER_MS == int(answer.headers["x-picture-ms"])
            assert look.to_ns is not None
            assert (look.to_ns - look.from_ns) // NS_PER_MS in (99, 100)
        # Who follows a camera by its pictures is one look, which grows.
        picture(browser, recorded.camera)
        assert len(at.of.looks) == 2
    recorded.close()


def test_gap_is_said_with_its_cause(tmp_path: Path) -> None:
    recorded = Numbered(tmp_path / "s", VideoCodec.H264)
    recorded.record(4)
    recorded.worker.stream(recorded.camera).end(GapCause.CAMERA_UNREACHABLE)
    recorded.cycle()
    recorded.site.clock.advance(300 * NS_PER_S)
    recorded.cycle()
    recorded.record(4)
    with running(recorded) as (_, browser):
        start_ms = began_ms(browser, recorded)
        # In the gap, but less than a minute after the last picture.
        soon = picture(browser, recorded.camera, start_ms + 30_000)
        assert number_in(soon.content) == 3 * GOP
        late = picture(browser, recorded.camera, start_ms + 150_000)
        assert late.status_code == 404
        told = late.json()
        assert (told["code"], told["cause"]) == ("no_picture", "camera_unreachable")
        assert told["detail"].startswith("The camera does not answer.")
        before = picture(browser, recorded.camera, start_ms - 3600_000)
        assert (before.status_code, before.json()["code"]) == (404, "no_picture")
    recorded.close()


def test_damaged_picture_and_lost_file_are_said(tmp_path: Path) -> None:
    recorded = Numbered(tmp_path / "s", VideoCodec.H264)
    recorded.record(14)
    first, second = recorded.site.files[:2]
    data = bytearray(first.read_bytes())
    for number in range(6):
        unit = recorded._video.access_units[number * GOP][0]
        at = data.index(unit)
        data[at : at + len(unit)] = b"\xa5" * len(unit)
    first.write_bytes(data)
    second.unlink()
    with running(recorded) as (_, browser):
        start_ms = recorded.began_ns // NS_PER_MS
        damaged = picture(browser, recorded.camera, start_ms + 3_500)
        assert (damaged.status_code, damaged.json()["code"]) == (404, "picture_damaged")
        lost = picture(browser, recorded.camera, start_ms + 8_500)
        assert (lost.status_code, lost.json()["code"]) == (410, "gone")
        assert lost.json()["cause"] == "media_missing"
        assert number_in(picture(browser, recorded.camera).content) == 13 * GOP
    recorded.close()


def test_equal_pictures_are_made_once(tmp_path: Path) -> None:
    recorded = Numbered(tmp_path / "s", VideoCodec.H264)
    recorded.record(4)
    made: list[int] = []
    go_on = threading.Event()

    def decode(request: StillRequest) -> bytes:
        made.append(request.width)
        assert go_on.wait(10)
        return OwnWorker().still(request)

    with running(recorded, decode=decode) as (_, browser):
        at_ms = began_ms(browser, recorded) + 2500
        answers: list[httpx.Response] = []
        threads = [
            threading.Thread(
                target=lambda: answers.append(picture(browser, recorded.camera, at_ms))
            )
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        go_on.set()
        for thread in threads:
            thread.join(10)
        assert {number_in(answer.content) for answer in answers} == {2 * GOP}
        assert len(answers) == 6
        # Another moment of the same key frame, and the same again.
        assert picture(browser, recorded.camera, at_ms + 200).content == answers[0].content
        assert made == [320]
        assert picture(browser, recorded.camera, at_ms, width=100).status_code == 200
        assert made == [320, 100]
    recorded.close()


def test_without_a_media_worker_it_says_so(tmp_path: Path) -> None:
    recorded = Numbered(tmp_path / "s", VideoCodec.H264)
    recorded.record(4)
    there = False

    def decode(request: StillRequest) -> bytes:
        if not there:
            raise MediaWorkerError("Pictures cannot be made just now.")
        return OwnWorker().still(request)

    with running(recorded, decode=decode) as (_, browser):
        answer = picture(browser, recorded.camera)
        assert (answer.status_code, answer.json()["code"]) == (503, "media_worker")
        there = True
        assert number_in(picture(browser, recorded.camera).content) == 3 * GOP
    recorded.close()


def test_cache_is_bounded_in_bytes() -> None:
    made: list[int] = []

    async def use() -> None:
        stills = Stills(most_bytes=1000)

        async def ask(number: int) -> bytes:
            async def make() -> bytes:
                made.append(number)
                return bytes(300)

            return await stills.get((RunId("r"), number, 320), make)

        for number in (1, 2, 3, 1, 4, 1, 3, 2):
            assert len(await ask(number)) == 300
            assert stills.held_bytes <= 1000
        # 4 pushed out 2, which was used least; 2 came back and pushed out 4.
        assert made == [1, 2, 3, 4, 2]

    asyncio.run(use())


def test_failure_is_not_kept() -> None:
    async def use() -> None:
        stills = Stills()
        key = (RunId("r"), 0, 320)

        async def fail() -> bytes:
            raise MediaWorkerError("Not now.")

        async def make() -> bytes:
            return b"jpeg"

        with pytest.raises(MediaWorkerError):
            await stills.get(key, fail)
        assert await stills.get(key, make) == b"jpeg"
        assert await stills.get(key, fail) == b"jpeg"

    asyncio.run(use())


def test_too_many_at_once_are_told() -> None:
    async def use() -> None:
        stills = Stills()
        go_on = asyncio.Event()

        async def make() -> bytes:
            await go_on.wait()
            return b"jpeg"

        asking = [
            asyncio.create_task(stills.get((RunId("r"), number, 320), make))
            for number in range(128)
        ]
        await asyncio.sleep(0)
        with pytest.raises(MediaWorkerError, match="Too many"):
            await stills.get((RunId("r"), 128, 320), make)
        go_on.set()
        assert await asyncio.gather(*asking) == [b"jpeg"] * 128

    asyncio.run(use())
