"""A frame on the stack that says for which camera it runs.

When the interpreter is killed by a fault of its own, ``faulthandler`` writes the names of the
functions that were running, and nothing else about them. So what is done for a camera is done
inside a function that bears its name; it costs one call.
"""

import re
from collections.abc import Callable
from types import FunctionType, TracebackType
from typing import TypeVar, cast

from watchglass.base.ids import CameraId

R = TypeVar("R")

_PREFIX = "reads_"
_NAME = re.compile(_PREFIX + "([0-9a-f]{32})")


def signposted(camera: CameraId, function: Callable[[], R]) -> Callable[[], R]:
    """``function``, run inside a frame that names the camera."""

    def frame() -> R:
        return function()

    assert isinstance(frame, FunctionType)
    code = frame.__code__.replace(co_name=_PREFIX + camera)
    made = FunctionType(code, frame.__globals__, code.co_name, None, frame.__closure__)
    return cast("Callable[[], R]", made)


def camera_of(function_name: str) -> CameraId | None:
    """The camera that the name of a frame's function gives."""
    found = _NAME.fullmatch(function_name)
    return CameraId(found[1]) if found else None


def camera_in(traceback: TracebackType | None) -> CameraId | None:
    """The camera for which an exception's innermost such frame ran."""
    found = None
    while traceback is not None:
        found = camera_of(traceback.tb_frame.f_code.co_name) or found
        traceback = traceback.tb_next
    return found
