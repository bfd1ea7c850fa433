"""What a worker tells of cameras that it was not given is not believed, whoever has them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId, GapId, random_id
from watchglass.bus.client import BusClient
from watchglass.bus.message import Codec
from watchglass.bus.proof import Key
from watchglass.model.fact import GapOpened
from watchglass.model.gap import GapCause
from watchglass.model.order import AddCamera, Facts, FromKeeper, Ordered, Synced, ToKeeper
from watchglass.model.stream import StreamName
from watchglass.model.way import Stand
from watchglass.recording.desk import KeeperLimits
from watchglass.recording.keeper import Keeper
from watchglass.recording.keeper_service import KeeperService
from watchglass.recording.volume import create_volume

MAIN = StreamName.MAIN
_PATIENCE_S = 20.0


@dataclass
class Keeping:
    """A keeper that serves, and two cameras."""

    state: Path
    stand: Stand
    cameras: list[CameraId] = field(default_factory=lambda: [CameraId(random_id()) for _ in "ab"])

    def causes(self, camera: CameraId) -> list[str]:
        found = sorted((self.state / "ledger" / camera).glob("*.jsonl"))
        text = "".join(each.read_text() for each in found)
        return [cause.value for cause in (GapCause.STALLED, GapCause.AUTH_FAILED) if cause in text]


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Keeping]:
    disk, clock = Disk(), SystemClock()
    volume = create_volume(tmp_path / "media", disk, clock)
    limits = KeeperLimits(ballast_bytes=0, floor_bytes=0, sync_s=0.1)
    keeper = Keeper(tmp_path / "state", disk, clock, limits)
    keeper.start([volume], fresh=True)
    found = Keeping(tmp_path / "state", Stand(f"ipc://{tmp_path}/keeper", Key.make().text))
    for number, camera in enumerate(found.cameras):
        keeper.take_order("me", Ordered(number, AddCamera(camera, (MAIN,), "a", "", "", "me")))
    service = KeeperService(keeper, found.stand, clock)
    thread = threading.Thread(target=service.serve)
    thread.start()
    yield found
    service.stop()
    thread.join()
    keeper.close()


class Teller:
    """A worker's end of the hop, with what it was given to show."""

    def __init__(self, keeping: Keeping, name: str, given: dict[CameraId, str]) -> None:
        self._given = given
        self._last = -1
        self._client: BusClient[ToKeeper, FromKeeper] = BusClient(
            keeping.stand.endpoint, name, Codec[ToKeeper](ToKeeper), Codec[FromKeeper](FromKeeper),
            limit_bytes=1 << 20, proof=Key(keeping.stand.key).proof(name),
        )  # fmt: skip

    def tell(self, *facts: GapOpened) -> None:
        """Tell these together, and wait until they are acknowledged."""
        self._last += len(facts)
        self._client.send(Facts("session", self._last, list(facts), self._given))
        self._until(lambda message: isinstance(message, Synced) and message.last == self._last)

    def close(self) -> None:
        self._client.close()

    def _until(self, told: Callable[[FromKeeper], bool]) -> None:
        until_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until_s:
            if any(told(each) for each in self._client.poll(0.05)):  # type: ignore[arg-type]
                return
        raise AssertionError("the keeper says nothing")


def gap(camera: CameraId, cause: GapCause) -> GapOpened:
    return GapOpened(GapId(random_id()), camera, MAIN, cause, time.time_ns())


@pytest.mark.parametrize("shows", ["nothing", "its name", "another's", "of another", "junk"])
def test_of_another_workers_camera_nothing_is_believed(keeping: Keeping, shows: str) -> None:
    own, other = keeping.cameras
    key = Key(keeping.stand.key)
    shown = {
        "nothing": {},
        "its name": {other: key.proof("w1")},
        "another's": {other: key.proof("w2")},
        "of another": {other: key.proof("w1", own)},
        "junk": {other: "x" * 64},
    }[shows]
    with closing(Teller(keeping, "w1", {own: key.proof("w1", own), **shown})) as worker:
        worker.tell(gap(other, GapCause.STALLED), gap(own, GapCause.STALLED))
        worker.tell(gap(other, GapCause.AUTH_FAILED))
    assert keeping.causes(own) == ["stalled"]
    assert keeping.causes(other) == []


def test_a_camera_that_moved_is_told_of_by_both(keeping: Keeping) -> None:
    """What the first has yet to tell comes after the second has begun."""
    (camera, _), key = keeping.cameras, Key(keeping.stand.key)
    for name, cause in (("w1", GapCause.STALLED), ("w2", GapCause.AUTH_FAILED)):
        with closing(Teller(keeping, name, {camera: key.proof(name, camera)})) as worker:
            worker.tell(gap(camera, cause))
    assert keeping.causes(camera) == ["stalled", "auth_failed"]


def test_a_proof_of_a_camera_is_none_of_a_name() -> None:
    key, camera = Key.make(), CameraId(random_id())
    assert not key.admits("w1", key.proof("w1", camera).encode())
    assert not key.admits("w1", key.proof("w1").encode(), camera)
    assert key.admits("w1", key.proof("w1", camera).encode(), camera)
