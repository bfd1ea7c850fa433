"""What people ask of the devices around the recorder: answered apart from orders to record.

In threads of its own: judging 700 devices or looking at a camera takes seconds, and a pause or a
look into the ledger must not wait for it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from watchglass.app.fleet_book import FleetBook, Judging, judge_apart
from watchglass.app.ground import Ground
from watchglass.app.scan_desk import Cameras, ScanDesk
from watchglass.app.settings_desk import SettingsDesk
from watchglass.app.table_desk import TableDesk
from watchglass.model.camera_table import (
    StartTableRequest,
    StopTableRequest,
    TableRequest,
    TableState,
)
from watchglass.model.control import Accepted
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
Answer: TypeAlias = FleetMade | Scans | LookedAt | TableState | SettingsRead | Accepted


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
        self._book = FleetBook(on, judging)
        self._scans = ScanDesk(on, cameras)
        self._table = TableDesk(on.clock, record, cameras)
        self.pool = ThreadPoolExecutor(_THREADS, "survey")

    def answer(self, request: SurveyRequest) -> Answer:
        """Do what was asked. Raises what stands in the way."""
        match request:
            case FleetRequest():
                return self._book.made(report=request.report, page=request.page)
            case RecordRequest():
                return self._record(request)
            case LookRequest():
                return self._look(request.camera)
            case StartScanRequest():
                self._scans.start(request.networks, request.logins, request.by)
            case ResumeScanRequest():
                self._scans.resume(request.scan, request.logins, request.by)
            case StopScanRequest():
                self._scans.stop(request.scan)
            case ScansRequest():
                pass
            case StartTableRequest() | StopTableRequest() | TableRequest():
                return self._table.answer(request)
            case ReadSettingsRequest() | TakeChannelRequest():
                return self._settings.answer(request)
        return self._scans.states()

    def close(self) -> None:
        self._table.close()
        self._scans.close()
        self.pool.shutdown(wait=False, cancel_futures=True)
