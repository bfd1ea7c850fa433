"""Kills, tears, repeats and steps of the clock in any order: the invariants of storage hold."""

import os
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.recording.keeper_making import Site, Worker, answers_of
from tests.recording.stream_making import do_jobs, scanned
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId
from watchglass.model.fact import FragmentWritten
from watchglass.model.gap import GapCause
from watchglass.model.order import EnableCamera, Facts, PauseCamera
from watchglass.model.stream import StreamName
from watchglass.recording.heads import verify_chain
from watchglass.recording.ledger import Ledger
from watchglass.recording.recovery import media_end

FragmentKey = tuple[str, int, int]

causes = st.sampled_from([
    GapCause.CAMERA_UNREACHABLE, GapCause.STALLED, GapCause.AUTH_FAILED, GapCause.WAITING_KEY_FRAME,
])  # fmt: skip
_SAME_NS = NS_PER_S // 5


class KeeperMachine(RuleBasedStateMachine):
    """One camera, a worker that comes and goes, a keeper that does, too."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="keeper-")
        self.site = Site(Path(self.folder.name))
        self.worker: Worker | None = None
        self.durable: dict[FragmentKey, bytes] = {}
        self.sizes: dict[Path, int] = {}
        self.ledger = b""
        self.kept: dict[Path, bytes] = {}
        self.stepped_back = False
        self.paused = False
        self.sent: list[Facts] = []

    @initialize()
    def begin(self) -> None:
        self.site.start()
        self.camera = self.site.add_camera()

    # --- the worker --------------------------------------------------------------------------

    @rule(frames=st.integers(1, 40), sound=st.booleans())
    def record(self, frames: int, sound: bool) -> None:
        if self.paused:
            return
        if self.worker is None:
            self.worker = Worker(self.site)
        self.worker.stream(self.camera, sound=sound).feed(frames)

    @precondition(lambda self: self.worker is not None)
    @rule(seconds=st.sampled_from([0.5, 2, 6]))
    def nothing_comes(self, seconds: float) -> None:
        assert self.worker is not None
        stream = self.worker.stream(self.camera)
        stream.skip(seconds)
        stream.tick()

    @precondition(lambda self: self.worker is not None)
    @rule()
    def send(self) -> None:
        assert self.worker is not None
        self.worker.send()
        if self.site.keeper is not None:
            self.sent += [
                Facts(heard.session, heard.last, list(heard.facts))
                for heard in self.site.keeper._inbox.facts
            ]

    @rule(cause=causes)
    def lose_the_camera(self, cause: GapCause) -> None:
        if self.worker is None:
            self.worker = Worker(self.site)
        if not self.paused:
            self.worker.tell_gap(self.camera, cause)

    @precondition(lambda self: self.worker is not None)
    @rule(garbage=st.sampled_from([b"", b"\0", b"\0\0\0\x60uuid", bytes(3000)]))
    def kill_the_worker(self, garbage: bytes) -> None:
        assert self.worker is not None
        self.worker.send()
        worker, self.worker = self.worker, None
        paths = self._open_paths(worker)
        worker.die()
        for path in paths:
            with path.open("ab") as file:
                file.write(garbage)
        self.site.disconnect(worker)

    @precondition(lambda self: self.worker is not None)
    @rule()
    def stop_the_worker(self) -> None:
        assert self.worker is not None
        worker, self.worker = self.worker, None
        if self.site.keeper is not None:
            worker.shut_down(GapCause.RECORDER_STOPPED)
            self.cycle_with(worker)
            self.site.disconnect(worker)
        else:
            worker.die()

    # --- the keeper --------------------------------------------------------------------------

    @precondition(lambda self: self.site.keeper is not None)
    @rule(acknowledged=st.booleans())
    def cycle(self, acknowledged: bool) -> None:
        self.cycle_with(self.worker if acknowledged else None)

    def cycle_with(self, worker: Worker | None) -> None:
        taken = [
            fact
            for heard in self.site.running._inbox.facts
            for fact in heard.facts
            if isinstance(fact, FragmentWritten)
        ]
        self.site.cycle(*([worker] if worker is not None else []))
        for fact in taken:
            self.durable[fact.run, fact.sequence, fact.number] = fact.leaf
        self.sizes = {path: path.stat().st_size for path in self.site.files}

    @precondition(lambda self: self.site.keeper is not None and self.sent and self.worker)
    @rule(back=st.integers(1, 5))
    def tell_twice(self, back: int) -> None:
        assert self.worker is not None
        for facts in self.sent[-back:]:
            if facts.session == self.worker.session:
                self.site.running.take_facts(self.worker.peer, facts)

    @precondition(lambda self: self.site.keeper is not None)
    @rule()
    def kill_the_keeper(self) -> None:
        self.site.kill_keeper()
        if self.worker is not None:
            self.worker.connected = False

    @precondition(lambda self: self.site.keeper is None)
    @rule(lost=st.sampled_from(["", "", "index.db", "alive"]))
    def start_the_keeper(self, lost: str) -> None:
        if lost == "index.db":
            for path in self.site.state.glob("index.db*"):
                path.unlink()
        elif lost:
            (self.site.state / lost).unlink(missing_ok=True)
        self.site.start(fresh=self.worker is None)
        if self.worker is not None:
            self.worker.connect()

    @precondition(lambda self: self.site.keeper is None and self.worker is not None)
    @rule(cycles=st.integers(1, 6), frames=st.integers(0, 30))
    def start_the_keeper_unheard(self, cycles: int, frames: int) -> None:
        """It waits in vain for a worker that writes on, and then looks at the files itself."""
        assert self.worker is not None
        self.site.start(fresh=False)
        for _ in range(cycles):
            if not self.paused:
                self.worker.stream(self.camera).feed(frames)
            do_jobs(self.worker.writer)
            self.cycle_with(None)

    @precondition(lambda self: self.site.keeper is not None)
    @rule()
    def rebuild_the_index(self) -> None:
        self.site.running.rebuild_index()

    # --- power, clock, people ----------------------------------------------------------------

    @rule(off_s=st.integers(1, 4000), data=st.data())
    def lose_power(self, off_s: int, data: st.DataObject) -> None:
        """What was not synced may be there, or only to some byte."""
        worker, self.worker = self.worker, None
        if worker is not None:
            paths = self._open_paths(worker)
            worker.die()
            for path in paths:
                size = path.stat().st_size
                os.truncate(path, data.draw(st.integers(min(self.sizes.get(path, 0), size), size)))
        if self.site.keeper is not None:
            self.site.kill_keeper()
        self.site.reboot(off_s)
        self.site.start()

    @rule(by_s=st.sampled_from([-7200, -2, 2, 7200]))
    def set_the_clock(self, by_s: int) -> None:
        if self.worker is not None:
            for stream in self.worker.streams.values():
                stream.end(GapCause.CLOCK_STEP)
        self.stepped_back |= by_s < 0
        self.site.clock.step_wall(by_s * NS_PER_S)

    @rule(seconds=st.integers(1, 90))
    def wait(self, seconds: int) -> None:
        self.site.clock.advance(seconds * NS_PER_S)
        if self.worker is not None:
            self.worker.tell_gap(self.camera, GapCause.CAMERA_UNREACHABLE)

    @precondition(lambda self: self.site.keeper is not None)
    @rule()
    def pause_or_resume(self) -> None:
        if self.paused:
            assert self.site.order(EnableCamera(self.camera, "me", "")) == ""
        else:
            if self.worker is not None:
                self.worker.tell_gap(self.camera, GapCause.PAUSED)
                self.worker.send()
            assert self.site.order(PauseCamera(self.camera, None, "me", "")) == ""
        self.paused = not self.paused

    @precondition(lambda self: self.site.keeper is not None)
    @rule()
    def purge_what_is_old(self) -> None:
        if self.worker is not None:
            self.worker.tell_gap(self.camera, GapCause.STALLED)
            self.worker.send()
        self.site.clock.advance(2 * 3600 * NS_PER_S)
        self.site.keep_for(1)
        self.site.clock.advance(20 * NS_PER_S)
        self.cycle_with(self.worker)
        self.site.keep_for(24 * 365)
        self.kept = {path: data for path, data in self.kept.items() if path.exists()}

    # --- what holds --------------------------------------------------------------------------

    def _open_paths(self, worker: Worker) -> list[Path]:
        return [
            stream.queue.media.path
            for stream in worker.streams.values()
            if stream.queue.media is not None
        ]

    @invariant()
    def ledgers_only_grow(self) -> None:
        folder = self.site.state / "ledger" / getattr(self, "camera", "none")
        said = b"".join(path.read_bytes() for path in sorted(folder.glob("*.jsonl")))
        assert said.startswith(self.ledger)
        self.ledger = said

    @invariant()
    def files_only_grow(self) -> None:
        """But for a tail that was never whole."""
        for path in self.site.files:
            try:
                whole = path.read_bytes()[: scanned(path).whole_bytes]
            except DamagedError:
                continue  # cut off inside its header
            before = self.kept.get(path, b"")
            durable = before[: self.sizes.get(path, 0)]
            assert whole.startswith((before, durable))
            self.kept[path] = whole

    def teardown(self) -> None:
        try:
            if hasattr(self, "camera"):
                self._check_all()
        finally:
            if self.worker is not None:
                self.worker.die()
            if self.site.keeper is not None:
                self.site.kill_keeper()
            self.folder.cleanup()

    def _check_all(self) -> None:
        if self.site.keeper is None:
            self.start_the_keeper("")
        for _ in range(2):
            self.site.clock.advance(4 * NS_PER_S)
            if self.worker is not None:
                self.worker.send()
            self.cycle_with(self.worker)
        self.site.check()
        self._check_fragments()
        self._check_gaps()
        self._check_index()
        self._check_chain()
        self._check_second_start()

    def _check_fragments(self) -> None:
        """Invariants 2 and 5: what was durable is on disk, or was purged; a run never overlaps."""
        on_disk: dict[FragmentKey, bytes] = {}
        ends: dict[str, list[tuple[int, int, int]]] = {}
        for path in self.site.files:
            try:
                found = scanned(path)
            except DamagedError:
                continue  # cut off inside its header, and left for a person to look at
            info = found.info
            for entry in found.entries:
                on_disk[info.run, info.sequence, entry.number] = entry.leaf
            span = (info.sequence, info.media_from, media_end(info, found.entries))
            ends.setdefault(info.run, []).append(span)
        there = {key[:2] for key in on_disk}
        deleted = self._deleted()
        for key, leaf in self.durable.items():
            assert on_disk.get(key) == leaf or (key[:2] in deleted and key[:2] not in there)
        for spans in ends.values():
            for (_, _, end), (_, start, _) in pairwise(sorted(spans)):
                assert end <= start + 9000, "a file reaches into the next"

    def _deleted(self) -> set[tuple[str, int]]:
        folder = self.site.state / "ledger" / self.camera
        found: set[tuple[str, int]] = set()
        for line in Ledger.read_lines(folder):
            if line.type == "files_deleted":
                files = line.fields["files"]
                assert isinstance(files, list)
                found |= {(run, sequence) for run, sequence, _ in files}
        return found

    def _check_gaps(self) -> None:
        """Invariant 4: one cause at a time (the second reader has looked for holes)."""
        with self.site.running.index.read() as index:
            rows = index.gaps_between(self.camera, StreamName.MAIN, -(1 << 62), 1 << 62)
        between = [
            row
            for row in rows
            if row.media_from is None and (row.wall_to is None or row.wall_to > row.wall_from)
        ]
        assert sum(row.wall_to is None for row in between) <= 1
        if self.stepped_back:
            return
        for one, other in pairwise(between):
            assert one.wall_to is not None
            overlap = min(one.wall_to, other.wall_to or one.wall_to) - other.wall_from
            assert overlap <= _SAME_NS, (one, other)

    def _check_index(self) -> None:
        """Invariant 3."""
        self.site.cycle()
        before = answers_of(self.site.running.index, self.site.cameras)
        self.site.running.rebuild_index()
        self.site.cycle()
        after = answers_of(self.site.running.index, self.site.cameras)
        assert {key: value for key, value in before.items() if after[key] != value} == {}

    def _check_chain(self) -> None:
        folder = self.site.state / "ledger" / self.camera
        keys = {
            line.text("key"): line.text("public_key")
            for line in Ledger.read_lines(folder)
            if line.type == "key"
        }
        assert verify_chain(folder / "heads", keys) == []

    def _check_second_start(self) -> None:
        """Killed and started with nothing in between, the keeper has nothing to say."""
        if self.worker is not None:
            self.worker.die()
            self.worker = None
        self.site.kill_keeper()
        self.site.start()
        folder = self.site.state / "ledger" / self.camera
        said = [line.raw for line in Ledger.read_lines(folder)]
        answers = answers_of(self.site.running.index, [CameraId(self.camera)])
        self.site.kill_keeper()
        self.site.start()
        assert [line.raw for line in Ledger.read_lines(folder)] == said
        assert answers_of(self.site.running.index, [CameraId(self.camera)]) == answers
        self.site.check()


# Shrinking takes minutes; what failed is printed as it was.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        KeeperMachine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, phases=_PHASES, deadline=None
        ),
    )


def test_the_invariants_hold_in_any_order() -> None:
    _run(3, 10)


@pytest.mark.full
@pytest.mark.timeout(400)
def test_the_invariants_hold_in_many_orders() -> None:
    _run(60, 25)
