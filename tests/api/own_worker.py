"""The media-worker in this process."""

from msgspec.structs import replace

from watchglass.api.errors import MediaWorkerError, PictureDamagedError
from watchglass.app.picture_desk import PictureDesk
from watchglass.base.clock import SystemClock
from watchglass.model.conversion import Converted, ConvertRequest, FormRequest, FormTold
from watchglass.model.still import (
    FromMediaWorker,
    MediaRequest,
    Still,
    StillRefused,
    StillRequest,
)


class OwnWorker:
    """The media-worker's desk in this process, and what it was asked."""

    def __init__(self) -> None:
        self._desk = PictureDesk(SystemClock(), 1, 60.0, lambda: None)
        self.asked: list[MediaRequest] = []
        self.refuses = False
        """It converts nothing, as one that has too much to do."""

        self.dead = False
        """It makes nothing at all."""

    def still(self, request: StillRequest) -> bytes:
        made = self._answer(request)
        assert isinstance(made, Still)
        return made.jpeg

    def convert(self, request: ConvertRequest) -> Converted | None:
        made = self._answer(request)
        return made if isinstance(made, Converted) else None

    def form(self) -> FormTold:
        made = self._answer(FormRequest())
        assert isinstance(made, FormTold)
        return made

    def _answer(self, request: MediaRequest) -> FromMediaWorker | None:
        self.asked.append(request)
        if self.dead or (self.refuses and not isinstance(request, StillRequest)):
            raise MediaWorkerError("Pictures cannot be made just now.")
        made = self._desk.answer(replace(request, until_ns=1 << 62))
        if isinstance(made, StillRefused):
            raise PictureDamagedError(made.sentence)
        return made
