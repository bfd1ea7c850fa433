"""An index that the disk refuses: it is a cache, and neither ledgers nor purging wait for it long.

The kernel refuses each write past a size, as one that fails does: the index's log grows, and what
else is written in these seconds stays small.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.recording.keeper_making import Site, Worker, answers_of
from watchglass.model.gap import GapCause
from watchglass.recording.ledger import Ledger

pytestmark = pytest.mark.full

_FRAMES = 40
_MOST = 80


@contextmanager
def no_file_larger_than(size_bytes: int) -> Iterator[None]:
    """In this process; Python has SIGXFSZ ignored, so that the call itself fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("dies", [False, True])
def test_an_index_that_cannot_be_written_is_made_anew(tmp_path: Path, dies: bool) -> None:
    """Found here: no line was written any more, and nothing purged, until somebody removed it.

    ``dies``: the keeper is killed meanwhile, and one comes that finds the disk as it is.
    """
    site = Site(tmp_path)
    site.start()
    camera, worker = site.add_camera(), Worker(site)
    log = site.state / "index.db-wal"

    def second(number: int = _FRAMES) -> None:
        worker.stream(camera).feed(number)
        worker.send()
        site.cycle(worker)

    def is_behind() -> bool:
        return site.running.in_debt

    def lines() -> int:
        return sum(1 for _ in Ledger.read_lines(site.state / "ledger" / camera))

    second()
    limit = max(log.stat().st_size, *(path.stat().st_size for path in site.files)) + (1 << 16)
    with no_file_larger_than(limit):
        for _ in range(_MOST):
            second()
            if is_behind():
                break
        assert is_behind(), f"the log never grew past {limit} bytes"
        before = lines()
        if dies:
            site.kill_keeper()
            worker.connected = False
            site.start(fresh=False)
        for _ in range(6):
            second()
        assert not is_behind()
        assert lines() > before
        assert worker.outbox.depth().waiting == 0
    worker.tell_gap(camera, GapCause.PAUSED)
    for _ in range(3):
        second(0)
    frames = len(worker.stream(camera).fed)
    ended = [
        line.integer("media")
        for line in Ledger.read_lines(site.state / "ledger" / camera)
        if line.type == "run_ended"
    ]
    assert ended == [frames * 9000], "a run that broke, or a picture that is not there"
    assert worker.outbox.depth().dropped_fragments == 0
    site.check()
    answers = answers_of(site.running.index, [camera])
    site.running.rebuild_index()
    assert answers_of(site.running.index, [camera]) == answers
    site.kill_keeper()
