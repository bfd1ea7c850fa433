"""Has a lone video looked at by a process of its own, which is fenced in."""

import subprocess
from collections.abc import Callable
from functools import partial

import msgspec

from watchglass.app.launch import launch
from watchglass.app.refusal import error_of
from watchglass.base.errors import StreamInvalidError
from watchglass.model.assignment import FenceTold
from watchglass.model.control import Refused
from watchglass.model.film import FilmAnswer, FilmAt, FilmOrder, FilmTold

_MODULE = "watchglass.app.film_process"
_MOST_BYTES = 256 << 20
"""A day of things and their ways is less."""
_ANSWERS: msgspec.json.Decoder[FilmAnswer] = msgspec.json.Decoder(FilmAnswer)


def looked_at(order: FilmOrder, progress: Callable[[FilmAt], None]) -> FilmTold:
    """What the video shows; what keeps it from being looked at is raised as it was there.
    StreamInvalidError where the process died of it."""
    process: subprocess.Popen[bytes] = launch(_MODULE, speaks=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(order) + b"\n")
        process.stdin.flush()
        for line in iter(partial(process.stdout.readline, _MOST_BYTES), b""):
            match _ANSWERS.decode(line):
                case FilmAt() as at:
                    progress(at)
                case Refused() as refused:
                    raise error_of(refused)
                case FilmTold() as told:
                    return told
                case FenceTold():
                    pass
        code = process.wait()
    except (BrokenPipeError, msgspec.MsgspecError):
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
    raise StreamInvalidError(
        f"The process that looked at it died of this video (exit code {code}): the file is damaged,"
        " or made to do harm; nothing else was touched by it."
    )
