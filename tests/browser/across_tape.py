"""Recordings in the past whose pictures carry their number, made with the recorder's own writer."""

import os
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from tests.api.own_worker import OwnWorker
from tests.api.recorded import Browser, Recorded, Running, served
from tests.app.running import free_port
from tests.recording.keeper_making import Site, Worker
from tests.recording.stream_making import do_jobs
from watchglass.api.application import create_app
from watchglass.api.filetable import FileTable
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.ids import CameraId, GapId, random_id
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.camera import Camera, StreamAddress
from watchglass.model.fact import Fact, GapOpened, StreamIs
from watchglass.model.gap import GapCause
from watchglass.model.order import AddCamera, Facts
from watchglass.model.stream import (
    Packet,
    SoundCodec,
    SoundParameters,
    StreamName,
    Track,
    VideoCodec,
)
from watchglass.recording.assembler import Assembler, Limits
from watchglass.recording.job import Tell
from watchglass.recording.writer import StreamQueue, VolumeWriter
from watchglass.simulate.loop import Loop, LoopSpec, Sound
from watchglass.simulate.loop_cache import load_loop

FPS = 10
FILE_S = 10


def spec(**more: object) -> LoopSpec:
    """A minute of small pictures, a key frame each second unless told otherwise."""
    plain = {"width": 320, "height": 180, "fps": FPS, "gop_frames": FPS, "bit_rate": 250_000}
    return LoopSpec(**(plain | {"seconds": 60} | more))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Shown:
    """A recorded picture: when it came (UTC ms), and the number in it."""

    at_ms: int
    number: int


class Tape:
    """One stream of a camera whose pictures go round a loop by the clock, recorded or not."""

    def __init__(
        self, deck: "Deck", camera: CameraId, stream: StreamName, loop_spec: LoopSpec
    ) -> None:
        self.camera, self.stream = camera, stream
        self.load_into(deck.writer)
        self.clock: SimulatedClock = deck.site.clock
        self.shown: list[Shown] = []
        self.sound_on = True
        self._next: Loop | None = None
        self._use(load_loop(loop_spec))
        self._sound_at = 0

    def load_into(self, writer: VolumeWriter) -> None:
        """Begin anew, as a worker does that knows nothing of the one before."""
        self.queue = StreamQueue(self.camera, self.stream, writer, 16 << 20)
        self.assembler: Assembler | None = None

    def _use(self, loop: Loop) -> None:
        self._loop = loop
        self._codec = VideoCodec(loop.spec.codec)
        self._sets = ParameterSets(self._codec, loop.parameter_sets())
        self._sound = _sound_parameters(loop.sound)

    def switch(self, loop_spec: LoopSpec) -> None:
        """Other pictures from the next of their key frames on, as a camera does."""
        self._next = load_loop(loop_spec)

    @property
    def tick(self) -> int:
        """Pictures since 1970."""
        return self.clock.wall_ns() * FPS // NS_PER_S

    def take(self) -> None:
        """The picture that is due now, and the sound up to it."""
        if self._next is not None and self.tick % self._next.frames in self._next.keys:
            self._use(self._next)
            self._next = None
        number = self.tick % self._loop.frames
        is_key = number in self._loop.keys
        if self.assembler is None:
            if not is_key:
                return
            self.assembler = Assembler(
                self.camera, self.stream, self.queue, sound=self._sound,
                limits=Limits(file=FILE_S * 90_000),
            )  # fmt: skip
            self._sound_at = self.clock.wall_ns()
        dts, wall_ns = self.tick * 90_000 // FPS, self.clock.wall_ns()
        data = b"".join(len(nal).to_bytes(4, "big") + nal for nal in self._loop.nals(number))
        packet = Packet(
            Track.VIDEO, b"", dts, dts, 90_000, is_key, wall_ns, self.clock.monotonic_ns()
        )
        parameters = self._sets.parameters() if is_key else None
        self.assembler.add_video(packet, data, is_key, parameters)
        self.shown.append(Shown(wall_ns // 1_000_000, number))
        self._take_sound(wall_ns)

    def _take_sound(self, until_ns: int) -> None:
        sound, assembler = self._loop.sound, self.assembler
        if sound is None or assembler is None:
            return
        rate, step = sound.sample_rate, sound.packet_samples
        first = -(-self._sound_at * rate // NS_PER_S // step)
        last = until_ns * rate // NS_PER_S // step
        for number in range(first, last) if self.sound_on else ():
            packet = Packet(
                Track.SOUND, sound.packets[number % len(sound.packets)], number * step,
                number * step, rate, True, until_ns, self.clock.monotonic_ns(),
            )  # fmt: skip
            assembler.add_sound(packet)
        self._sound_at = until_ns

    def end(self, cause: GapCause) -> None:
        if self.assembler is not None:
            self.assembler.end(cause, self.clock.wall_ns())
            self.assembler = None
        self.queue.put_always(
            Tell(
                GapOpened(
                    GapId(random_id()), self.camera, self.stream, cause,
                    self.clock.wall_ns(),
                )
            )
        )  # fmt: skip

    def at(self, at_ms: float) -> Shown:
        """The picture on show at a moment."""
        return self.shown[bisect_right(self.shown, at_ms, key=lambda one: one.at_ms) - 1]

    def after(self, at_ms: float) -> list[Shown]:
        """The picture on show at a moment, and those that follow."""
        return self.shown[self.shown.index(self.at(at_ms)) :]


class Deck(Worker):
    """Tapes of one site that run together on its clock."""

    def __init__(self, folder: Path) -> None:
        site = Site(folder, file_s=FILE_S)
        # To a whole minute: numbers of pictures then say the second in it.
        site.clock.advance(-site.clock.wall_ns() % (60 * NS_PER_S))
        site.start()
        super().__init__(site)
        self.began_ns = site.clock.wall_ns()
        self.tapes: list[Tape] = []

    @property
    def cameras(self) -> list[CameraId]:
        return self.site.cameras

    def add(self, main: LoopSpec, sub: LoopSpec | None = None) -> list[Tape]:
        """A camera with one or two streams."""
        camera = CameraId(random_id())
        loops = {StreamName.MAIN: main} | ({StreamName.SUB: sub} if sub else {})
        added = AddCamera(camera, tuple(loops), "Gate", "10.0.0.7", "", "me")
        assert self.site.order(added) == ""
        self.site.cameras.append(camera)
        made = [Tape(self, camera, stream, loop) for stream, loop in loops.items()]
        self.tapes += made
        return made

    def run(self, seconds: float) -> None:
        """Let time pass; all is on disk and in the index then."""
        for tick in range(round(seconds * FPS)):
            self._due()
            for tape in self.tapes:
                tape.take()
            if tick % FPS == FPS - 1:
                self.settle()
        self.settle()

    def wait(self, seconds: float, cause: GapCause) -> None:
        """Nothing is recorded for that long."""
        for tape in self.tapes:
            tape.end(cause)
        self.settle()
        self.site.clock.advance(round(seconds * NS_PER_S))
        self.settle()

    def crash(self, seconds: float) -> None:
        """SIGKILL to the worker and the keeper, and a new start so much later.

        The fragment that was being filled is written before: how much is lost is tested elsewhere.
        """
        for tape in self.tapes:
            assert tape.assembler is not None
            tape.assembler.tick(self.site.clock.monotonic_ns() + 2 * NS_PER_S)
        self.settle()
        for tape in self.tapes:
            if tape.queue.media is not None:
                os.close(tape.queue.media.fd)
        self.site.kill_keeper()
        self.site.clock.advance(round(seconds * NS_PER_S))
        self.site.start()
        super().__init__(self.site)
        for tape in self.tapes:
            tape.load_into(self.writer)

    def _due(self) -> None:
        clock = self.site.clock
        clock.advance(NS_PER_S // FPS - clock.wall_ns() % (NS_PER_S // FPS))

    def settle(self) -> None:
        """What was written is told and synced, in no time."""
        do_jobs(self.writer)
        if not self.connected:
            self.connect()
        while batch := self.outbox.unsent():
            facts = [fact for _, fact in batch]
            self.site.running.take_facts(self.peer, Facts(self.session, batch[-1][0], facts))
        before_ns = self.site.clock.wall_ns()
        self.site.cycle(self)
        self.site.clock.step_wall(before_ns - self.site.clock.wall_ns())

    def connect(self) -> None:
        keeper = self.site.running
        keeper.peer_joined(self.peer)
        self.connected = True
        self.outbox.send_again()
        said: list[Fact] = [
            StreamIs(
                tape.camera, tape.stream,
                tape.assembler.run if tape.assembler is not None else None,
            )
            for tape in self.tapes
        ]  # fmt: skip
        keeper.take_facts(self.peer, Facts(self.session, -1, said))


def _sound_parameters(sound: Sound | None) -> SoundParameters | None:
    if sound is None:
        return None
    return SoundParameters(SoundCodec(sound.codec), sound.sample_rate, 1, sound.config)


@contextmanager
def serving(deck: Deck, ui: Path, worker: OwnWorker | None = None) -> Iterator[Browser]:
    """The page over what was recorded; the cookie of somebody who is signed in."""
    port = free_port()
    made = served(cast(Recorded, deck), port, ui, worker=worker)

    def cameras() -> list[Camera]:
        return [
            replace(
                each,
                streams=tuple(
                    StreamAddress(tape.stream, "rtsp://10.0.0.7/")
                    for tape in deck.tapes
                    if tape.camera == each.id
                ),
            )
            for each in made.ports.cameras()
        ]

    files = FileTable()
    of = replace(made, app=create_app(replace(made.ports, cameras=cameras), files))
    with Running(of, port) as at:
        browser = Browser(at)
        assert browser.set_up(of.token).status_code == 201
        yield browser
        browser.http.close()
