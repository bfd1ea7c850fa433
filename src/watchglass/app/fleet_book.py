"""What was made of the fleet, kept as long as nothing it was made from has changed."""

import hashlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

import watchglass
from watchglass.app.fleet import KeptStores
from watchglass.app.ground import Ground
from watchglass.app.refusal import error_of
from watchglass.app.task import Task
from watchglass.base.disk import WriteSite
from watchglass.base.errors import BusError
from watchglass.model.control import Accepted, Refused
from watchglass.model.egress import CameraBounds
from watchglass.model.survey_control import FleetMade, FleetOrder
from watchglass.trust.day import day_of_ns
from watchglass.trust.report.signature import ReportKey
from watchglass.trust.view import BOUNDS, DEVICE_PAGE, INDEX, REPORT_PAGE

_MODULE = "watchglass.app.fleet_process"
_MOST_S = 120.0
_KEPT = 3
_ANSWERS: msgspec.json.Decoder[Accepted | Refused] = msgspec.json.Decoder(Accepted | Refused)
Judging = Callable[[FleetOrder], None]


def judge_apart(order: FleetOrder) -> None:
    """In a process of its own, which ends with it; raises what it was refused for."""
    try:
        with Task(_MODULE) as task:
            task.tell(order)
            line = task.last_line(_MOST_S)
    except TimeoutError:
        raise BusError(
            f"Judging the devices took more than {_MOST_S:.0f} s: forget scans that are not needed "
            "any more, with 'watchglass trust scans --forget ID'."
        ) from None
    try:
        answer = _ANSWERS.decode(line)
    except msgspec.DecodeError:
        raise BusError("The process that judges devices failed: the log says why.") from None
    if isinstance(answer, Refused):
        raise error_of(answer)


class FleetBook:
    """Thread-safe; who asks while it is made waits for it."""

    def __init__(self, on: Ground, stores: KeptStores, judging: Judging = judge_apart) -> None:
        self._on = on
        self._stores = stores
        self._judging = judging
        self._lock = threading.Lock()
        self._folder = on.layout.run / "fleet"

    def made(self, *, report: bool, page: str = "") -> FleetMade:
        """The fleet as of now: its views, and the report or a device's page if that is wanted."""
        with self._lock:
            key = self._key()
            folder = self._folder / key
            wanted = DEVICE_PAGE.format(page) if page else REPORT_PAGE if report else INDEX
            if not (folder / wanted).exists():
                self._make(folder, report=report, page=page)
            return FleetMade(key, str(folder))

    def bounds(self) -> CameraBounds:
        """Which address was which camera's, as of now."""
        path = Path(self.made(report=False).folder) / BOUNDS
        try:
            return msgspec.json.decode(path.read_bytes(), type=CameraBounds)
        except (OSError, msgspec.MsgspecError):
            raise BusError("Whose addresses are is not known just now: try again.") from None

    def _make(self, folder: Path, *, report: bool, page: str) -> None:
        on = self._on
        if report or page:
            # Made here, so that who judges needs no right to any other key.
            ReportKey.load_or_create(on.layout.vault_key.parent, on.disk)
        on.disk.make_folders(WriteSite.SETTINGS, folder, 0o700)
        settings = on.settings
        self._judging(
            FleetOrder(
                str(settings.data), str(folder), report, settings.log_level.value,
                settings.log_json, page, settings.fences,
            )
        )  # fmt: skip
        self._forget_old(folder)

    def _forget_old(self, newest: Path) -> None:
        """Some stay, for who has just been told of them."""
        others = [each for each in self._folder.iterdir() if each != newest]
        others.sort(key=lambda each: each.stat().st_mtime_ns, reverse=True)
        for each in others[_KEPT - 1 :]:
            shutil.rmtree(each, ignore_errors=True)

    def _key(self) -> str:
        """Of all that a judgement is made from."""
        on = self._on
        stores = self._stores
        parts = [
            watchglass.__version__, str(day_of_ns(on.clock.wall_ns())), stores.trust.digest(),
            stores.egress.digest(),
        ]  # fmt: skip
        for each in sorted((on.layout.state / "facts").glob("*.csv")):
            state = each.stat()
            parts.append(f"{each.name} {state.st_mtime_ns} {state.st_size}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
