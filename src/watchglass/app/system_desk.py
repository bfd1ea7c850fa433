"""How the recorder and its machine are, as the page tells it: findings, and the log."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

from watchglass.app import checkup
from watchglass.app.findings import findings, told
from watchglass.app.ground import Ground
from watchglass.app.health import named
from watchglass.app.kept_index import KeptIndex
from watchglass.app.model_speed import measured_speed
from watchglass.base import log
from watchglass.base.errors import ConfigError
from watchglass.config.settings import Settings
from watchglass.model.control import Status
from watchglass.model.health import Health
from watchglass.model.metric import Sample
from watchglass.model.system import LogLine, SystemReport
from watchglass.store.index import IndexStore
from watchglass.store.site import SiteStore

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_LINES = 300
_ASK_S = 2.0


class Asked(Protocol):
    """All processes that tell of themselves; those that do not answer in time are left out."""

    def measure(self, timeout_s: float) -> list[Sample]: ...

    def lines(self, timeout_s: float) -> dict[str, tuple[tuple[str, str, str], ...]]: ...


class SystemDesk:
    """Looks for the recorder that it is part of; ``processes`` are asked for their numbers and what
    they logged last."""

    def __init__(
        self,
        on: Ground,
        site: SiteStore,
        index: KeptIndex,
        status: Callable[[], Status],
        health: Callable[[], Health],
        processes: Asked,
    ) -> None:
        self.ground: Ground = on
        self.settings: Settings = on.settings
        self.is_running = True
        self._site = site
        self._index = index
        self._status = status
        self._health = health
        self._processes = processes

    def report(self) -> SystemReport:
        """All of it, as of now; takes a second or two."""
        status = self._status()
        speed = measured_speed(self._processes.measure(_ASK_S))
        found = tuple(told(each) for each in (*findings(self), *speed))
        return SystemReport(
            status.version, status.started_ns, status.processes, found, self._log(),
            self._site.backup_ns(), checkup.synchronised(),
        )  # fmt: skip

    def _log(self) -> tuple[LogLine, ...]:
        found = {"supervisor": log.recent(), **self._processes.lines(_ASK_S)}
        lines = [
            LogLine(at, level, process, text)
            for process, said in found.items()
            for at, level, text in said
        ]
        return tuple(sorted(lines, key=lambda line: line.at)[-_MOST_LINES:])

    # --- as `findings.Looked` ----------------------------------------------------------------

    def status(self) -> Status | None:
        return self._status()

    def health(self) -> Health:
        cameras = self._site.cameras(with_credentials=False)
        return named(self._health(), {each.id: each.name for each in cameras})

    @contextmanager
    def _own_store(self) -> Iterator[SiteStore]:
        yield self._site

    def store(self) -> AbstractContextManager[SiteStore]:
        return self._own_store()

    @contextmanager
    def _own_index(self) -> Iterator[IndexStore]:
        index = self._index.store()
        if index is None:
            raise ConfigError("There is no index yet: nothing was recorded.")
        yield index

    def index(self) -> AbstractContextManager[IndexStore]:
        return self._own_index()

    def command(self, words: str) -> str:
        return f"watchglass {words}"

    def when(self, at_ns: int) -> str:
        at = _EPOCH + timedelta(microseconds=at_ns // 1000)
        return f"{at:%Y-%m-%d %H:%M} UTC"
