"""The ONVIF library, held to what we let strangers do.

For processes that may die. Whatever a device answers: at most ``MOST_BYTES`` of it are read, within
a time; it is read once by a parser that knows no DTD and bounds depth and number, before zeep sees
it; no redirect is followed; and every address that it tells leads to the device (`Reached`). The
WSDL files are those that the library brings: nothing is fetched. The password is never sent, in no
form but digests.
"""

import asyncio
import datetime as dt
import logging
import ssl
from typing import Any

import aiohttp
from aiohttp import ClientResponse, ClientSession, DigestAuthMiddleware, TCPConnector
from lxml.etree import LxmlError
from onvif.client import AsyncTransportProtocolErrorHandler, ONVIFCamera, ONVIFService
from onvif.exceptions import ONVIFError
from onvif.settings import DEFAULT_SETTINGS
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CameraUnreachableError,
    StreamInvalidError,
)
from watchglass.cameras.onvif.address import Reached
from watchglass.cameras.survey.xml_reading import MOST_BYTES, Element, XmlError, read_xml

MOST_PICTURE_BYTES = 2 << 20
REQUEST_S = 8.0
_CHUNK_BYTES = 16 * 1024
_NOT_AUTHORISED = (
    "NotAuthorized",
    "FailedAuthentication",
    "InvalidSecurity",
    "OperationProhibited",
)
_FOREIGN_ERRORS = (
    ZeepError, ONVIFError, LxmlError, aiohttp.ClientError, AttributeError, KeyError, TypeError,
    ValueError, ssl.SSLError,
)  # fmt: skip

DEFAULT_SETTINGS.xml_huge_tree = False
logging.getLogger().handlers.clear()
for _name in ("onvif", "zeep", "aiohttp", "httpx"):
    # What strangers wrote has no place in our log; what matters of it comes as an error.
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


class TooMuchError(Exception):
    """A device answers with more than any device needs."""


def foreign(error: BaseException) -> CameraError:
    """What one of the library's errors means to a person."""
    if isinstance(error, CameraError):
        return error
    if isinstance(error, TimeoutError):
        return CameraUnreachableError(
            "The camera took too long to answer by ONVIF: try again, and check the network."
        )
    if isinstance(error, Fault):
        words = " ".join(str(getattr(each, "text", each)) for each in error.subcodes or ())
        return of_fault(f"{words} {error.message}")
    if isinstance(error, ONVIFError) and error.__cause__ is not None:
        return foreign(error.__cause__)
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        return CameraUnreachableError(
            "Nothing answers there by ONVIF: check the address and the port, and that ONVIF is"
            " switched on in the camera."
        )
    if isinstance(error, TooMuchError | XmlError):
        return StreamInvalidError(
            "What the camera answers by ONVIF is more, or other, than any camera has to say: do not"
            " use this camera before its firmware is looked at."
        )
    return StreamInvalidError(
        "What answers there does not speak ONVIF as a camera does: check the port, and that ONVIF"
        " is switched on in the camera."
    )


def of_fault(words: str) -> CameraError:
    """What a SOAP fault means, by its subcodes and its reason: devices give either."""
    if any(each in words for each in _NOT_AUTHORISED) or "authoriz" in words.lower():
        return refused_login()
    return StreamInvalidError("The camera refuses by ONVIF what cameras have to answer.")


def refused_login() -> AuthFailedError:
    return AuthFailedError(
        "The camera refuses user name or password by ONVIF: check both; many cameras have users of"
        " their own for ONVIF, which are made on the camera's page."
    )


async def read_bounded(response: ClientResponse, most: int) -> bytes:
    """The body; TooMuchError."""
    data = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        data += chunk
        if len(data) > most:
            response.close()
            raise TooMuchError
    return bytes(data)


class GuardedTransport(AsyncTransportProtocolErrorHandler):  # type: ignore[misc]
    """What zeep sends and gets."""

    def __init__(self, session: ClientSession) -> None:
        super().__init__(session=session, verify_ssl=False, cache=None)
        self.request_s = REQUEST_S
        self.answer: Element | None = None
        """The last one, as our own reader has it."""

    async def _post_internal(
        self, address: str, message: str | bytes, headers: dict[str, str]
    ) -> tuple[ClientResponse, bytes]:
        data = message.encode() if isinstance(message, str) else message
        asked = self.session.post(
            address, data=data, headers={**(headers or {}), "Accept-Encoding": "identity"},
            allow_redirects=False,
        )  # fmt: skip
        async with asyncio.timeout(self.request_s), asked as response:
            content = await read_bounded(response, MOST_BYTES)
        if response.status in (401, 403):
            raise refused_login()
        self.answer = read_xml(content) if content else None
        return response, content

    async def get(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("nothing is fetched")


class GuardedService(ONVIFService):  # type: ignore[misc]
    """One service of a device."""

    def __init__(self, session: ClientSession, **named: Any) -> None:
        super().__init__(**named)
        self.transport = GuardedTransport(session)


class GuardedCamera(ONVIFCamera):  # type: ignore[misc]
    """A device. ``clock_offset_s`` is known once services were asked for; to be closed."""

    def __init__(self, at: Reached, user: str, password: str, clock: Clock) -> None:
        host = f"[{at.ip}]" if ":" in at.ip else at.ip
        super().__init__(f"{at.scheme}://{host}", at.port, user, password, no_cache=True)
        self.at = at
        self.clock_offset_s: float | None = None
        self._clock = clock
        login = (DigestAuthMiddleware(user, password),) if user else ()
        # Certificates of cameras prove nothing; what is sent is worth nothing to who listens.
        self.session = ClientSession(
            connector=TCPConnector(ssl=False, limit=4), auto_decompress=False, middlewares=login,
            timeout=aiohttp.ClientTimeout(total=None, connect=5.0), trust_env=False,
            max_line_size=8190, max_field_size=8190,
        )  # fmt: skip

    def rewrite_url(self, url: str | None) -> str | None:
        """Of every service, snapshot and subscription that it tells of."""
        return self.at.corrected(url or "")

    async def create_onvif_service(
        self,
        name: str,
        port_type: str | None = None,
        read_timeout: int | None = None,
        write_timeout: int | None = None,
    ) -> GuardedService:
        """As the library does, over a guarded transport."""
        xaddr, wsdl, binding = self.get_definition(name, port_type)
        key = (name, port_type)
        known = self.services.get(key)
        if isinstance(known, GuardedService):
            if known.xaddr == xaddr:
                return known
            await known.close()
        service = GuardedService(
            self.session, xaddr=xaddr, user=self.user, passwd=self.passwd, url=wsdl,
            encrypt=self.encrypt, no_cache=True, dt_diff=self.dt_diff, binding_name=binding,
            binding_key=key,
        )  # fmt: skip
        await service.setup()
        self.services[key] = service
        return service

    async def _adjust_time(self, devicemgmt: GuardedService) -> GuardedService:
        """Tokens are made in the camera's time: a wrong clock must not keep us out."""
        before_ns = self._clock.wall_ns()
        try:
            told = await devicemgmt.authless_GetSystemDateAndTime()
        except Fault:
            told = await devicemgmt.GetSystemDateAndTime()
        after_ns = self._clock.wall_ns()
        offset_s = _offset_s(told, (before_ns + after_ns) / 2 / NS_PER_S)
        self.clock_offset_s = offset_s
        if offset_s is None:
            return devicemgmt
        self.dt_diff = dt.timedelta(seconds=round(offset_s))
        await devicemgmt.close()
        del self.services[devicemgmt.binding_key]
        return await self.create_onvif_service("devicemgmt")

    async def close(self) -> None:
        await self.session.close()
        await super().close()


def _offset_s(told: Any, ours_s: float) -> float | None:
    utc: Any = getattr(told, "UTCDateTime", None)
    try:
        date, time = utc.Date, utc.Time  # AttributeError for one without
        theirs = dt.datetime(
            date.Year, date.Month, date.Day, time.Hour, time.Minute, min(time.Second, 59),
            tzinfo=dt.UTC,
        )  # fmt: skip
    except (AttributeError, TypeError, ValueError):
        return None
    # It tells whole seconds, cut off.
    return theirs.timestamp() + 0.5 - ours_s


FOREIGN_ERRORS = (*_FOREIGN_ERRORS, XmlError, TooMuchError, TimeoutError, OSError)
