"""What cameras say is kept as rows, and marks in the ledger keep the footage."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recording.keeper_making import Site as Keeping
from watchglass.app.keeper_port import OwnKeeper
from watchglass.app.mark_desk import MarkDesk, add_span
from watchglass.app.said_desk import SaidDesk
from watchglass.app.site import Site
from watchglass.app.workers_port import NoWorkers
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk
from watchglass.base.errors import BusError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.control import AddCameraRequest, RetentionRequest
from watchglass.model.said import Heard, Said, SaidClock, SaidKind
from watchglass.model.stream import StreamName
from watchglass.recording.ledger import MARKED, Ledger
from watchglass.store.said import SaidStore
from watchglass.store.site import SiteStore
from watchglass.store.vault import Vault


class Bed:
    """A site with one camera, its own keeper, and no process."""

    def __init__(self, folder: Path) -> None:
        self.keeping = Keeping(folder)
        self.keeping.start()
        (folder / "keys").mkdir()
        vault = Vault(folder / "keys" / "secrets", Disk())
        self.store = SiteStore(folder / "site.db", vault, self.keeping.clock)
        self.store.add_volume(self.keeping.volume.id, self.keeping.volume.path)
        self.keeper = OwnKeeper(self.keeping.running)
        self.site = Site(self.store, self.keeper, NoWorkers(), self.keeping.clock)
        streams = ((StreamName.MAIN, "rtsp://10.0.0.7/main"),)
        self.camera = self.site.add_camera(AddCameraRequest("Hall", streams, "", "", "", "me"))
        self.said = SaidStore(folder / "site.db")
        self.marking = MarkDesk(self.keeper, self.keeping.clock)
        self.desk = SaidDesk(self.said, self.store, self.marking, self.keeping.clock)
        self.now_ns = self.keeping.clock.wall_ns()

    def event(self, at_s: float, to_s: float | None = None, **more: object) -> Said:
        told: dict[str, object] = {
            "id": random_id(), "camera": self.camera, "kind": SaidKind.MOTION,
            "from_ns": self.now_ns + round(at_s * NS_PER_S),
            "to_ns": self.now_ns + round(to_s * NS_PER_S) if to_s is not None else None,
        }  # fmt: skip
        return Said(**(told | more))  # type: ignore[arg-type]

    def listed(self) -> tuple[Said, ...]:
        return self.said.between(self.camera, 0, 2**62, 1000)

    def marks(self) -> list[tuple[int, int]]:
        """In s from the start."""
        lines = Ledger.read_lines(self.keeping.state / "ledger" / self.camera)
        return [
            ((line.integer("from") - self.now_ns) // NS_PER_S,
             (line.integer("to") - self.now_ns) // NS_PER_S)
            for line in lines
            if line.type == MARKED
        ]  # fmt: skip

    def close(self) -> None:
        self.desk.close()
        self.marking.close()
        self.said.close()
        self.store.close()
        self.keeping.kill_keeper()


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    made = Bed(tmp_path)
    yield made
    made.close()


def test_an_event_is_a_row_and_a_mark_and_grows(bed: Bed) -> None:
    began = bed.event(10)
    bed.desk.take(Heard((began,)))
    ended = bed.event(10, 20, id=began.id, count=3)
    bed.desk.take(Heard((ended,)))
    assert bed.listed() == (ended,)
    bed.marking.flush()
    assert bed.marks() == [(5, 25)]
    bed.marking.flush()
    assert bed.marks() == [(5, 25)], "told once"


def test_many_events_are_few_marks(bed: Bed) -> None:
    bed.desk.take(Heard(tuple(bed.event(at, at + 1) for at in range(0, 600, 10))))
    bed.desk.take(Heard((bed.event(5000, 5001),)))
    bed.marking.flush()
    assert bed.marks() == [(-5, 596), (4995, 5006)]
    assert len(bed.listed()) == 61


def test_what_has_no_sense_or_is_not_ours_is_left_out(bed: Bed) -> None:
    bad = (
        bed.event(1, id="../../etc"), bed.event(1, camera=CameraId("e" * 32)),
        bed.event(9, 1), bed.event(1, text="a\nb"), bed.event(1, from_ns=-1),
    )  # fmt: skip
    bed.desk.take(Heard((*bad, bed.event(2, 3, kind=SaidKind.OTHER, text="door")), lost=7))
    assert [each.text for each in bed.listed()] == ["door"]
    bed.marking.flush()
    assert bed.marks() == [], "what is none of our kinds keeps no footage"


@pytest.mark.parametrize(
    "words", ["RuleEngine GenderDetector", "Rule isFemale", "Recognition Face", "user age_group"]
)
def test_words_of_what_is_never_told_of_people_are_not_kept(bed: Bed, words: str) -> None:
    """A camera's maker may have such a detector: that it said something stands, what it said of
    somebody does not."""
    bed.desk.take(Heard((bed.event(2, 3, kind=SaidKind.OTHER, text=words),)))
    assert [(each.kind, each.text) for each in bed.listed()] == [(SaidKind.OTHER, "something else")]


def test_a_keeper_that_refuses_is_asked_again(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:

    bed.desk.take(Heard((bed.event(1, 2),)))
    with monkeypatch.context() as away:

        def order(_: object) -> None:
            raise BusError("away")

        away.setattr(bed.keeper, "order", order)
        bed.marking.flush()
    assert bed.marks() == []
    bed.marking.flush()
    assert bed.marks() == [(-4, 7)]


def test_it_is_erased_with_the_footage(bed: Bed) -> None:
    old, new = bed.event(-50 * 3600, -50 * 3600 + 1), bed.event(-3600, -3590)
    bed.desk.take(Heard((old, new)))
    bed.site.carry_out(RetentionRequest(24, bed.camera, by="me"))
    bed.desk.purge()
    assert bed.listed() == (new,)


def test_what_went_on_at_the_last_end_is_over(bed: Bed) -> None:
    bed.said.put([bed.event(1, clock=SaidClock.RECORDER)])
    bed.said.end_open()
    (told,) = bed.listed()
    assert told.to_ns == told.from_ns
    assert bed.said.between(bed.camera, told.from_ns + 1, 2**62, 9) == ()


@given(st.lists(st.tuples(st.integers(0, 10**13), st.integers(0, 10**11)), max_size=150))
def test_spans_cover_all_that_was_added_and_stay_few(added: list[tuple[int, int]]) -> None:
    spans: list[tuple[int, int]] = []
    for start, length in added:
        add_span(spans, start, start + length)
    assert len(spans) <= 64
    assert spans == sorted(spans)
    for start, length in added:
        assert any(a <= start and start + length <= b for a, b in spans)
