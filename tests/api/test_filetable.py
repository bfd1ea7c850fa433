"""What is remembered of media files: each is read once, and their fragments are bounded."""

import random
from pathlib import Path

import pytest

from tests.api.recorded import Recorded
from watchglass.api.filetable import FileTable


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    recorded = Recorded(tmp_path_factory.mktemp("table") / "s", sound=True)
    recorded.record(60)
    recorded.close()
    return sorted(recorded.site.volume.path.rglob("*.mp4"))


@pytest.mark.parametrize("most", [1, 3, 96])
@pytest.mark.parametrize("most_entries", [0, 120, 24_000])
def test_as_many_as_fit_are_remembered(paths: list[Path], most: int, most_entries: int) -> None:
    table = FileTable(most, most_entries)
    counts = {path: len(FileTable().file(path).entries) for path in paths}
    chance = random.Random(most + most_entries)
    expected: list[Path] = []
    for _ in range(200):
        path = chance.choice(paths)
        reads = table.reads
        assert len(table.file(path).entries) == counts[path]
        assert (table.reads == reads) == (path in expected)
        expected = [*(each for each in expected if each != path), path]
        while len(expected) > 1 and (
            len(expected) > most or sum(map(counts.__getitem__, expected)) > most_entries
        ):
            del expected[0]


def test_there_are_files_enough_to_forget_some(paths: list[Path]) -> None:
    assert len(paths) > 4
