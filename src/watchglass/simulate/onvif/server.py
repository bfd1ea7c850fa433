"""A simulated ONVIF device at a port: HTTP, who is let in, and which service answers."""

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.simulate.digest import Credentials, challenge, is_authorised, new_nonce
from watchglass.simulate.onvif.covering import Covering
from watchglass.simulate.onvif.envelope import (
    DEVICE,
    EVENTS,
    MEDIA2,
    PTZ,
    Call,
    Fault,
    envelope,
    read,
)
from watchglass.simulate.onvif.happenings import Happening, Happenings
from watchglass.simulate.onvif.quirks import SLOW_BYTES_PER_S, Hostile, Quirks, hostile_body
from watchglass.simulate.onvif.security import TokenCheck
from watchglass.simulate.onvif.services import Device, Identity, Profile
from watchglass.simulate.onvif.turning import Turning
from watchglass.simulate.view import View, in_steps

_MOST_HEAD_BYTES: Final = 16 * 1024
_MOST_BODY_BYTES: Final = 256 * 1024
_SUBSCRIPTION = re.compile(r"/onvif/subscription/(\d{1,9})")
_SNAPSHOT = re.compile(r"/snapshot/([A-Za-z0-9_-]{1,64})")
# Those that a device has to answer before anybody has logged in.
_OPEN: Final = frozenset(
    {"GetSystemDateAndTime", "GetServices", "GetCapabilities", "GetServiceCapabilities"}
)
_REASONS: Final = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized",
                   404: "Not Found", 500: "Internal Server Error"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes = b""
    type: str = "application/soap+xml; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    hostile: Hostile = Hostile.NONE


@dataclass(slots=True)
class Label:
    """What a device is and where its streams are. ``rtsp`` is HOST:PORT."""

    profiles: tuple[Profile, ...]
    rtsp: str
    rtsp_scheme: str = "rtsp"
    identity: Identity = field(default_factory=Identity)


class OnvifServer:
    """One device. Use from one event loop."""

    def __init__(
        self,
        label: Label,
        clock: Clock,
        credentials: Credentials,
        quirks: Quirks | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        picture: Callable[[], bytes] | None = None,
    ) -> None:
        """``picture`` makes the JPEG of a snapshot."""
        self.host, self.port = host, port
        self.turning = Turning()
        self.covering = Covering()
        self.asked: list[str] = []
        """Operations in the order they came."""
        self._label, self._clock, self._credentials = label, clock, credentials
        self._picture = picture
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._nonce = new_nonce()
        self.behave(quirks or Quirks())

    def behave(self, quirks: Quirks) -> None:
        """From now on; as after a change of its set-up, all subscriptions are gone."""
        self.quirks = quirks
        self.turning.ignores_timeout = quirks.ignores_move_timeout
        self.covering.rectangles = quirks.rectangle_masks
        self._tokens = TokenCheck(self._credentials, quirks.most_skew_s)
        self._happenings = Happenings(
            lambda number: self._device().subscription_url(number),
            broken_relative_time=quirks.broken_relative_time,
        )

    @property
    def url(self) -> str:
        """As somebody adds it."""
        return f"onvif://{self.host}:{self.port}"

    @property
    def pulled(self) -> int:
        """How many subscriptions there are."""
        return self._happenings.pulled

    def emit(self, happening: Happening) -> None:
        """Something happens before the camera."""
        self._happenings.emit(happening, self._now_ns())

    def forget_subscriptions(self) -> None:
        self._happenings.forget()

    @property
    def view(self) -> View:
        """Where it looks now, and what it covers."""
        turning = self.turning
        turning.advance(self._clock.monotonic_ns())
        return View(
            in_steps(turning.pan), in_steps(turning.tilt), in_steps(turning.zoom),
            self.covering.covers,
        )  # fmt: skip

    async def listen(self) -> None:
        """Port 0 becomes the one the system chose."""
        self._server = await asyncio.start_server(
            self._accept, self.host, self.port, limit=_MOST_HEAD_BYTES
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _now_ns(self) -> int:
        """By the device's clock."""
        return self._clock.wall_ns() + round(self.quirks.clock_offset_s * NS_PER_S)

    def _device(self) -> Device:
        label = self._label
        return Device(
            label.identity, label.profiles, self.quirks, f"{self.host}:{self.port}", label.rtsp,
            label.rtsp_scheme,
        )  # fmt: skip

    # --- HTTP -------------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            while (request := await _read(reader)) is not None:
                await _write(writer, await self._answer(request))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # whoever asked has hung up, or speaks no HTTP
        finally:
            self._talks.discard(task)
            writer.transport.abort()

    async def _answer(self, request: _Request) -> _Answer:
        if request.method == "GET":
            return await self._snapshot(request)
        try:
            call = read(request.body)
            self.asked.append(call.operation)
            quirks = self.quirks
            if (
                quirks.hostile
                and quirks.hostile_at in ("", call.operation)
                and (quirks.hostile not in (Hostile.TEXTS, Hostile.ELSEWHERE))
            ):
                return _hostile(quirks.hostile)
            if call.operation not in _OPEN:
                if quirks.http_digest and not self._digest_ok(request):
                    return self._challenge()
                if not quirks.http_digest:
                    self._tokens.check(call.security, self._now_ns())
            return _Answer(200, envelope(await self._service(request.path, call)))
        except Fault as fault:
            return _Answer(400 if fault.sender else 500, envelope(fault.body()))

    async def _service(self, path: str, call: Call) -> str:
        subscription = _SUBSCRIPTION.fullmatch(path)
        if subscription is not None and self.quirks.events:
            return await self._happenings.of(int(subscription[1]), call, self._now_ns())
        if call.space == PTZ and self.quirks.ptz:
            return self.turning.answer(call, self._clock.monotonic_ns())
        if call.space == EVENTS and self.quirks.events:
            if call.operation == "CreatePullPointSubscription":
                return self._happenings.subscribe(call, self._now_ns())
            raise Fault("ActionNotSupported", "The requested action is not implemented.")
        if call.space == MEDIA2 and self.quirks.media2 and self.quirks.masks:
            answer = self.covering.answer(call)
            if answer is not None:
                return answer
        if call.space == DEVICE and path != "/onvif/device_service":
            raise Fault("ActionNotSupported", "The requested action is not implemented.")
        return self._device().answer(call, self._now_ns())

    async def _snapshot(self, request: _Request) -> _Answer:
        if not _SNAPSHOT.fullmatch(request.path) or self._picture is None:
            return _Answer(404)
        self.asked.append("snapshot")
        if not self._digest_ok(request):
            return self._challenge()
        return _Answer(200, await asyncio.to_thread(self._picture), "image/jpeg")

    def _digest_ok(self, request: _Request) -> bool:
        with_qop = replace(self._credentials, qop=True)
        header = request.headers.get("authorization")
        return is_authorised(with_qop, self._nonce, request.method, header)

    def _challenge(self) -> _Answer:
        asked = challenge(replace(self._credentials, qop=True), self._nonce)
        return _Answer(401, headers=(("WWW-Authenticate", asked),))


async def _read(reader: asyncio.StreamReader) -> _Request | None:
    """None when there is no further request."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise
    first_line, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first_line.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in
        (line.partition(":") for line in lines) if name
    }  # fmt: skip
    length = int(headers.get("content-length", "0"))
    if length > _MOST_BODY_BYTES:
        raise ValueError(length)
    return _Request(method, path, headers, await reader.readexactly(length))


async def _write(writer: asyncio.StreamWriter, answer: _Answer) -> None:
    endless = answer.hostile in (Hostile.ENDLESS, Hostile.SLOW)
    length = (1 << 31) if endless else len(answer.body)
    lines = [
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}", f"Content-Type: {answer.type}",
        f"Content-Length: {length}", *(f"{name}: {value}" for name, value in answer.headers),
    ]  # fmt: skip
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body)
    await writer.drain()
    while endless:
        slow = answer.hostile is Hostile.SLOW
        writer.write(b" " if slow else b"<b>ha</b>" * 8192)
        await writer.drain()
        await asyncio.sleep(1 / SLOW_BYTES_PER_S if slow else 0)


def _hostile(kind: Hostile) -> _Answer:
    if kind is Hostile.REDIRECT:
        where = ("Location", "http://169.254.169.254/latest/meta-data/")
        return _Answer(302, headers=(where,))
    with contextlib.suppress(ValueError):
        return _Answer(200, hostile_body(kind), hostile=kind)
    raise Fault("Action", "no such way to be hostile")
