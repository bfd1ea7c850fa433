"""Messages through a child's standard input: one JSON object a line, first to last in order."""

import os
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

import msgspec

M = TypeVar("M")
_SAYING = threading.Lock()


def take_messages(
    decoder: msgspec.json.Decoder[M], on_message: Callable[[M], None], on_end: Callable[[], None]
) -> threading.Thread:
    """Read standard input in a thread; ``on_end`` when the other side is gone."""

    def read() -> None:
        for line in sys.stdin.buffer:
            on_message(decoder.decode(line))
        on_end()

    thread = threading.Thread(target=read, name="stdin", daemon=True)
    thread.start()
    return thread


def first_message(decoder: msgspec.json.Decoder[M]) -> M:
    """The message a child is started with; EOFError when its parent died first."""
    line = sys.stdin.buffer.readline()
    if not line:
        raise EOFError
    return decoder.decode(line)


def say(message: object) -> None:
    """One line to the parent, by standard output; for any thread."""
    line = msgspec.json.encode(message) + b"\n"
    with _SAYING:  # a long line takes several writes
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


def leave() -> None:
    """End this process at once: threads may be inside a library that never comes back."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
