"""Hearing what a camera says happens: a pull point, renewed, and made anew when it is lost."""

import asyncio
import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import Any

from onvif.managers import PullPointManager

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import AuthFailedError, CameraError
from watchglass.base.ids import CameraId
from watchglass.base.retry import Backoff
from watchglass.cameras.onvif.guarded import FOREIGN_ERRORS, GuardedCamera, foreign
from watchglass.cameras.onvif.hearing import Hearing, Message
from watchglass.cameras.onvif.steering import Opener
from watchglass.cameras.survey.xml_reading import Element
from watchglass.model.said import Said

Tell = Callable[[list[Said]], None]

_PULL_S = 20
_MOST_MESSAGES = 30
_LIFE = dt.timedelta(minutes=5)
_CLOCK_NS = 3600 * NS_PER_S
"""After so long the camera's clock is read again."""
_LEAST_S = 0.25
"""Between two pulls: a camera that answers at once and for ever takes no more than that."""
_REFUSED_S = 600.0
_MOST_ITEMS = 16
_MOST_CHARS = 200
_LOG = log.get("onvif")


class Listening:
    """Of one camera, until ``close``. It never raises: what it hears is told, and what it does not
    hear, too."""

    def __init__(self, camera: CameraId, opener: Opener, tell: Tell, clock: Clock) -> None:
        self._camera, self._opener, self._tell, self._clock = camera, opener, tell, clock
        self._hearing = Hearing(camera)
        self._heard = False
        self._task = asyncio.ensure_future(self._listen())

    @property
    def heard(self) -> bool:
        """Whether a pull point is open."""
        return self._heard

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._say(self._hearing.lose(self._clock.wall_ns()))

    async def _listen(self) -> None:
        backoff = Backoff(first_s=1.0, most_s=60.0)
        while True:
            wait_s = 0.0
            try:
                await self._session(backoff)
            except AuthFailedError as error:
                # Asked again soon, it would lock the account.
                wait_s = _REFUSED_S
                self._say_lost(error)
            except CameraError as error:
                wait_s = backoff.next_s()
                self._say_lost(error)
            except FOREIGN_ERRORS as error:
                wait_s = backoff.next_s()
                self._say_lost(foreign(error))
            self._say(self._hearing.lose(self._clock.wall_ns()))
            await asyncio.sleep(wait_s)

    def _say(self, said: list[Said]) -> None:
        if said:
            self._tell(said)

    def _say_lost(self, error: CameraError) -> None:
        if self._heard:
            _LOG.warning("camera_not_heard", camera=self._camera, error=error.sentence)
        self._heard = False

    async def _session(self, backoff: Backoff) -> None:
        session = await self._opener()
        lost = asyncio.Event()
        manager = PullPointManager(session, _LIFE, lost.set)
        try:
            async with asyncio.timeout(_PULL_S):
                await manager.start()
            service = manager.get_service()
            # The request waits as long as the camera does, and a little more.
            service.transport.request_s = _PULL_S + 8.0
            opened_ns = self._clock.monotonic_ns()
            _LOG.info("camera_heard", camera=self._camera)
            self._heard = True
            while not lost.is_set() and self._clock.monotonic_ns() - opened_ns < _CLOCK_NS:
                await self._pull(service, session)
                backoff.reset()
        finally:
            with suppress(*FOREIGN_ERRORS, CameraError, AssertionError):
                async with asyncio.timeout(3.0):
                    await manager.shutdown()
            await session.close()

    async def _pull(self, service: Any, session: GuardedCamera) -> None:
        began_s = asyncio.get_running_loop().time()
        pull = {"Timeout": dt.timedelta(seconds=_PULL_S), "MessageLimit": _MOST_MESSAGES}
        service.transport.answer = None
        try:
            await service.PullMessages(pull)
        except (*FOREIGN_ERRORS, CameraError):
            # One message that the library cannot read must not cost the others.
            if not _is_pulled(service.transport.answer):
                raise
        told = service.transport.answer
        messages = [read for each in (told.all("NotificationMessage") if told else ())
                    if (read := read_message(each)) is not None]  # fmt: skip
        now_ns = self._clock.wall_ns()
        said = self._hearing.hear(messages[:_MOST_MESSAGES], now_ns, session.clock_offset_s)
        self._say(said)
        passed_s = asyncio.get_running_loop().time() - began_s
        await asyncio.sleep(max(0.0, _LEAST_S - passed_s))


def _is_pulled(answer: Element | None) -> bool:
    return answer is not None and next(answer.all("PullMessagesResponse"), None) is not None


def read_message(told: Element) -> Message | None:
    """What a notification says; None for one that says nothing."""
    topic = told.first("Topic") or ""
    if not topic:
        return None
    inner = next((each for each in told.all("Message") if "UtcTime" in each.attributes), told)
    return Message(
        topic[:_MOST_CHARS],
        inner.attributes.get("PropertyOperation", "")[:_MOST_CHARS],
        utc_ns(inner.attributes.get("UtcTime")),
        _items(inner, "Source"),
        _items(inner, "Data"),
    )


def _items(message: Element, part: str) -> tuple[tuple[str, str], ...]:
    found = next(message.all(part), None)
    listed = islice(found.all("SimpleItem"), _MOST_ITEMS) if found is not None else ()
    return tuple(
        (
            each.attributes.get("Name", "")[:_MOST_CHARS],
            each.attributes.get("Value", "")[:_MOST_CHARS],
        )
        for each in listed
    )


def utc_ns(text: str | None) -> int | None:
    """Of 2026-11-03T09:12:44.123Z; without a zone it is UTC, as its name says."""
    try:
        when = dt.datetime.fromisoformat((text or "").strip()[:40])
        if when.tzinfo is None:
            when = when.replace(tzinfo=dt.UTC)
        return round(when.timestamp() * NS_PER_S)
    except (OverflowError, ValueError):
        return None
