"""A process of a running recorder."""

import msgspec


class ProcessStatus(msgspec.Struct, frozen=True):
    """A process of the recorder. ``since_ns`` is UTC of its last start; ``fence`` is what it says
    that it is fenced by, empty while it has not said it, and ``fence_whole`` whether that is all.
    """

    name: str
    pid: int
    since_ns: int
    restarts: int
    cameras: int
    fence: str = ""
    fence_whole: bool = False
