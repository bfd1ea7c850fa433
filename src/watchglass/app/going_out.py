"""Where a process that sends may connect to, and the loop that such a process lives in.

A name is looked up here, its addresses are checked, and the connection goes to one of those. What
libraries connect to on their own is checked as well, at the system call's door: an address that is
refused is refused to them too, however they came by it.
"""

import ipaddress
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from types import FrameType
from typing import ClassVar, TypeVar

import msgspec

from watchglass.app.fences import fence_in, of_ping, tell
from watchglass.app.pipes import first_message, leave
from watchglass.base import log
from watchglass.base.fence import FenceMode
from watchglass.cameras.address import forbidden, inner_ip
from watchglass.events.message import plain
from watchglass.model.assignment import Shutdown
from watchglass.model.notifier import NotTakenError

M = TypeVar("M")
_MOST_SHOWN = 80
_MOST_SENTENCE = 300


def connected(host: str, port: int, allow: Collection[str], timeout_s: float) -> socket.socket:
    """A connection to a host, to an address of it that was checked. NotTakenError for one that is
    refused: this machine, a cloud's metadata; unless it was let in by name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotTakenError(
            f"The name {host[:_MOST_SHOWN]} is not known: check its spelling."
        ) from error
    addresses = [str(each[4][0]).partition("%")[0] for each in found]
    for text in addresses:
        inner = inner_ip(ipaddress.ip_address(text))
        what = forbidden(inner)
        if what is not None and {host.lower(), text, str(inner)}.isdisjoint(allow):
            raise NotTakenError(
                f"{host[:_MOST_SHOWN]} is {what}: nothing is sent there unless its host is let in"
                " by name."
            )
    last: OSError = OSError("no address")
    for text in dict.fromkeys(addresses):
        try:
            return socket.create_connection((text, port), timeout_s)
        except OSError as error:
            last = error
    raise last


class Guard:
    """Looks at each connection that anything in this process begins."""

    _let_in: ClassVar[set[str]] = set()
    _only: ClassVar[set[str] | None] = None
    refused: ClassVar[str] = ""
    """What the last address was that was refused."""

    @classmethod
    def stand(cls) -> None:
        """From now on, for good; a process calls it once."""
        sys.addaudithook(cls.look)

    @classmethod
    def let_in(cls, hosts: Iterable[str]) -> None:
        """These alone, of those that are refused by default."""
        cls._let_in, cls.refused = set(hosts), ""
        for host in hosts:
            with suppress(OSError, UnicodeError):
                found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                cls._let_in.update(str(each[4][0]).partition("%")[0] for each in found)

    @classmethod
    def keep_to(cls, host: str) -> None:
        """From now on no address but those of this host; of none, with an empty one."""
        cls._only = set()
        if host:
            with suppress(OSError, UnicodeError):
                found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                cls._only = {str(each[4][0]).partition("%")[0] for each in found}

    @classmethod
    def look(cls, event: str, arguments: tuple[object, ...]) -> None:
        """PermissionError for a connection to an address that is refused."""
        if event not in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            return
        address = arguments[1]
        if not isinstance(address, tuple) or not address:
            return  # of this machine's processes
        text = str(address[0]).partition("%")[0]
        try:
            inner = inner_ip(ipaddress.ip_address(text))
        except ValueError:
            raise PermissionError("a name that was not looked up first") from None
        if cls._only is not None and text not in cls._only:
            cls.refused = "not the one that was set up"
            raise PermissionError("nothing is sent but where it was set up")
        # A name server may well be on this machine, and the C library asks it unseen by this.
        what = forbidden(inner)
        if what is not None and {text, str(inner)}.isdisjoint(cls._let_in):
            cls.refused = what
            raise PermissionError(f"nothing is sent to {what}")


def live(
    decoder: msgspec.json.Decoder[M],
    start: Callable[[M], tuple[bool, FenceMode]],
    on_message: Callable[[M], None],
) -> None:
    """The life of a process that sends when it is told to: until it is told to stop, or until the
    supervisor is gone. ``start`` says of the first message how to log and what fences to put up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        log_json, fences = start(first_message(decoder))
    except EOFError:
        return
    log.configure(json=log_json)
    # Only what is configured is asked, not what the environment names.
    for name in [each for each in os.environ if each.lower().endswith("_proxy")]:
        del os.environ[name]
    tell(fence_in(of_ping(), fences))
    signal.signal(signal.SIGALRM, too_late)
    for line in sys.stdin.buffer:
        message = decoder.decode(line)
        if isinstance(message, Shutdown):
            break
        on_message(message)
    leave()


def too_late(_number: int, _frame: FrameType | None) -> None:
    """The handler of the alarm that bounds a whole errand."""
    raise TimeoutError("it took too long")


def bounded(errand: Callable[[], None], timeout_s: float) -> str:
    """Do it; empty when it went well, otherwise a sentence on why not. No secret is in it."""
    # For the whole of it: a server that sends a byte now and then would outlast any other.
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        errand()
        return ""
    except Exception as error:  # noqa: BLE001 - the task's border, and that of plug-ins
        return words(error, timeout_s)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def words(error: Exception, timeout_s: float) -> str:
    """A sentence on what went wrong at an errand."""
    match error:
        case NotTakenError():
            return plain(str(error))[:_MOST_SENTENCE] or "The server did not take it."
        case TimeoutError():
            return f"The server did not answer within {timeout_s:g} s."
        case ssl.SSLError():
            reason = error.reason or "unknown"
            return f"The server's certificate or encryption is not good ({reason})."
        case OSError():
            return f"The server cannot be reached ({error.strerror or type(error).__name__})."
        case _:
            return f"The server does not speak as it should ({type(error).__name__})."
