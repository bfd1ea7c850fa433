"""What an ONVIF device tells that matters for recording it. For a process that may die."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from msgspec.structs import replace
from onvif.definition import SERVICES
from zeep.exceptions import Fault

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import AuthFailedError, CameraError, StreamInvalidError
from watchglass.cameras.onvif.address import reached
from watchglass.cameras.onvif.guarded import (
    FOREIGN_ERRORS,
    MOST_PICTURE_BYTES,
    GuardedCamera,
    foreign,
    of_fault,
    read_bounded,
)
from watchglass.cameras.survey.digest import ws_security
from watchglass.cameras.survey.xml_reading import Element, read_xml
from watchglass.media.probe import harmless
from watchglass.media.still import still
from watchglass.model.onvif import MOST_PROFILES, OnvifProfile, OnvifRequest, OnvifResult
from watchglass.model.stream import VideoCodec

MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
_MOST_TOKEN_CHARS = 64
_MOST_ASKED = 12
"""Profiles whose address is asked for: recorders have hundreds."""
_MOST_SIZE = 16_384
_PICTURE_WIDTH = 640
_PICTURE_S = 6.0
_CODECS = {"h264": "h264", "h265": "h265", "hevc": "h265", "jpeg": "mjpeg", "mjpeg": "mjpeg"}


async def look(request: OnvifRequest, clock: Clock) -> OnvifResult:
    """All of it, in ``timeout_s`` at most. CameraError."""
    at = reached(request.url, request.name)
    camera = GuardedCamera(at, request.user, request.password, clock)
    try:
        async with asyncio.timeout(request.timeout_s):
            return await _Look(camera, request).result()
    except FOREIGN_ERRORS as error:
        raise foreign(error) from error
    finally:
        await camera.close()


async def open_device(camera: GuardedCamera) -> Any:
    """Its clock is read, its login tried, and its services known; what it says it is.

    The login is tried first and once: who goes on with a refused password locks the account.
    """
    devicemgmt = await camera._devicemgmt_with_time()
    told = await devicemgmt.GetDeviceInformation()
    if not await camera._update_xaddrs_from_services(devicemgmt):
        await camera._update_xaddrs_from_capabilities(devicemgmt)
    return told


def has(camera: GuardedCamera, service: str) -> bool:
    """Whether it said where that service is."""
    return SERVICES[service]["ns"] in camera.xaddrs


class _Look:
    def __init__(self, camera: GuardedCamera, request: OnvifRequest) -> None:
        self._camera = camera
        self._request = request
        self._notes: list[str] = []

    async def result(self) -> OnvifResult:
        camera = self._camera
        told = await open_device(camera)
        profiles, media2 = await self._profiles()
        if not profiles:
            raise StreamInvalidError(
                "The camera has no profile with a picture: make one on the camera's page."
            )
        return OnvifResult(
            manufacturer=_text(told, "Manufacturer"), model=_text(told, "Model"),
            firmware=_text(told, "FirmwareVersion"), serial=_text(told, "SerialNumber"),
            profiles=profiles, clock_offset_s=_rounded(camera.clock_offset_s),
            ptz=has(camera, "ptz") and any(each.ptz for each in profiles),
            events=has(camera, "events"), media2=media2, told_host=told_host(profiles),
            picture=await self._picture(profiles), notes=tuple(self._notes),
        )  # fmt: skip

    async def _profiles(self) -> tuple[tuple[OnvifProfile, ...], bool]:
        """By Media2 where there is one, for the older service knows no H.265."""
        found: list[OnvifProfile] = []
        if MEDIA2 in self._camera.xaddrs:
            try:
                found = _profiles2(await self._media2('<t:GetProfiles><t:Type>All</t:Type>'
                                                      '</t:GetProfiles>'))  # fmt: skip
            except AuthFailedError:
                raise
            except (CameraError, *FOREIGN_ERRORS):
                self._notes.append("It offers Media2 and does not answer there.")
        if found:
            return await self._with_urls(found, self._url2), True
        media = await self._camera.create_media_service()
        found = list(_profiles1(await media.GetProfiles() or ()))
        return await self._with_urls(found, self._url1), False

    async def _with_urls(self, profiles: list[OnvifProfile], ask: Any) -> tuple[OnvifProfile, ...]:
        found = []
        for number, profile in enumerate(profiles):
            url = ""
            if number < _MOST_ASKED:
                try:
                    url = await ask(profile.token)
                except AuthFailedError:
                    raise
                except (Fault, CameraError):
                    self._notes.append(f"It tells no address of its profile {profile.name}.")
            found.append(replace(profile, url=url))
        return tuple(found)

    async def _url1(self, token: str) -> str:
        media = await self._camera.create_media_service()
        told = await media.GetStreamUri(
            {
                "StreamSetup": {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}},
                "ProfileToken": token,
            }
        )
        return _bounded_url(getattr(told, "Uri", None))

    async def _url2(self, token: str) -> str:
        told = await self._media2(
            f"<t:GetStreamUri><t:Protocol>RTSP</t:Protocol><t:ProfileToken>{escaped(token)}"
            "</t:ProfileToken></t:GetStreamUri>"
        )
        return _bounded_url(told.first("Uri"))

    async def _media2(self, body: str) -> Element:
        """The library has no Media2; its answers are read as a scan's are."""
        return await ask_plainly(self._camera, MEDIA2, body, self._request)

    # --- picture ------------------------------------------------------------------------------

    async def _picture(self, profiles: Iterable[OnvifProfile]) -> bytes:
        """A picture that was decoded here and made anew; empty where there is none."""
        if not self._request.picture or not has(self._camera, "media"):
            return b""
        smallest = min(profiles, key=lambda each: each.width * each.height or _MOST_SIZE**2)
        try:
            media = await self._camera.create_media_service()
            told = await media.GetSnapshotUri({"ProfileToken": smallest.token})
            return await self._fetched(_bounded_url(getattr(told, "Uri", None)))
        except (CameraError, *FOREIGN_ERRORS):
            self._notes.append("It gives no still picture.")
            return b""

    async def _fetched(self, told: str) -> bytes:
        url = self._camera.at.corrected(told)
        async with (
            asyncio.timeout(_PICTURE_S),
            self._camera.session.get(url, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise StreamInvalidError("No picture.")
            data = await read_bounded(response, MOST_PICTURE_BYTES)
        return await asyncio.to_thread(still, VideoCodec.MJPEG, b"", data, _PICTURE_WIDTH)


class Login(Protocol):
    @property
    def user(self) -> str: ...

    @property
    def password(self) -> str: ...


async def ask_plainly(camera: GuardedCamera, space: str, body: str, login: Login) -> Element:
    """Ask a service that the library does not know; ``body`` uses the prefix t. CameraError."""
    ours_s = camera._clock.wall_ns() / NS_PER_S + (camera.clock_offset_s or 0.0)
    created = datetime.fromtimestamp(ours_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    security = ws_security(login.user, login.password, created) if login.user else ""
    envelope = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        f'xmlns:t="{space}"><s:Header>{security}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
    )
    service = await camera.create_devicemgmt_service()
    response, content = await service.transport._post_internal(
        camera.xaddrs[space], envelope, {"Content-Type": "application/soap+xml; charset=utf-8"}
    )
    root = read_xml(content)
    fault = next(root.all("Fault"), None)
    if fault is not None or response.status != 200:
        told = [] if fault is None else [*fault.all("Value"), *fault.all("Text")]
        raise of_fault(" ".join(each.text for each in told))
    return root


def escaped(value: str) -> str:
    """Text inside an element."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# --- profiles -------------------------------------------------------------------------------------


def _profiles2(root: Element) -> list[OnvifProfile]:
    found = []
    for each in list(root.all("Profiles"))[:MOST_PROFILES]:
        encoder = next(each.all("VideoEncoder"), None)
        source = next(each.all("VideoSource"), None)
        token = each.attributes.get("token", "")
        if encoder is None or not _is_token(token):
            continue
        found.append(
            OnvifProfile(
                token=token, name=harmless(each.texts().get("Name", "")) or token,
                codec=_codec(encoder.first("Encoding")),
                width=_size(encoder.first("Width")), height=_size(encoder.first("Height")),
                fps=_rate(encoder.first("FrameRateLimit")),
                bit_rate=_bits(encoder.first("BitrateLimit")),
                source=harmless(source.first("SourceToken") or "") if source is not None else "",
                ptz=next(each.all("PTZ"), None) is not None,
            )
        )  # fmt: skip
    return found


def _profiles1(told: Iterable[Any]) -> Iterable[OnvifProfile]:
    for each in list(told)[:MOST_PROFILES]:
        encoder = getattr(each, "VideoEncoderConfiguration", None)
        source = getattr(each, "VideoSourceConfiguration", None)
        token = str(getattr(each, "token", "") or "")
        if encoder is None or not _is_token(token):
            continue
        size, rate = getattr(encoder, "Resolution", None), getattr(encoder, "RateControl", None)
        yield OnvifProfile(
            token=token, name=_text(each, "Name") or token,
            codec=_codec(_text(encoder, "Encoding")),
            width=_size(getattr(size, "Width", None)), height=_size(getattr(size, "Height", None)),
            fps=_rate(getattr(rate, "FrameRateLimit", None)),
            bit_rate=_bits(getattr(rate, "BitrateLimit", None)),
            source=_text(source, "SourceToken"),
            ptz=getattr(each, "PTZConfiguration", None) is not None,
        )  # fmt: skip


def told_host(profiles: Iterable[OnvifProfile]) -> str:
    """The host in the first address of a stream; empty for none that can be read."""
    for each in profiles:
        place = each.url.partition("://")[2].partition("/")[0].rpartition("@")[2]
        host = place[1:].partition("]")[0] if place.startswith("[") else place.partition(":")[0]
        if host:
            return harmless(host)
    return ""


def _text(told: Any, name: str) -> str:
    value = getattr(told, name, None)
    return harmless(str(value)) if value is not None else ""


def _bounded_url(told: object) -> str:
    url = told.strip() if isinstance(told, str) else ""
    return url if len(url) <= 1024 and url.isprintable() else ""


def _is_token(token: str) -> bool:
    return 0 < len(token) <= _MOST_TOKEN_CHARS and token.isprintable()


def _codec(told: str | None) -> str:
    name = (told or "").strip().lower()
    return _CODECS.get(name) or harmless(name)[:16]


def _number(told: object) -> float:
    try:
        value = float(told)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0
    return value if 0 <= value <= 1e9 else 0.0


def _size(told: object) -> int:
    size = int(_number(told))
    return size if size <= _MOST_SIZE else 0


def _rate(told: object) -> float | None:
    return _number(told) or None


def _bits(told: object) -> int | None:
    """They tell kilobits."""
    return int(_number(told) * 1000) or None


def _rounded(offset_s: float | None) -> float | None:
    return round(offset_s, 1) if offset_s is not None else None
