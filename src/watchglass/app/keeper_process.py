"""Entry of the keeper process: reads what to keep from standard input."""

import signal
import sys
import threading
from pathlib import Path

import msgspec

from watchglass.app.fences import fence_in, of_keeper, tell
from watchglass.app.pipes import first_message, leave, say, take_messages
from watchglass.app.refusal import refusal
from watchglass.app.reporter import Reporter
from watchglass.app.volumes import present
from watchglass.base import heap, log
from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk
from watchglass.base.errors import WatchglassError
from watchglass.model.assignment import KeeperStart, Shutdown, ToKeeperProcess
from watchglass.model.control import Accepted
from watchglass.model.gap import GapCause
from watchglass.model.metric import Sample
from watchglass.model.vitals import Alive, Vitals
from watchglass.recording.desk import KeeperLimits
from watchglass.recording.keeper import Keeper
from watchglass.recording.keeper_service import KeeperService


def main() -> None:
    """Keep until told to stop; when the supervisor is gone, until the workers are too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    heap.bound()
    decoder: msgspec.json.Decoder[ToKeeperProcess] = msgspec.json.Decoder(ToKeeperProcess)
    try:
        start = first_message(decoder)
    except EOFError:
        return
    assert isinstance(start, KeeperStart)
    log.configure(start.log_level, json=start.log_json)
    try:
        _keep(start, decoder)
    except WatchglassError as error:
        log.get("keeper").error("keeper_ended", error=error.sentence)
        say(refusal(error))
        sys.exit(error.exit_code)
    leave()


def _keep(start: KeeperStart, decoder: msgspec.json.Decoder[ToKeeperProcess]) -> None:
    tell(fence_in(of_keeper(), start.fences))
    clock, disk = SystemClock(), Disk()
    limits = KeeperLimits(
        sync_s=start.sync_ms / 1000,
        head_s=start.head_s,
        floor_bytes=start.floor_bytes,
        ballast_bytes=start.ballast_bytes,
        hash_again=True,
    )
    keeper = Keeper(Path(start.state), disk, clock, limits)
    # Before it takes up what is on disk, which may take minutes: until then it is only alive.
    telling = _Telling(keeper)
    reporter = Reporter(start.vitals, "keeper", telling.vitals, telling.samples, clock)
    reporter.start()
    heap.fill_names()
    heap.tend(clock)
    keeper.start(present(start.site.volumes), fresh=start.fresh)
    # A keeper that was restarted must not forget for how long to keep what.
    keeper.configure(start.site)
    service = telling.service = KeeperService(keeper, start.stand, clock)
    say(Accepted())
    stopping = threading.Event()

    def on_message(message: ToKeeperProcess) -> None:
        if isinstance(message, Shutdown):
            if message.cause is GapCause.RECORDER_STOPPED:
                stopping.set()
            service.stop()

    def on_end() -> None:
        if not stopping.is_set():
            service.left_alone()

    take_messages(decoder, on_message, on_end)
    service.serve()
    reporter.close()
    keeper.close(stopped=stopping.is_set())


class _Telling:
    """What the keeper says of itself: that it is alive, and all else once it serves."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self.service: KeeperService | None = None

    def vitals(self) -> Vitals:
        return self._keeper.vitals() if self.service is not None else Alive()

    def samples(self) -> list[Sample]:
        if self.service is None:
            return []
        return [*self._keeper.samples(), *self.service.samples()]


if __name__ == "__main__":
    main()
