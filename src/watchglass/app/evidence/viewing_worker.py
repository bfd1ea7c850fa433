"""Entry of the process that makes copies for browsers of what goes into one bundle.

It decodes what strangers' cameras sent, so it is fenced to the bundle's own folder: it reads
there, and writes to one folder within. It may die of a picture; then there is no copy.
"""

import os
import queue
import signal
from pathlib import Path

import msgspec

from watchglass.app.fences import fence_in, of_viewing, tell
from watchglass.app.few_rights import step_back
from watchglass.app.pipes import first_message, leave, say, take_messages
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.media.viewing import viewing_copy
from watchglass.model.export import ToViewing, ViewingMade, ViewingStart, ViewingWanted

_NICE = 2
_MOST_MEMORY_BYTES = 2 << 30
_PICTURE_S = 30.0
"""No picture takes that long: what does ends the process."""


def main() -> None:
    """Make what is asked for, one after the other, until nobody asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder: msgspec.json.Decoder[ToViewing] = msgspec.json.Decoder(ToViewing)
    try:
        start = first_message(decoder)
    except EOFError:
        return
    assert isinstance(start, ViewingStart)
    log.configure(start.log_level, json=start.log_json)
    tell(fence_in(of_viewing(Path(start.reads), Path(start.writes)), start.fences))
    step_back(_NICE, _MOST_MEMORY_BYTES)
    wanted: queue.SimpleQueue[ViewingWanted] = queue.SimpleQueue()

    def take(message: ToViewing) -> None:
        if isinstance(message, ViewingWanted):
            wanted.put(message)

    take_messages(decoder, take, lambda: os._exit(0))
    while True:
        say(_made(wanted.get()))


def _made(wanted: ViewingWanted) -> ViewingMade:
    try:
        count = viewing_copy(Path(wanted.source), Path(wanted.target), _alive)
    except WatchglassError as error:
        return ViewingMade(0, error.sentence)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ViewingMade(count)


def _alive() -> None:
    signal.setitimer(signal.ITIMER_REAL, _PICTURE_S)


if __name__ == "__main__":
    main()
    leave()
