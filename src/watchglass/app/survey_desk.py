"""What people ask of the devices around the recorder: answered apart from orders to record.

In threads of its own: judging 700 devices or looking at a camera takes seconds, and a pause or a
look into the ledger must not wait for it.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

from watchglass.app.egress_desk import EgressDesk
from watchglass.app.fleet import KeptStores
from watchglass.app.fleet_book import FleetBook, Judging, judge_apart
from watchglass.app.ground import Ground
from watchglass.app.scan_desk import Cameras, ScanDesk
from watchglass.app.settings_desk import SettingsDesk
from watchglass.app.table_desk import TableDesk
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.model.camera_table import (
    StartTableRequest,
    StopTableRequest,
    TableRequest,
    TableState,
)
from watchglass.model.control import Accepted
from watchglass.model.egress import EgressState, EgressStateRequest, EgressTaken, TakeEgressRequest
from watchglass.model.settings_import import (
    ReadSettingsRequest,
    SettingsRead,
    TakeChannelRequest,
)
from watchglass.model.survey_control import (
    FleetMade,
    FleetRequest,
    LookedAt,
    LookRequest,
    RecordRequest,
    ResumeScanRequest,
    Scans,
    ScansRequest,
    StartScanRequest,
    StopScanRequest,
    SurveyRequest,
)

_THREADS = 3
_LOG = log.get("survey")
Answer: TypeAlias = (
    FleetMade | Scans | LookedAt | TableState | SettingsRead | Accepted | EgressTaken | EgressState
)


class SurveyDesk:
    """``answer`` blocks, and is for the threads of ``pool``."""

    def __init__(
        self,
        on: Ground,
        record: Callable[[RecordRequest], Accepted],
        cameras: Cameras,
        look: Callable[[RecordRequest], LookedAt],
        settings: SettingsDesk,
        judging: Judging = judge_apart,
    ) -> None:
        self._record = record
        self._look = look
        self._settings = settings
        self._stores = KeptStores(on)
        self._book = FleetBook(on, self._stores, judging)
        self.egress = EgressDesk(on, self._book.bounds)
        self._scans = ScanDesk(on, self._stores, cameras)
        self._table = TableDesk(on.clock, record, cameras)
        self.pool = ThreadPoolExecutor(_THREADS, "survey")
        self._upkeep: Future[None] | None = None

    def answer(self, request: SurveyRequest) -> Answer:
        """Do what was asked. Raises what stands in the way."""
        match request:
            case FleetRequest():
                return self._book.made(report=request.report, page=request.page)
            case RecordRequest():
                return self._record(request)
            case LookRequest():
                return self._look(request.camera)
            case TakeEgressRequest():
                return self.egress.take(request)
            case EgressStateRequest():
                return self.egress.state()
            case StartTableRequest() | StopTableRequest() | TableRequest():
                return self._table.answer(request)
            case ReadSettingsRequest() | TakeChannelRequest():
                return self._settings.answer(request)
            case _:
                return self._scanned(request)

    def _scanned(
        self, request: StartScanRequest | ResumeScanRequest | StopScanRequest | ScansRequest
    ) -> Scans:
        match request:
            case StartScanRequest():
                self._scans.start(request.networks, request.logins, request.by)
            case ResumeScanRequest():
                self._scans.resume(request.scan, request.logins, request.by)
            case StopScanRequest():
                self._scans.stop(request.scan)
        return self._scans.states()

    def keep_up(self) -> None:
        """What falls due, in a thread that may wait."""
        if self.egress.listens and (self._upkeep is None or self._upkeep.done()):
            self._upkeep = self.pool.submit(self._keep_up)

    def _keep_up(self) -> None:
        try:
            self.egress.keep_up()
        except WatchglassError as error:
            _LOG.error("egress_not_kept_up", error=error.sentence)

    def close(self) -> None:
        self.egress.close()
        self._table.close()
        self._scans.close()
        self.pool.shutdown(wait=False, cancel_futures=True)
        self._stores.close()
