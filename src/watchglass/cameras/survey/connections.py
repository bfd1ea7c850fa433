"""One connection to a device: begun in turn, bounded in time and bytes, to a permitted address."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import warnings
from enum import Enum
from typing import Optional, Tuple

from .pace import Pace
from .targets import Allowed

_CHUNK = 16 * 1024


class Closed(Enum):
    """Why there was no connection."""

    REFUSED = "refused"
    SILENT = "silent"


class NoConnectionError(Exception):
    def __init__(self, how: Closed) -> None:
        super().__init__(how.value)
        self.how = how


class Connections:
    """Opens connections, and is the only way to open one."""

    def __init__(self, allowed: Allowed, pace: Pace, timeout_s: float) -> None:
        self._allowed = allowed
        self._pace = pace
        self.timeout_s = timeout_s

    async def ask(
        self,
        address: str,
        port: int,
        questions: Tuple[bytes, ...],
        most_bytes: int,
        enough: "Enough | None" = None,
        *,
        secure: bool = False,
    ) -> "Exchange":
        """Say the questions one after the other, each when the last was answered.

        NoConnectionError when nobody takes the call. With no question it only listens.
        """
        async with self._pace:
            reader, writer = await self._open(address, port, secure)
            try:
                return await asyncio.wait_for(
                    _talk(reader, writer, questions, most_bytes, enough), 4 * self.timeout_s
                )
            except asyncio.TimeoutError:
                return Exchange((), None)
            finally:
                writer.transport.abort()

    async def _open(
        self, address: str, port: int, secure: bool
    ) -> Tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if address not in self._allowed:
            raise NoConnectionError(Closed.SILENT)
        await self._pace.turn()
        try:
            return await asyncio.wait_for(
                asyncio.open_connection(
                    address, port, limit=_CHUNK, ssl=_context() if secure else None,
                    server_hostname="" if secure else None,
                ), self.timeout_s,
            )  # fmt: skip
        except ConnectionRefusedError:
            raise NoConnectionError(Closed.REFUSED) from None
        except (OSError, asyncio.TimeoutError, ssl.SSLError, EOFError, ValueError):
            raise NoConnectionError(Closed.SILENT) from None


class Exchange:
    """What was answered to each question, and the certificate that was shown, if any."""

    __slots__ = ("answers", "certificate")

    def __init__(self, answers: Tuple[bytes, ...], certificate: Optional[bytes]) -> None:
        self.answers = answers
        self.certificate = certificate

    @property
    def first(self) -> bytes:
        return self.answers[0] if self.answers else b""


class Enough:
    """Says when an answer is whole; base: when the other side ends it."""

    def whole(self, data: bytes) -> bool:
        return False


async def _talk(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, questions: Tuple[bytes, ...],
    most_bytes: int, enough: Optional[Enough],
) -> Exchange:  # fmt: skip
    tls = writer.get_extra_info("ssl_object")
    certificate = tls.getpeercert(True) if tls is not None else None
    answers = []
    # A device that drips byte by byte gets as long as one that answers, and what came counts.
    for question in questions or (b"",):
        if question:
            writer.write(question)
        heard = bytearray()
        ended = await _listen(reader, heard, most_bytes, enough)
        answers.append(bytes(heard))
        if ended:
            break
    return Exchange(tuple(answers), certificate)


async def _listen(
    reader: asyncio.StreamReader, heard: bytearray, most_bytes: int, enough: Optional[Enough]
) -> bool:
    """Read into ``heard``; whether nothing more will come on this connection."""
    deadline = asyncio.get_running_loop().time() + _LISTEN_S
    while len(heard) < most_bytes:
        left_s = deadline - asyncio.get_running_loop().time()
        if left_s <= 0:
            return True
        try:
            data = await asyncio.wait_for(reader.read(_CHUNK), left_s)
        except (OSError, asyncio.TimeoutError, ssl.SSLError, ValueError):
            return True
        if not data:
            return True
        heard += data[: most_bytes - len(heard)]
        if enough is not None and enough.whole(bytes(heard)):
            return False
    return True


_LISTEN_S = 3.0


def _context() -> ssl.SSLContext:
    """Takes every certificate and old TLS too: it is looked at, nothing secret is said by it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    # A library that has none of the old ones keeps its own.
    with contextlib.suppress(ssl.SSLError):
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context
