"""A table of cameras that somebody gave on the page: several rows are looked at at once, each is
recorded or its fault told, and it can be ended in between.

Again with the same table does no harm: a camera that is there is left as it is. Each row is tried
once, because many cameras lock out who is refused twice. Passwords are forgotten row by row.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.errors import RefusedError, WatchglassError
from watchglass.base.ids import CameraId
from watchglass.base.secret import Secret
from watchglass.cameras.table import Row, is_there, login_of
from watchglass.model.camera import Camera
from watchglass.model.camera_table import (
    Outcome,
    RowState,
    StartTableRequest,
    StopTableRequest,
    TableErrand,
    TableRequest,
    TableState,
    WantedCamera,
)
from watchglass.model.control import Accepted
from watchglass.model.survey_control import RecordRequest

TOGETHER = 4
_UNDER_WAY = frozenset({Outcome.WAITING, Outcome.LOOKING})
_LOG = log.get("table")


class TableDesk:
    """Thread-safe. ``record`` looks at a camera and records it, which takes seconds."""

    def __init__(
        self,
        clock: Clock,
        record: Callable[[RecordRequest], Accepted],
        cameras: Callable[[], Sequence[Camera]],
    ) -> None:
        self._clock = clock
        self._record = record
        self._cameras = cameras
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._rows: list[RowState] = []
        self._id = self._change = self._started_ns = self._left = 0
        self._ended_ns: int | None = None
        self._by = ""
        self._stopping = self._closed = False

    def answer(self, errand: TableErrand) -> TableState:
        match errand:
            case StartTableRequest():
                return self.start(errand)
            case StopTableRequest():
                return self.stop()
            case TableRequest():
                return self.state(errand.after)

    def start(self, request: StartTableRequest) -> TableState:
        """RefusedError while another goes on."""
        with self._lock:
            if self._left or self._closed:
                raise RefusedError("A table is being read in: stop it first, or wait for its end.")
            self._id += 1
            self._by, self._stopping = request.by, False
            self._started_ns, self._ended_ns = self._clock.wall_ns(), None
            self._rows = []
            for row in request.rows:
                outcome = Outcome.FAILED if row.fault else Outcome.WAITING
                self._change += 1
                self._rows.append(
                    RowState(
                        row.line, row.address, row.name, outcome, row.fault, None, self._change
                    )
                )
            wanted = [at for at, row in enumerate(request.rows) if not row.fault]
            self._left = len(wanted)
            if not wanted:
                self._ended_ns = self._started_ns
            else:
                self._pool = ThreadPoolExecutor(TOGETHER, "table")
                for at in wanted:
                    self._pool.submit(self._do, self._id, at, request.rows[at], request)
                self._pool.shutdown(wait=False)
        _LOG.info("table_started", rows=len(request.rows), by=request.by)
        return self.state(0)

    def stop(self) -> TableState:
        """Nothing more is begun; what is looked at comes to its end."""
        with self._lock:
            self._stopping = self._left > 0
        return self.state(0)

    def state(self, after: int) -> TableState:
        with self._lock:
            return TableState(
                id=self._id, by=self._by, started_ns=self._started_ns, ended_ns=self._ended_ns,
                running=self._left > 0, stopping=self._stopping,
                counts=dict(Counter(each.outcome for each in self._rows)),
                rows=tuple(each for each in self._rows if each.change > after),
                change=self._change,
            )  # fmt: skip

    def close(self) -> None:
        """Nothing more is begun, now and later; nobody waits for what is looked at."""
        with self._lock:
            self._closed = self._stopping = True
            pool = self._pool
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    # --- a row, in a thread of the pool --------------------------------------------------------

    def _do(self, table: int, at: int, row: WantedCamera, of: StartTableRequest) -> None:
        if self._stopping:
            self._tell(at, Outcome.LEFT, "It was not looked at.")
        else:
            self._tell(at, Outcome.LOOKING, "")
            try:
                self._tell(at, *self._outcome(row, of))
            except WatchglassError as error:
                self._tell(at, Outcome.FAILED, error.sentence)
            except Exception:  # noqa: BLE001 - the border of a row: the others go on
                _LOG.exception("row_failed", line=row.line)
                self._tell(at, Outcome.FAILED, "The recorder failed at it: its log says where.")
        with self._lock:
            self._left -= 1
            if not self._left:
                self._ended_ns, self._stopping = self._clock.wall_ns(), False
                _LOG.info("table_ended", table=table)

    def _outcome(self, row: WantedCamera, of: StartTableRequest) -> tuple[Outcome, str, CameraId]:
        password = Secret(row.password) if row.password else None
        asked = Row(row.line, row.url, row.name, row.user, password, row.source)
        there = is_there(asked, self._cameras())
        if there is not None:
            return Outcome.THERE, f"It is set up already, as {there.name}.", there.id
        user, secret = login_of(asked, of.user, of.password)
        done = self._record(
            RecordRequest(
                url=row.url, by=of.by, name=row.name, user=user, password=secret, allow=of.allow,
                source=row.source,
            )
        )  # fmt: skip
        assert done.camera is not None
        if done.already:
            return Outcome.THERE, "It is set up already.", done.camera
        return Outcome.ADDED, "It is recorded from now on.", done.camera

    def _tell(
        self, at: int, outcome: Outcome, sentence: str, camera: CameraId | None = None
    ) -> None:
        with self._lock:
            self._change += 1
            row = self._rows[at]
            self._rows[at] = RowState(
                row.line, row.address, row.name, outcome, sentence, camera, self._change
            )
