"""Masks in the camera itself: what it covers is made what somebody wants it to cover.

Asked for by Media2, again after a while, and again soon where it failed: a camera may be off when
a mask is drawn, or lose its masks when it is reset. The recorder covers the same all the while.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from watchglass.base import log
from watchglass.base.errors import AuthFailedError, CameraError, RefusedError, StreamInvalidError
from watchglass.base.ids import MaskId
from watchglass.base.retry import Backoff
from watchglass.cameras.onvif.guarded import FOREIGN_ERRORS, GuardedCamera, foreign
from watchglass.cameras.onvif.setup import MEDIA2, ask_plainly, escaped
from watchglass.cameras.onvif.steering import Opener
from watchglass.cameras.survey.xml_reading import Element
from watchglass.model.polygon import Point
from watchglass.model.steering import CameraMask, MasksTold, Spoken

TellMasks = Callable[[MasksTold], None]

_AGAIN_S = 3600.0
_REFUSED_S = 600.0
_SESSION_S = 60.0
_MOST_MASKS = 64
_NEAR = 0.02
"""Cameras round corners to their own grid."""
_SCHEMA = "http://www.onvif.org/ver10/schema"
_LOG = log.get("onvif")


class Masking:
    """Of one camera, in one event loop, until ``close``. It never raises: all is told."""

    def __init__(self, camera: Spoken, opener: Opener, tell: TellMasks) -> None:
        self._camera, self._opener, self._tell = camera, opener, tell
        self._wanted: dict[MaskId, CameraMask] = {each.id: each for each in camera.masks}
        self._tokens = {each.id: each.token for each in camera.masks}
        self._changed = asyncio.Event()
        self._problem = ""
        self._task = asyncio.ensure_future(self._work())

    def use(self, masks: Sequence[CameraMask]) -> None:
        """From now on these; nothing happens where that is nothing new."""
        wanted = {each.id: each for each in masks}
        if _sense(wanted) == _sense(self._wanted):
            return
        for each in masks:
            self._tokens.setdefault(each.id, each.token)
        self._wanted = wanted
        self._changed.set()

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _work(self) -> None:
        backoff = Backoff(first_s=2.0, most_s=600.0)
        while True:
            self._changed.clear()
            wait_s = _AGAIN_S
            try:
                await self._session()
                self._problem = ""
                backoff.reset()
            except AuthFailedError as error:
                # Asked again soon, it would lock the account.
                wait_s, self._problem = _REFUSED_S, error.sentence
            except (CameraError, RefusedError) as error:
                wait_s, self._problem = backoff.next_s(), error.sentence
            except FOREIGN_ERRORS as error:
                wait_s, self._problem = backoff.next_s(), foreign(error).sentence
            if self._problem:
                _LOG.warning("masks_not_set", camera=self._camera.camera, error=self._problem)
            known = {each: self._tokens.get(each, "") for each in self._wanted}
            self._tell(MasksTold(self._camera.camera, known, self._problem))
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()

    async def _session(self) -> None:
        wanted = tuple(self._wanted.values())
        session = await self._opener()
        try:
            async with asyncio.timeout(_SESSION_S):
                if MEDIA2 not in session.xaddrs:
                    raise StreamInvalidError("The camera takes no masks: it does not speak Media2.")
                await self._settle(_Camera(session, self._camera), wanted)
        finally:
            await session.close()

    async def _settle(self, camera: "_Camera", wanted: Sequence[CameraMask]) -> None:
        source = await camera.source()
        there = await camera.masks(source)
        for each in wanted:
            token = self._tokens.get(each.id, "")
            if not each.wanted:
                if token in there:
                    await camera.ask(f"<t:DeleteMask><t:Token>{escaped(token)}</t:Token>"
                                     "</t:DeleteMask>")  # fmt: skip
                self._tokens[each.id] = ""
        options = await camera.options(source)
        for each in wanted:
            if not each.wanted:
                continue
            token = self._tokens.get(each.id, "")
            polygon = options.shaped(each.polygon)
            if token in there:
                if not _alike(there[token], polygon):
                    await camera.ask(f"<t:SetMask>{_mask(source, polygon, token)}</t:SetMask>")
                continue
            self._tokens[each.id] = ""
            made = await camera.ask(f"<t:CreateMask>{_mask(source, polygon)}</t:CreateMask>")
            token = (made.first("Token") or "").strip()
            if not 0 < len(token) <= 64 or not token.isprintable():
                raise StreamInvalidError(
                    "The camera made a mask, and does not say how it calls it."
                )
            self._tokens[each.id] = token
            _LOG.info("mask_set", camera=self._camera.camera, mask=each.id)


class _Options:
    """What shapes the camera can cover."""

    def __init__(self, told: Element) -> None:
        found = next(told.all("Options"), None)
        points = told.first("MaxPoints") or ""
        self._rectangle = found is not None and found.attributes.get("RectangleOnly", "") in (
            "true",
            "1",
        )
        self._most_points = int(points) if points.isdecimal() else 4

    def shaped(self, polygon: tuple[Point, ...]) -> tuple[Point, ...]:
        """As it is, or the rectangle around it: it covers more then, and never less."""
        if not self._rectangle and len(polygon) <= self._most_points:
            return polygon
        left, right = min(x for x, _ in polygon), max(x for x, _ in polygon)
        top, bottom = min(y for _, y in polygon), max(y for _, y in polygon)
        return ((left, top), (right, top), (right, bottom), (left, bottom))


class _Camera:
    """Media2 of an opened session."""

    def __init__(self, session: GuardedCamera, login: Spoken) -> None:
        self._session, self._login = session, login

    async def ask(self, body: str) -> Element:
        return await ask_plainly(self._session, MEDIA2, body, self._login)

    async def source(self) -> str:
        """The name of the configuration of its picture: masks are of that."""
        told = await self.ask("<t:GetProfiles><t:Type>VideoSource</t:Type></t:GetProfiles>")
        for each in told.all("Profiles"):
            found = next(each.all("VideoSource"), None)
            if each.attributes.get("token") == self._login.profile and found is not None:
                return found.attributes.get("token", "")
        raise StreamInvalidError("The camera does not tell which picture its profile shows.")

    async def options(self, source: str) -> _Options:
        return _Options(await self.ask(
            f"<t:GetMaskOptions><t:ConfigurationToken>{escaped(source)}</t:ConfigurationToken>"
            "</t:GetMaskOptions>"))  # fmt: skip

    async def masks(self, source: str) -> dict[str, tuple[Point, ...]]:
        told = await self.ask(
            f"<t:GetMasks><t:ConfigurationToken>{escaped(source)}</t:ConfigurationToken>"
            "</t:GetMasks>")  # fmt: skip
        found = {}
        for each in list(told.all("Masks"))[:_MOST_MASKS]:
            enabled = (each.first("Enabled") or "").strip().lower() in ("true", "1")
            # One that is switched off covers nothing: it is set again.
            found[each.attributes.get("token", "")] = _corners(each) if enabled else ()
        return found


def _mask(source: str, polygon: tuple[Point, ...], token: str = "") -> str:
    """ONVIF's places go from -1 to 1, and up."""
    name = f' token="{escaped(token)}"' if token else ""
    points = "".join(f'<tt:Point x="{2 * x - 1:.4f}" y="{1 - 2 * y:.4f}"/>' for x, y in polygon)
    return (
        f'<t:Mask{name}><t:ConfigurationToken>{escaped(source)}</t:ConfigurationToken>'
        f'<t:Polygon xmlns:tt="{_SCHEMA}">{points}</t:Polygon><t:Type>Color</t:Type>'
        f'<t:Color><tt:Color xmlns:tt="{_SCHEMA}" X="0" Y="128" Z="128" '
        'Colorspace="http://www.onvif.org/ver10/colorspace/YCbCr"/></t:Color>'
        '<t:Enabled>true</t:Enabled></t:Mask>'
    )  # fmt: skip


def _corners(mask: Element) -> tuple[Point, ...]:
    found = []
    for each in list(mask.all("Point"))[:_MOST_MASKS]:
        try:
            x, y = float(each.attributes["x"]), float(each.attributes["y"])
        except (KeyError, ValueError):
            return ()
        found.append(((x + 1) / 2, (1 - y) / 2))
    return tuple(found)


def _alike(one: tuple[Point, ...], other: tuple[Point, ...]) -> bool:
    return len(one) == len(other) and all(
        abs(a - b) <= _NEAR for here, there in zip(one, other, strict=True)
        for a, b in zip(here, there, strict=True)
    )  # fmt: skip


def _sense(masks: dict[MaskId, CameraMask]) -> set[tuple[MaskId, tuple[Point, ...], bool]]:
    return {(each.id, each.polygon, each.wanted) for each in masks.values()}
