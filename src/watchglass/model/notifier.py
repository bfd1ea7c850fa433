"""Notifiers: ways by which letters leave the recorder. The plug-in point ``watchglass.notifier``.

They run in the process that sends, which reads no file of the recorder, knows no secret but the one
of the way, and may be ended at any moment. What a notifier is has to hold for each of them, ours
and those of plug-ins: `events.notifier_suite` checks it.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from watchglass.model.letter import Letter

Connect = Callable[[str, int], socket.socket]
"""A TCP connection to a host and port, to an address of it that was checked; NotTakenError for one
that is refused."""


class NotTakenError(Exception):
    """The other side did not take it; its text is a sentence for the user, without any secret."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter with its picture, a JPEG. ``number`` is the same for each try of one letter, so that
    who gets it twice can tell. ``sent_ns`` (UTC) is now, ``made_ns`` when the letter was made."""

    letter: Letter
    picture: bytes | None
    number: int
    made_ns: int
    sent_ns: int


class Notifier(Protocol):
    """One way, for one letter or several; used by one thread."""

    def send(self, parcel: Parcel) -> None:
        """Hand it over; returns when the other side has taken it.

        NotTakenError, OSError or TimeoutError when it was not: it is tried again later, with the
        same number. What is in the letter is text of strangers: it must not become a header, a
        command or markup.
        """
        ...

    def close(self) -> None:
        """Let go of everything; may be called twice."""
        ...


class NotifierKind(Protocol):
    """What a plug-in names in the entry-point group."""

    settings: type[msgspec.Struct]
    """Its own settings, secrets included; they come as JSON from who sets it up."""

    def make(self, settings: Any, connect: Connect, timeout_s: float) -> Notifier:
        """``settings`` is one of ``self.settings``. Connects only by ``connect``, and not yet."""
        ...
