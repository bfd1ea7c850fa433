"""Packets of every kind become fragments that give back what was taken, and say what was not."""

from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.recording.packet_making import (
    SOUND,
    WALL_NS,
    KeptJobs,
    parameters,
    sound_packet,
    video_packet,
)
from watchglass.base.errors import StreamInvalidError
from watchglass.base.ids import CameraId
from watchglass.model.fact import Hole, SoundBroke
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName, Track
from watchglass.recording.assembler import Assembler, Limits, RunBrokenError
from watchglass.recording.fileheader import FileInfo, decode_header
from watchglass.recording.fragment import MOST_FRAGMENT_BYTES, DecodedFragment, decode_fragment
from watchglass.recording.job import CloseFile, EndRun, OpenFile, Tell, WriteFragment

J = TypeVar("J")

CAMERA = CameraId("c0" * 16)
SECOND = 90_000
FRAGMENT = Limits().fragment
FILE = 5 * SECOND


@dataclass(frozen=True)
class Step:
    """One frame: ``after`` ticks behind the one before; or sound, a pause, a full disk."""

    kind: str = "video"
    after: int = 3600
    key: bool = False
    pts_after: int = 0
    timed: bool = True
    size: int = 20
    width: int = 64
    lost: bool = False


@dataclass
class Fed:
    media: int
    data: bytes
    key: bool
    lost: bool = False


@dataclass
class Run:
    """One run as it was fed, and what its assembler handed on."""

    sink: KeptJobs
    video: list[Fed] = field(default_factory=list)
    sound: list[Fed] = field(default_factory=list)
    moved: bool = False
    """Repeated and missing times are moved a little: then the times of ``video`` are not exact."""


@dataclass
class Read:
    """A run as a reader of its files sees it."""

    files: list[FileInfo] = field(default_factory=list)
    fragments: list[tuple[FileInfo, WriteFragment, DecodedFragment]] = field(default_factory=list)
    closed_at: list[int] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    broke: list[SoundBroke] = field(default_factory=list)
    end: EndRun | None = None

    def samples(self, track: Track) -> list[Fed]:
        found = []
        for _, job, fragment in self.fragments:
            if job.track is not track:
                continue
            media = fragment.info.media_time
            for sample, offset in zip(fragment.samples, fragment.offsets, strict=True):
                data = job.data[offset : offset + sample.data_bytes]
                found.append(Fed(media, data, sample.is_key))
                media += sample.duration
        return found

    def in_hole(self, media: int) -> bool:
        return any(hole.media_from <= media < hole.media_to for hole in self.holes)


def read(sink: KeptJobs) -> Read:
    made = Read()
    for job in sink.jobs:
        match job:
            case OpenFile():
                info, length = decode_header(job.header)
                assert (info, length) == (job.info, len(job.header))
                assert (job.started is None) == bool(made.files)
                made.files.append(info)
            case WriteFragment():
                made.fragments.append((made.files[-1], job, decode_fragment(job.data)))
            case CloseFile():
                made.closed_at.append(job.media_to)
            case EndRun():
                assert made.end is None
                made.end = job
            case Tell(fact=Hole() as hole):
                assert made.files, "a hole of a run that nobody heard of"
                made.holes.append(hole)
            case Tell(fact=SoundBroke() as broke):
                made.broke.append(broke)
    return made


class Feeder:
    """Plays steps to assemblers as the recorder does: a broken run is ended, the next begun."""

    def __init__(self, *, sound: bool = False, file: int = FILE) -> None:
        self.sound = sound
        self.limits = Limits(file=file)
        self.full = False
        self.runs: list[Run] = []
        self._assembler: Assembler | None = None
        self._clock = 0  # ticks of the camera
        self._now_ns = 0
        self._marks = count(1)

    def play(self, steps: list[Step]) -> list[Run]:
        for step in steps:
            getattr(self, f"_{step.kind}")(step)
        self.end()
        return self.runs

    def end(self) -> None:
        if self._assembler is not None:
            self._assembler.end(GapCause.CAMERA_UNREACHABLE, WALL_NS + self._now_ns)
            self._assembler = None

    def _data(self, size: int) -> bytes:
        mark = next(self._marks).to_bytes(4, "big")
        return (mark * (size // 4 + 1))[:size] if size < 1000 else mark + bytes(size - 4)

    def _pass(self, ticks: int) -> None:
        self._clock += ticks
        self._now_ns += abs(ticks) * 100_000 // 9

    def _video(self, step: Step) -> None:
        self._pass(step.after)
        data = self._data(step.size)
        try:
            self._feed(step, data)
        except RunBrokenError:
            self.end()
            self._feed(step, data)

    def _feed(self, step: Step, data: bytes) -> None:
        if self._assembler is None:
            if not step.key:
                return
            self.runs.append(Run(KeptJobs(refuses=lambda _: self.full)))
            self._assembler = Assembler(
                CAMERA, StreamName.MAIN, self.runs[-1].sink,
                sound=SOUND if self.sound else None, limits=self.limits,
            )  # fmt: skip
        dts = self._clock if step.timed else None
        pts = self._clock + step.pts_after if step.timed else None
        packet = video_packet(dts, self._now_ns, pts=pts, lost=step.lost)
        told = parameters(step.width) if step.key else None
        self._assembler.add_video(packet, data, step.key, told)
        self.runs[-1].video.append(Fed(self._clock, data, step.key, step.lost))
        self.runs[-1].moved |= not step.timed or step.after == 0

    def _sound(self, step: Step) -> None:
        if self._assembler is None:
            return
        data = self._data(step.size)
        pts = (self._clock + step.after) * 8000 // SECOND
        self.runs[-1].sound.append(Fed(pts, data, True))
        self._assembler.add_sound(sound_packet(pts, self._now_ns, data))

    def _tick(self, step: Step) -> None:
        self._pass(step.after)
        if self._assembler is not None:
            run = self.runs[-1]
            run.sink.in_tick = True
            self._assembler.tick(self._now_ns)
            run.sink.in_tick = False

    def _full(self, step: Step) -> None:
        self.full = step.key


# --- what always holds ------------------------------------------------------------------------


def check_run(run: Run) -> Read:
    made = read(run.sink)
    _check_files(made)
    _check_video(run, made)
    _check_holes(run, made)
    _check_joins(run, made)
    _check_sound(run, made)
    return made


def _check_files(made: Read) -> None:
    assert [info.sequence for info in made.files] == list(range(len(made.files)))
    assert [job.number for _, job, _ in made.fragments] == list(range(len(made.fragments)))
    first: dict[int, WriteFragment] = {}
    for info, job, fragment in made.fragments:
        own = fragment.info
        assert (own.camera, own.stream, own.run) == (info.camera, info.stream, info.run)
        assert (own.number, own.track, own.flags) == (job.number, job.track, job.flags)
        assert fragment.decode_time == own.media_time - info.media_start(own.track)
        assert fragment.decode_time >= 0
        assert fragment.duration == job.duration
        assert all(sample.duration > 0 for sample in fragment.samples)
        assert fragment.length == len(job.data) <= MOST_FRAGMENT_BYTES
        first.setdefault(info.sequence, job)
    for info in made.files:
        assert first[info.sequence].track is Track.VIDEO
        assert first[info.sequence].flags & 1
        assert first[info.sequence].number == info.first_fragment
        assert first[info.sequence].media_time == info.media_from
    assert made.closed_at == [info.media_from for info in made.files[1:]]


def _check_video(run: Run, made: Read) -> None:
    """What is in the files is what was fed, in order; what is not, lies in a hole or behind."""
    got = made.samples(Track.VIDEO)
    left = iter(got)
    head = next(left, None)
    end = made.end.media_to if made.end is not None else 0
    begun = False
    start = run.video[0].media if run.video else 0
    for fed in run.video:
        if head is not None and head.data == fed.data:
            assert head.key == fed.key
            # What leans on a picture that never came is no media until the next key frame.
            assert not begun or not fed.lost or fed.key or made.in_hole(head.media)
            head, begun = next(left, None), True
        elif begun:
            media = fed.media - start
            assert made.in_hole(media) or media >= end or run.moved, (media, made.holes)
    assert head is None, "a sample that was never fed, or out of order"
    for one, other in pairwise(got):
        assert one.media < other.media


def _check_holes(run: Run, made: Read) -> None:
    for first, second in pairwise(made.holes):
        assert first.media_to <= second.media_from, "two causes for one instant"
    keys = {
        fragment.info.media_time
        for _, job, fragment in made.fragments
        if job.track is Track.VIDEO and job.flags & 1
    }
    end = made.end.media_to if made.end is not None else 0
    for hole in made.holes:
        assert 0 <= hole.media_from < hole.media_to
        assert hole.media_to in keys or hole.media_to == end
    interval = SECOND
    after_loss = {fed.data for fed in run.video if fed.lost}
    for one, other in pairwise(made.samples(Track.VIDEO)):
        passed = other.media - one.media
        if passed > max(SECOND, 3 * interval) and not run.sink.refused:
            assert made.in_hole(other.media - 1), (one.media, other.media, made.holes)
        elif other.data not in after_loss:
            interval = passed


def _check_joins(run: Run, made: Read) -> None:
    video = [entry for entry in made.fragments if entry[1].track is Track.VIDEO]
    for (_, job, fragment), (_, _, following) in pairwise(video):
        end = fragment.info.media_time + fragment.duration
        start = following.info.media_time
        if job.number in run.sink.by_tick or made.in_hole(min(end, start)):
            continue
        if any(fed.lost for fed in run.video):
            continue
        assert end == start
    for _, job, fragment in video:
        if job.number not in run.sink.by_tick:
            last = fragment.samples[-1].duration
            assert fragment.duration - last < FRAGMENT
    if made.files:
        assert made.end is not None
        assert made.end.media_to == video[-1][2].info.media_time + video[-1][2].duration
    else:
        assert made.end is None


def _check_sound(run: Run, made: Read) -> None:
    got = [one.data for one in made.samples(Track.SOUND)]
    order = {fed.data: place for place, fed in enumerate(run.sound)}
    places = [order[data] for data in got]
    assert places == sorted(set(places))


# --- generated streams ------------------------------------------------------------------------

frames = st.builds(
    Step,
    after=st.sampled_from([1500, 3000, 3600, 9000, 45_000, SECOND, 2 * SECOND]),
    key=st.booleans(),
)
odd_frames = st.builds(
    Step,
    after=st.sampled_from(
        [0, 0, 1, 1400, 3601, 80_000, SECOND, SECOND + 1, 4 * SECOND, 9 * SECOND,
         10 * SECOND, 10 * SECOND + 1, 700 * SECOND, -1, -3600, -20 * SECOND]
    ),
    key=st.booleans(),
    pts_after=st.sampled_from([0, 0, 3600, 7200, -3600, 2**33, -(2**40)]),
    timed=st.sampled_from([True, True, True, False]),
    size=st.sampled_from([4, 20, 500]),
    width=st.sampled_from([64, 64, 64, 80]),
    lost=st.sampled_from([False, False, False, True]),
)  # fmt: skip
sounds = st.builds(
    Step,
    st.just("sound"),
    after=st.sampled_from([0, 1800, -1800, -40_000, 90_000, 2**40]),
    size=st.just(8),
)
ticks = st.builds(Step, st.just("tick"), after=st.sampled_from([1800, SECOND, 3 * SECOND]))
fulls = st.builds(Step, st.just("full"), key=st.booleans())


@given(st.lists(frames, max_size=80))
def test_ordinary_stream_is_all_there(steps: list[Step]) -> None:
    steps = [Step(key=True), *steps]
    (run,) = Feeder().play(steps)
    made = check_run(run)
    assert [one.data for one in made.samples(Track.VIDEO)] == [fed.data for fed in run.video]
    start = run.video[0].media
    assert [one.media for one in made.samples(Track.VIDEO)] == [f.media - start for f in run.video]


@given(st.lists(st.one_of(frames, frames, odd_frames, ticks), max_size=60))
def test_odd_stream_loses_nothing_in_silence(steps: list[Step]) -> None:
    for run in Feeder().play([Step(key=True), *steps]):
        check_run(run)


@given(st.lists(st.one_of(frames, odd_frames, ticks, fulls, sounds), max_size=80), st.booleans())
@example([Step("full", key=True), Step(), Step("full"), Step(key=True), Step()], False)
def test_stream_on_a_slow_disk_says_what_is_missing(steps: list[Step], sound: bool) -> None:
    for run in Feeder(sound=sound).play([Step(key=True), *steps]):
        check_run(run)


@given(
    fps=st.integers(1, 60),
    gop=st.integers(1, 600),
    jitter=st.lists(st.integers(-200, 200), min_size=1, max_size=7),
)
def test_rates_and_gops(fps: int, gop: int, jitter: list[int]) -> None:
    step = SECOND // fps
    steps = [
        Step(key=n % gop == 0, after=step + jitter[n % len(jitter)]) for n in range(min(gop, 100))
    ]
    feeder = Feeder()
    (run,) = feeder.play([*steps, Step(key=True, after=step), *steps[1:20]])
    made = check_run(run)
    assert not made.holes
    assert len(made.samples(Track.VIDEO)) == len(run.video)


def test_empty_pictures_are_samples_too() -> None:
    steps = [Step(key=n % 9 == 0, size=n % 2) for n in range(40)]
    (run,) = Feeder().play(steps)
    got = read(run.sink).samples(Track.VIDEO)
    assert [len(one.data) for one in got] == [n % 2 for n in range(40)]


def test_files_begin_with_key_frames_when_they_are_long_enough() -> None:
    steps = [Step(key=n % 25 == 0) for n in range(25 * 12)]
    (run,) = Feeder(file=5 * SECOND).play(steps)
    made = check_run(run)
    assert [info.media_from for info in made.files] == [0, 5 * SECOND, 10 * SECOND]


def test_other_parameters_begin_a_file() -> None:
    steps = [Step(key=True), Step(), Step(key=True, width=80), Step(), Step(key=True, width=80)]
    (run,) = Feeder(file=300 * SECOND).play(steps)
    assert len(check_run(run).files) == 2


def test_huge_pictures_fit_into_fragments() -> None:
    steps = [Step(key=n == 0, after=1500, size=8 << 20) for n in range(12)]
    (run,) = Feeder().play(steps)
    made = check_run(run)
    assert len(made.samples(Track.VIDEO)) == 12


def test_a_picture_beyond_reason_is_an_error_of_the_camera() -> None:
    sink = KeptJobs()
    assembler = Assembler(CAMERA, StreamName.MAIN, sink)
    with pytest.raises(StreamInvalidError):
        assembler.add_video(video_packet(0, 0), bytes(65 << 20), True, parameters())
    assert not assembler.end(GapCause.STREAM_INVALID, WALL_NS)
    assert not sink.jobs


def test_first_key_frame_without_time_begins_the_run() -> None:
    """One run: what follows tells where the first one was."""
    steps = [Step(key=True, timed=False), *(Step() for _ in range(30))]
    feeder = Feeder()
    feeder._clock = 5_000_000_000
    (run,) = feeder.play(steps)
    assert len(check_run(run).samples(Track.VIDEO)) == 31


def test_a_hole_inside_a_run_is_told_once() -> None:
    steps = [Step(key=True), Step(), Step(after=4 * SECOND), Step(), Step(key=True), Step()]
    (run,) = Feeder().play(steps)
    made = check_run(run)
    (hole,) = made.holes
    assert (hole.media_from, hole.media_to) == (7200, 3600 + 4 * SECOND + 7200)
    assert hole.cause is GapCause.CAMERA_DROPPED
    assert len(made.samples(Track.VIDEO)) == 6, "what came before the next key frame is kept"


def test_a_hole_and_a_full_disk_are_not_two_causes_for_one_second() -> None:
    steps = [
        Step(key=True), Step(), Step(after=4 * SECOND), Step("full", key=True),
        *(Step() for _ in range(30)), Step(key=True), *(Step() for _ in range(15)),
        Step("full"), Step(key=True), *(Step() for _ in range(15)),
    ]  # fmt: skip
    (run,) = Feeder().play(steps)
    made = check_run(run)
    assert len(made.holes) == 1


def test_a_disk_that_is_full_at_a_files_border_leaves_no_empty_file() -> None:
    steps = [
        Step(key=True), *(Step() for _ in range(12)), Step("full", key=True),
        *(Step(key=True, width=64 + 16 * (n % 2)) for n in range(30)),
    ]  # fmt: skip
    (run,) = Feeder().play(steps)
    made = check_run(run)
    assert len(made.files) == 1
    assert made.end is not None
    assert made.end.media_to >= made.files[-1].media_from


def test_a_run_that_finds_no_room_at_all_was_no_run() -> None:
    (run,) = Feeder().play([Step("full", key=True), Step(key=True), *(Step() for _ in range(50))])
    made = check_run(run)
    assert (made.files, made.end, made.holes) == ([], None, [])


# --- sound ------------------------------------------------------------------------------------


def _with_sound(fps: int, seconds: int, gop: int, late: int, from_s: float = 0) -> list[Step]:
    """Video with a frame of sound each 40 ms, told ``late`` ticks late."""
    steps: list[tuple[int, Step]] = [
        (n * SECOND // fps, Step(after=0 if n == 0 else SECOND // fps, key=n % gop == 0))
        for n in range(fps * seconds)
    ]
    said = [at for at in range(0, seconds * SECOND, 3600) if at >= from_s * SECOND]
    steps += [(at + late, Step("sound", at, size=8)) for at in said]
    steps.sort(key=lambda each: each[0])
    clock = 0
    placed = []
    for at, step in steps:
        if step.kind == "video":
            clock = at
        else:
            step = Step("sound", step.after - clock, size=8)
        placed.append(step)
    return placed


@pytest.mark.parametrize("fps", [1, 5, 25])
@pytest.mark.parametrize("late", [1, 9000])
def test_all_sound_is_kept(fps: int, late: int) -> None:
    (run,) = Feeder(sound=True).play(_with_sound(fps, 22, 5 * fps, late))
    made = check_run(run)
    assert len(made.files) >= 4
    got = {one.data for one in made.samples(Track.SOUND)}
    # One that belongs to the file before, and comes when that is closed, is too late.
    missing = [fed.media / 8000 for fed in run.sound if fed.data not in got]
    assert not missing
    assert not made.broke


def test_sound_that_starts_late_and_stops_leaves_the_picture_alone() -> None:
    steps = _with_sound(10, 6, 20, 0, from_s=3)
    (run,) = Feeder(sound=True).play([*steps, Step("tick", after=2 * SECOND)])
    made = check_run(run)
    assert len(made.samples(Track.VIDEO)) == 60
    assert len(made.samples(Track.SOUND)) == len(run.sound)
    assert [one.what for one in made.broke] == ["stopped"]


def test_sound_that_stutters_does_not_fill_the_ledger() -> None:
    steps = [Step(key=True), *(Step() for _ in range(20))]
    for _ in range(200):
        steps += [Step("sound", 0, size=8), Step("sound", 0, size=8), Step(after=400)]
    (run,) = Feeder(sound=True).play(steps)
    assert len(check_run(run).broke) <= 2


# --- time-outs --------------------------------------------------------------------------------


def test_an_idle_fragment_is_closed_within_a_second() -> None:
    sink = KeptJobs()
    assembler = Assembler(CAMERA, StreamName.MAIN, sink)
    assembler.add_video(video_packet(0, 0), b"key", True, parameters())
    assembler.tick(10**9 - 1)
    assert not sink.jobs
    assembler.tick(10**9)
    assert [one.data for one in read(sink).samples(Track.VIDEO)] == [b"key"]


def test_the_end_is_told_once() -> None:
    sink = KeptJobs()
    assembler = Assembler(CAMERA, StreamName.MAIN, sink)
    assembler.add_video(video_packet(0, 0), b"key", True, parameters())
    assert assembler.end(GapCause.PAUSED, WALL_NS)
    assert assembler.end(GapCause.STALLED, WALL_NS)
    assembler.tick(10**10)
    assert [type(job) for job in sink.jobs] == [OpenFile, WriteFragment, EndRun]
