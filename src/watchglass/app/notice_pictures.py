"""Pictures for notices, in the api process: that of the moment, with the masks of its camera
drawn by the media-worker. Nobody who reads a notice may see without masks."""

from concurrent.futures import ThreadPoolExecutor

from watchglass.api.filetable import FileTable
from watchglass.api.keyframe import Moment, key_frame
from watchglass.api.ports import ApiPorts
from watchglass.app.pipes import say
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.model.notice_picture import PictureTold, PictureWanted
from watchglass.model.stream import StreamName

_STREAMS = (StreamName.MAIN, StreamName.SUB)
_LOG = log.get("api")


class NoticePictures:
    """``take`` is for any thread; the answers go to the supervisor, by standard output."""

    def __init__(self, ports: ApiPorts, files: FileTable) -> None:
        self._ports = ports
        self._files = files
        self._pool = ThreadPoolExecutor(1, "notice pictures")

    def take(self, wanted: PictureWanted) -> None:
        self._pool.submit(self._answer, wanted)

    def _answer(self, wanted: PictureWanted) -> None:
        try:
            told = PictureTold(wanted.number, self.made(wanted))
        except WatchglassError as error:
            told = PictureTold(wanted.number, None, error.sentence)
        except Exception as error:  # noqa: BLE001 - the task's border: whoever asked gets an answer
            _LOG.exception("notice_picture_failed")
            told = PictureTold(wanted.number, None, f"It failed ({type(error).__name__}).")
        say(told)

    def made(self, wanted: PictureWanted) -> bytes:
        """The picture; raises what stands in the way, and where masks changed meanwhile."""
        frame = key_frame(
            self._ports,
            self._files,
            wanted.camera,
            _STREAMS,
            Moment(wanted.at_ns, newest=False, exact=True),
        )
        masking = self._ports.masks.masking(wanted.camera)
        jpeg = self._ports.still(frame.request(wanted.width, masking))
        if self._ports.masks.masking(wanted.camera) != masking:
            raise WatchglassError("The masks of this camera have just changed.")
        return jpeg
