"""A notifier by way of the services that apprise knows, as far as they need nothing of this
machine.

Imported where a letter is sent, in the process that sends, and nowhere else: it is large, and what
the addresses of its services hold is secret.
"""

import logging
import re
import sys
from types import ModuleType
from typing import Any

import apprise
import requests
from apprise.attachment.memory import AttachMemory

from watchglass.base.secret import Secret
from watchglass.events.message import PICTURE_TYPE, body_text, picture_name, plain, title
from watchglass.model.notifier import NotTakenError, Parcel

_LOCAL = ("subprocess", "socket", "smtplib", "ctypes", "dbus", "paho", "asyncio")
"""What a service's module has where it does more than speak HTTP."""
_STATUS = re.compile(r"error[=:]? ?(\d{3})\b")


_MOST_TAKEN = 1000
_TAKEN: dict[tuple[int, int, str], None] = {}
"""What one service has taken is not sent to it again because another has not."""


class _Heard(logging.Handler):
    """What the library says went wrong, of which only an HTTP status is told: the rest may quote
    an address, and that is a secret."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.status = ""

    def emit(self, record: logging.LogRecord) -> None:
        found = _STATUS.search(record.getMessage())
        if found is not None:
            self.status = found[1]


class ByApprise:
    """See `Notifier`. ``addresses``: one URL a line. All of them get a letter, and it was taken
    when all have taken it."""

    def __init__(self, addresses: Secret | None, timeout_s: float) -> None:
        self._addresses = (addresses.reveal() if addresses else "").split()
        self._timeout_s = timeout_s

    def send(self, parcel: Parcel) -> None:
        """See `Notifier.send`."""
        log = logging.getLogger("apprise")
        log.propagate = False
        heard = _Heard()
        log.addHandler(heard)
        try:
            problems = [self._sent(each, parcel, heard) for each in self._addresses]
        finally:
            log.removeHandler(heard)
        if any(problems):
            raise NotTakenError(" ".join(filter(None, problems)))

    def close(self) -> None:
        """Nothing is kept."""

    def _sent(self, address: str, parcel: Parcel, heard: _Heard) -> str:
        key = parcel.number, parcel.made_ns, address
        if key in _TAKEN:
            return ""
        scheme = plain(address.partition(":")[0].lower())[:20]
        service = self._service(address)
        if service is None:
            return f"{scheme}:// is no service that notices are sent to, or is not written right."
        heard.status = ""
        letter, picture = parcel.letter, None
        if parcel.picture is not None and service.attachment_support:
            picture = apprise.AppriseAttachment(
                AttachMemory(  # type: ignore[no-untyped-call]
                    content=parcel.picture, name=picture_name(letter), mimetype=PICTURE_TYPE
                )
            )
        if service.notify(body=body_text(letter), title=title(letter), attach=picture):
            _TAKEN[key] = None
            while len(_TAKEN) > _MOST_TAKEN:
                del _TAKEN[next(iter(_TAKEN))]
            return ""
        why = f" (it answers {heard.status})" if heard.status else ""
        return f"The service {scheme}:// did not take it{why}."

    def _service(self, address: str) -> Any:
        """The library's object for an address; None for one that it does not know, and for what
        needs something of this machine: a program, a bus, a file, a socket of its own."""
        asset = apprise.AppriseAsset(
            http_redirects=False, secure_logging=True, storage_mode="memory",
            service_timeout=self._timeout_s,
        )  # fmt: skip
        service = apprise.Apprise.instantiate(address, asset=asset)
        if service is None or not _speaks_http(sys.modules[type(service).__module__]):
            return None
        service.redirects = False
        return service


def _speaks_http(module: ModuleType) -> bool:
    """Whether a service's module speaks HTTP, and nothing else."""
    return getattr(module, "requests", None) is requests and not any(
        hasattr(module, each) for each in _LOCAL
    )
