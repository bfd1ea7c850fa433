"""Pictures for notices, asked of the api process: it reads recordings and knows the masks, and has
them made by the media-worker, as for people who look."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from itertools import count

import msgspec

from watchglass.base.errors import BusError, NotFoundError
from watchglass.base.ids import CameraId
from watchglass.model.notice_picture import PictureTold, PictureWanted

_WAIT_S = 10.0
_WIDTH = 640
_TOLD: msgspec.json.Decoder[PictureTold] = msgspec.json.Decoder(PictureTold)


class PictureErrand:
    """``tell`` says something to the api process; False when it does not run. Thread-safe."""

    def __init__(self, tell: Callable[[object], bool]) -> None:
        self._tell = tell
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[PictureTold]] = {}

    def picture(self, camera: CameraId, at_ns: int) -> bytes:
        """A JPEG with masks drawn; blocks for 10 s at most. NotFoundError where there is none,
        BusError where nobody answers."""
        number, told = next(self._numbers), Future[PictureTold]()
        with self._lock:
            self._waiting[number] = told
        try:
            if not self._tell(PictureWanted(number, camera, at_ns, _WIDTH)):
                raise BusError("Pictures cannot be had just now: the page is being started.")
            answer = told.result(_WAIT_S)
        except TimeoutError as error:
            raise BusError("Nobody answered for a picture.") from error
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        if answer.jpeg is None:
            raise NotFoundError(answer.sentence)
        return answer.jpeg

    def hear(self, line: bytes) -> None:
        """A line of the api process, whatever it is about."""
        with suppress(msgspec.MsgspecError):
            told = _TOLD.decode(line)
            with self._lock:
                waiting = self._waiting.pop(told.number, None)
            if waiting is not None:
                waiting.set_result(told)
