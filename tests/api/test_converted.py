"""Recorded pictures made anew: the same pictures at the same times, from any segment on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.own_worker import OwnWorker
from tests.api.recorded import Browser, pictures
from tests.browser.across_tape import Deck, Tape, serving, spec
from watchglass.model.conversion import ConvertRequest
from watchglass.simulate import frame_code


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deck]:
    """22 s of H.265, a key frame each 2 s, in files of 10 s."""
    deck = Deck(tmp_path_factory.mktemp("d"))
    deck.add(spec(codec="h265", gop_frames=20, seconds=24))
    deck.run(22)
    yield deck
    deck.site.kill_keeper()


@pytest.fixture
def worker() -> OwnWorker:
    return OwnWorker()


@pytest.fixture
def browser(deck: Deck, worker: OwnWorker, tmp_path: Path) -> Iterator[Browser]:
    with serving(deck, tmp_path, worker) as browser:
        yield browser


def plan(browser: Browser, tape: Tape, at_ms: float, **more: object) -> dict[str, Any]:
    answer = browser.json(
        f"/api/v1/playback/{tape.camera}/main",
        params={"at_ms": round(at_ms), "form": "converted", **more},
    )
    assert isinstance(answer, dict)
    return answer


def shown(browser: Browser, piece: dict[str, Any], *segments: int) -> list[tuple[int, int | None]]:
    """UTC (ms) and number of each picture in some segments of a piece."""
    video = piece["video"]
    parts = [browser.get(video["init_url"])]
    parts += [browser.get(video["segments"][each]["url"]) for each in segments]
    assert [part.status_code for part in parts] == [200] * len(parts)
    return [
        (
            round(piece["offset_ms"] + float(picture.time or 0) * 1000),
            frame_code.read(picture.to_ndarray()[: picture.height]),
        )
        for picture in pictures(b"".join(part.content for part in parts))
    ]


def test_the_pictures_are_those_that_were_recorded(deck: Deck, browser: Browser) -> None:
    tape = deck.tapes[0]
    told = plan(browser, tape, tape.shown[0].at_ms)
    found = [
        each
        for piece in told["pieces"]
        for each in shown(browser, piece, *range(len(piece["video"]["segments"])))
    ]
    assert len(told["pieces"]) > 1
    assert [number for _, number in found] == [one.number for one in tape.shown[: len(found)]]
    assert len(found) >= 200
    assert all(abs(at - one.at_ms) <= 1 for (at, _), one in zip(found, tape.shown, strict=False))


def test_any_segment_may_come_first(deck: Deck, browser: Browser, worker: OwnWorker) -> None:
    """It begins with a key frame of its own, in the middle of a group of pictures too."""
    tape = deck.tapes[0]
    (piece, *_) = plan(browser, tape, tape.shown[33].at_ms)["pieces"]
    segments = piece["video"]["segments"]
    assert len(segments) > 2
    alone = shown(browser, piece, 1)
    worker.asked.clear()
    again = shown(browser, piece, 0, 1, 2)
    assert [each for each in again if each in alone] == alone
    assert alone == again[again.index(alone[0]) :][: len(alone)]
    # What was made is kept: only the segments around it were.
    runs = [each for each in worker.asked if isinstance(each, ConvertRequest)]
    assert 0 < len(runs) < 12


@pytest.mark.full
def test_it_goes_on_in_one_session(deck: Deck, browser: Browser, worker: OwnWorker) -> None:
    tape = deck.tapes[0]
    (piece, *_) = plan(browser, tape, tape.shown[3].at_ms)["pieces"]
    shown(browser, piece, *range(len(piece["video"]["segments"])))
    runs = [each for each in worker.asked if isinstance(each, ConvertRequest)]
    keys = sum(each.begins for each in runs)
    assert sum(each.lead for each in runs) == 0
    assert keys <= 7


def test_a_mime_that_browsers_play_is_told(deck: Deck, browser: Browser) -> None:
    video = plan(browser, deck.tapes[0], deck.tapes[0].shown[0].at_ms)["pieces"][0]["video"]
    assert video["mime"].startswith('video/mp4; codecs="avc1.')


def test_without_a_worker_it_is_refused_with_a_sentence(
    deck: Deck, browser: Browser, worker: OwnWorker
) -> None:
    tape = deck.tapes[0]
    (piece, *_) = plan(browser, tape, tape.shown[0].at_ms)["pieces"]
    worker.refuses = True
    for url in (
        piece["video"]["segments"][0]["url"],
        f"/api/v1/playback/{tape.camera}/main?at_ms={tape.shown[0].at_ms}&form=converted",
    ):
        answer = browser.get(url)
        assert (answer.status_code, answer.json()["code"]) == (503, "media_worker")
    assert browser.get(url.replace("converted", "plain")).status_code == 200
