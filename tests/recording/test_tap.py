"""Who watches gets what the file will have, from the pending pictures on, and costs it nothing."""

from collections.abc import Sequence
from itertools import pairwise

from tests.recording.packet_making import KeptJobs, parameters, sound_packet, video_packet
from watchglass.base.ids import CameraId
from watchglass.model.gap import GapCause
from watchglass.model.live import (
    LiveFrame,
    LiveItem,
    LiveShape,
    LiveSound,
    LiveSoundShape,
    SoundItem,
)
from watchglass.model.stream import SoundCodec, SoundParameters, StreamName, Track
from watchglass.recording.assembler import Assembler, Limits
from watchglass.recording.fragment import decode_fragment
from watchglass.recording.job import WriteFragment
from watchglass.recording.tap import Tap

CAMERA = CameraId("c" * 32)
STEP = 6000
STEP_NS = 66_666_667


class Watched:
    """A stream of 15 pictures a second that are not quite regular, and its tap."""

    def __init__(
        self, gop: int = 30, file_s: int = 300, sound: SoundParameters | None = None
    ) -> None:
        self.sound = sound
        self.tap = Tap()
        self.jobs = KeptJobs()
        self.limits = Limits(file=file_s * 90_000)
        self.gop = gop
        self.at = 0
        self.width = 64
        self.assembler = self.run()

    def run(self) -> Assembler:
        return Assembler(
            CAMERA, StreamName.MAIN, self.jobs, sound=self.sound, limits=self.limits, tap=self.tap
        )

    def feed(self, count: int) -> None:
        for _ in range(count):
            at, self.at = self.at, self.at + 1
            key = at % self.gop == 0
            packet = video_packet(at * STEP + at % 3, at * STEP_NS)
            told = parameters(self.width) if key else None
            self.assembler.add_video(packet, b"%08d" % at, key, told)

    def written(self) -> list[tuple[int, bytes]]:
        """Decode time in the run and data of what the sink was given."""
        found = []
        for job in self.jobs.jobs:
            if isinstance(job, WriteFragment):
                time, decoded = job.media_time, decode_fragment(job.data)
                for sample, offset in zip(decoded.samples, decoded.offsets, strict=True):
                    found.append((time, job.data[offset : offset + sample.data_bytes]))
                    time += sample.duration
        return found


def frames_of(items: Sequence[LiveItem]) -> list[LiveFrame]:
    return [item for item in items if isinstance(item, LiveFrame)]


def test_from_the_pending_pictures_on_nothing_is_missing() -> None:
    for fed_before in range(40):
        stream, got = Watched(), list[LiveItem]()
        stream.feed(fed_before)
        before = stream.written()
        stream.tap.sinks = (got.extend,)
        stream.assembler.show()
        given_at_once = frames_of(got)
        assert len(before) + len(given_at_once) == fed_before
        stream.feed(20)
        stream.assembler.end(GapCause.STALLED, 0)
        frames = frames_of(got)
        assert isinstance(got[0], LiveShape)
        assert [(each.decode_time, each.data) for each in frames] == stream.written()[len(before) :]
        assert frames[0].after == (before[-1][0] if before else -1)
        assert all(later.after == each.decode_time for each, later in pairwise(frames))
        assert [each.is_key for each in frames] == [
            int(each.data) % stream.gop == 0 for each in frames
        ]
        assert all(5000 < each.duration < 7000 for each in frames)


def test_a_picture_is_given_when_it_arrives() -> None:
    stream, got = Watched(), list[LiveItem]()
    stream.tap.sinks = (got.extend,)
    for count in range(1, 20):
        stream.feed(1)
        frames = frames_of(got)
        assert len(frames) == count
        assert frames[-1].wall_ns == video_packet(0, (count - 1) * STEP_NS).arrival_wall_ns


def test_new_parameters_and_new_runs_begin_with_their_shape() -> None:
    stream, got = Watched(gop=10), list[LiveItem]()
    stream.tap.sinks = (got.extend,)
    stream.feed(10)
    stream.width = 96
    stream.feed(10)
    stream.assembler.end(GapCause.STALLED, 0)
    stream.assembler = stream.run()
    stream.feed(3)
    shapes = [at for at, item in enumerate(got) if isinstance(item, LiveShape)]
    assert shapes == [0, 11, 22]
    for at in shapes:
        shape, frame = got[at], got[at + 1]
        assert isinstance(shape, LiveShape)
        assert isinstance(frame, LiveFrame)
        assert frame.is_key
        assert frame.run == shape.run
    assert [got[at].width for at in shapes] == [64, 96, 96]  # type: ignore[union-attr] # as above
    last = got[shapes[-1] + 1]
    assert isinstance(last, LiveFrame)
    assert (last.decode_time, last.after) == (0, -1)


def test_what_the_disk_refuses_is_seen_all_the_same() -> None:
    stream, got = Watched(), list[LiveItem]()
    stream.tap.sinks = (got.extend,)
    stream.jobs.refuses = lambda _: True
    stream.feed(40)
    assert len(frames_of(got)) == 40
    assert stream.written() == []


def test_another_sink_begins_anew_and_one_that_left_gets_nothing() -> None:
    stream, first, second = Watched(), list[LiveItem](), list[LiveItem]()
    stream.tap.sinks = (first.extend,)
    stream.feed(9)
    stream.tap.sinks = (second.extend,)
    stream.assembler.show()
    stream.feed(1)
    stream.tap.sinks = ()
    stream.assembler.show()
    stream.feed(5)
    assert len(frames_of(first)) == 9
    assert isinstance(second[0], LiveShape)
    assert [int(each.data) for each in frames_of(second)] == list(range(6, 10))


def test_several_get_the_same_each_from_where_it_came() -> None:
    stream, first, second = Watched(gop=10), list[LiveItem](), list[LiveItem]()
    stream.tap.sinks = (first.extend,)
    stream.feed(9)
    stream.tap.sinks = (first.extend, second.extend)
    stream.assembler.show()
    stream.feed(1)
    stream.width = 96
    stream.feed(15)
    assert [int(each.data) for each in frames_of(first)] == list(range(25))
    assert [int(each.data) for each in frames_of(second)] == list(range(6, 25))
    assert [type(each) for each in first].count(LiveShape) == 2
    assert first[-15:] == second[-15:]


def test_who_left_and_comes_back_begins_anew() -> None:
    stream, got = Watched(), list[LiveItem]()
    stream.tap.sinks = (got.extend,)
    stream.feed(9)
    stream.tap.sinks = ()
    stream.feed(4)
    got.clear()
    stream.tap.sinks = (got.extend,)
    stream.feed(1)
    assert isinstance(got[0], LiveShape)
    assert int(frames_of(got)[-1].data) == 13


# --- sound ----------------------------------------------------------------------------------------

G711 = SoundParameters(SoundCodec.PCM_ALAW, 8000, 1)


class Heard(Watched):
    """The same with a sound of 20 ms beside each 20 ms of picture."""

    def __init__(self) -> None:
        super().__init__(sound=G711)
        self.sounds = 0

    def feed_both(self, count: int) -> None:
        for _ in range(count):
            self.feed(1)
            until = self.at * STEP * 8000 // 90_000
            while self.sounds * 160 < until:
                at, self.sounds = self.sounds, self.sounds + 1
                packet = sound_packet(at * 160, at * 20_000_000, b"%08d" % at)
                self.assembler.add_sound(packet)

    def written_sound(self) -> list[bytes]:
        found = []
        for job in self.jobs.jobs:
            if isinstance(job, WriteFragment) and job.track is Track.SOUND:
                decoded = decode_fragment(job.data)
                for sample, offset in zip(decoded.samples, decoded.offsets, strict=True):
                    found.append(job.data[offset : offset + sample.data_bytes])
        return found


def test_sound_is_given_behind_its_shape_on_the_pictures_clock() -> None:
    stream, got, seen = Heard(), list[SoundItem](), list[LiveItem]()
    stream.tap.sound.sink = got.extend
    stream.tap.sinks = (seen.extend,)
    stream.feed_both(40)
    stream.assembler.end(GapCause.STALLED, 0)
    shape, *sounds = got
    assert isinstance(shape, LiveSoundShape)
    assert (shape.codec, shape.sample_rate, shape.channels) == (SoundCodec.PCM_ALAW, 8000, 1)
    heard = [each for each in sounds if isinstance(each, LiveSound)]
    assert [each.data for each in heard] == stream.written_sound()
    assert [each.time for each in heard] == [160 * at for at in range(len(heard))]
    assert {each.run for each in heard} == {frames_of(seen)[0].run}
    assert heard[3].wall_ns == sound_packet(0, 60_000_000, b"").arrival_wall_ns


def test_each_run_says_what_it_sounds_like_also_one_without() -> None:
    stream, got = Heard(), list[SoundItem]()
    stream.tap.sound.sink = got.extend
    stream.feed_both(3)
    stream.assembler.end(GapCause.STALLED, 0)
    stream.sound, stream.at = None, 0
    stream.assembler = stream.run()
    stream.feed(2)
    shapes = [each for each in got if isinstance(each, LiveSoundShape)]
    assert [each.codec for each in shapes] == [SoundCodec.PCM_ALAW, None]
    assert len({each.run for each in shapes}) == 2


def test_who_comes_to_hear_is_told_the_shape_at_once_and_who_left_hears_nothing() -> None:
    stream, got = Heard(), list[SoundItem]()
    stream.feed_both(3)
    stream.tap.sound.sink = got.extend
    stream.assembler.show()
    assert len(got) == 1
    stream.feed_both(1)
    count = len(got)
    assert count > 1
    stream.tap.sound.sink = None
    stream.feed_both(2)
    assert len(got) == count


def test_sound_that_the_disk_refuses_is_heard_all_the_same() -> None:
    stream, got = Heard(), list[SoundItem]()
    stream.tap.sound.sink = got.extend
    stream.jobs.refuses = lambda _: True
    stream.feed_both(40)
    assert sum(isinstance(each, LiveSound) for each in got) == stream.sounds
    assert stream.written_sound() == []
