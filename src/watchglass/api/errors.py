"""What goes wrong with what people ask to see. Apart from how it is told over HTTP: processes that
read recordings know of these, and no web framework."""

from watchglass.base.errors import BusError, DamagedError, NotFoundError
from watchglass.model.gap import GapCause


class GoneError(NotFoundError):
    """It was there once; ``cause`` says why it is not any more, where that is known."""

    code = "gone"

    def __init__(self, sentence: str, cause: GapCause | None = None) -> None:
        super().__init__(sentence)
        self.cause = cause


class NoPictureError(GoneError):
    """Nothing was on show at the moment asked for; ``cause`` is that of the gap."""

    code = "no_picture"


class PictureDamagedError(DamagedError):
    """A recorded key frame that cannot be decoded."""

    code = "picture_damaged"


class MediaWorkerError(BusError):
    """The process that makes pictures is not there, or has too much to do."""

    code = "media_worker"
