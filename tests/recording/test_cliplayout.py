"""A clip laid out before it is read holds the samples and times of one that libavformat writes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recording.clip_making import Recorded, numbers
from tests.recording.clip_twin import laid_out, packets, same, written
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import DamagedError, NotFoundError, UsageError
from watchglass.model.gap import GapCause
from watchglass.recording import cliplayout


@pytest.fixture(params=[False, True], ids=["silent", "g711"])
def recorded(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Recorded]:
    made = Recorded(tmp_path, sound=request.param)
    yield made
    made.site.stop_keeper()


def test_across_files(recorded: Recorded) -> None:
    recorded.feed(200)
    path = same(recorded, recorded.at(37), recorded.at(149))
    assert numbers(path) == list(range(30, 149))


def test_over_a_gap_and_over_a_hole(recorded: Recorded) -> None:
    recorded.feed(40)
    recorded.stream.end(GapCause.STALLED)
    recorded.told()
    recorded.site.clock.advance(20 * NS_PER_S)
    recorded.feed(40)
    same(recorded, recorded.at(5), recorded.at(75))


def test_without_its_sound(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, sound=True)
    recorded.feed(60)
    (file,) = laid_out(recorded.plan(recorded.at(0), recorded.at(50)), sound=False)
    path = written(tmp_path, file)
    assert (path.suffix, file.shape.sound, file.sound) == (".mp4", "", False)
    assert list(packets(path)) == ["video"]
    assert numbers(path) == list(range(50))
    recorded.site.stop_keeper()


def test_of_a_file_that_grows_what_was_laid_out(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    recorded.feed(30)
    plan = recorded.plan(recorded.at(0), recorded.at(29) + 10 * NS_PER_S)
    (file,) = laid_out(plan)
    recorded.feed(30)
    assert len(numbers(written(tmp_path, file))) == file.pictures <= 30
    recorded.site.stop_keeper()


def test_change_of_size_makes_several_files(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    recorded.feed(30)
    recorded.stream.use_size(96)
    recorded.feed(50)
    files = laid_out(recorded.plan(recorded.at(0), recorded.at(59)))
    assert [(file.shape.width, file.pictures) for file in files] == [(64, 30), (96, 29)]
    found = [numbers(written(tmp_path, file, f"part-{n}")) for n, file in enumerate(files)]
    assert found == [list(range(30)), list(range(30, 59))]
    recorded.site.stop_keeper()


def test_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = Recorded(tmp_path)
    recorded.feed(60)
    monkeypatch.setattr(cliplayout, "MOST_SAMPLES", 40)
    with pytest.raises(UsageError, match="shorter"):
        laid_out(recorded.plan(recorded.at(0), recorded.at(59)))
    assert laid_out(recorded.plan(recorded.at(0), recorded.at(29)))
    recorded.site.stop_keeper()


def test_what_is_not_as_it_was_ends_it(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    recorded.feed(90)
    recorded.stream.end(GapCause.STALLED)
    recorded.told()
    plan = recorded.plan(recorded.at(0), recorded.at(80))
    (file,) = laid_out(plan)
    path = plan.runs[0].files[0].path
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[whole.index(b"mdat") + 60] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(DamagedError, match="not what was recorded"):
        written(tmp_path, file)
    path.unlink()
    with pytest.raises(NotFoundError):
        written(tmp_path, file)
    recorded.site.stop_keeper()
