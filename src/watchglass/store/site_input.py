"""What people say of cameras and volumes, made clean or refused."""

import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from watchglass.base.errors import UsageError
from watchglass.model.camera import StreamAddress
from watchglass.model.stream import StreamName
from watchglass.store.site_tables import NAME_MOST

RETENTION_MOST_H = 10 * 366 * 24


def clean_name(text: str) -> str:
    """A camera's name as it is kept: trimmed, NFC, any kind of space a plain one.

    UsageError unless 1 to 100 printable characters are left; what is invisible or turns the
    direction of writing is not printable, so that no name can pose as another.
    """
    plain = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in text)
    name = unicodedata.normalize("NFC", plain).strip(" ")
    if not 1 <= len(name) <= NAME_MOST:
        raise UsageError(f"A camera's name has 1 to {NAME_MOST} characters, not {len(name)}.")
    for sign in name:
        if not sign.isprintable():
            raise UsageError(
                f"A camera's name cannot hold U+{ord(sign):04X}, a character that does not print."
            )
    return name


def shown(text: object) -> str:
    """Hostile text for a sentence: quoted, escaped, cut."""
    quoted = repr(str(text))
    return quoted if len(quoted) <= NAME_MOST + 2 else f"{quoted[:NAME_MOST]}…'"


def checked_hours(hours: int | None) -> int | None:
    if hours is not None and not 1 <= hours <= RETENTION_MOST_H:
        raise UsageError(f"Retention is 1 to {RETENTION_MOST_H} hours, not {hours}.")
    return hours


def checked_streams(streams: Iterable[StreamAddress]) -> tuple[StreamAddress, ...]:
    """Main stream first, each once, none with a password in it."""
    ordered = tuple(sorted(streams, key=lambda address: address.stream.number))
    names = [address.stream for address in ordered]
    if StreamName.MAIN not in names or len(set(names)) != len(names):
        raise UsageError("A camera has one main stream and at most one sub-stream.")
    for address in ordered:
        try:
            parts = urlsplit(address.url)
            # A password with a slash in it ends the authority early and leaves no number as port.
            clean = "@" not in parts.netloc and parts.port != 0 and address.url.isprintable()
        except ValueError:
            clean = False
        if not clean:
            # The address is not shown: what is wrong with it may be the password in it.
            raise UsageError(
                f"The address of the {address.stream} stream cannot be used: leave user name and "
                "password out of it and check host and port."
            )
    return ordered
