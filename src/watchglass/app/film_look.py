"""Has a lone video looked at by a process of its own, which is fenced in."""

from collections.abc import Callable

import msgspec

from watchglass.app.refusal import error_of
from watchglass.app.task import Task
from watchglass.base.errors import StreamInvalidError
from watchglass.model.assignment import FenceTold
from watchglass.model.control import Refused
from watchglass.model.film import FilmAnswer, FilmAt, FilmOrder, FilmTold

_MODULE = "watchglass.app.film_process"
_ANSWERS: msgspec.json.Decoder[FilmAnswer] = msgspec.json.Decoder(FilmAnswer)


def looked_at(order: FilmOrder, progress: Callable[[FilmAt], None]) -> FilmTold:
    """What the video shows; what keeps it from being looked at is raised as it was there.
    StreamInvalidError where the process died of it."""
    with Task(_MODULE) as task:
        task.tell(order)
        try:
            for line in task.lines():
                match _ANSWERS.decode(line):
                    case FilmAt() as at:
                        progress(at)
                    case Refused() as refused:
                        raise error_of(refused)
                    case FilmTold() as told:
                        return told
                    case FenceTold():
                        pass
        except msgspec.MsgspecError:
            task.kill()
        code = task.exit_code()
    raise StreamInvalidError(
        f"The process that looked at it died of this video (exit code {code}): the file is damaged,"
        " or made to do harm; nothing else was touched by it."
    )
