"""What other makers' devices were set to, read for people on the page, taken channel by channel.

What was read is kept in memory for the last few that asked; no login is kept with it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from watchglass.app.hosts import allowed_hosts
from watchglass.app.take_over import (
    Orders,
    order_of_device,
    pauses_as_there,
    put_onto,
    recorded_from,
    request_for_channel,
)
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import CameraId, random_id
from watchglass.cameras.settings_worker import run_settings
from watchglass.config.settings import Settings
from watchglass.model.control import Accepted, AddCameraRequest, ScheduleRequest
from watchglass.model.settings_import import (
    ReadSettingsRequest,
    SettingsErrand,
    SettingsOrder,
    SettingsRead,
    TakeChannelRequest,
    TakenChannel,
    TakenSettings,
)
from watchglass.store.site import SiteStore

_KEPT = 8


@dataclass(frozen=True, slots=True)
class _Read:
    """``host`` is empty for files; ``allow``: it was let in by name."""

    settings: TakenSettings
    host: str
    allow: bool


class SettingsDesk:
    """Thread-safe. Reading and taking each take seconds."""

    def __init__(
        self,
        settings: Settings,
        store: SiteStore,
        add: Callable[[AddCameraRequest], CameraId],
        order: Orders,
    ) -> None:
        """``add`` records a camera, ``order`` draws areas and makes rules."""
        self._settings = settings
        self._store = store
        self._add = add
        self._order = order
        self._lock = threading.Lock()
        self._read: dict[str, _Read] = {}

    def answer(self, errand: SettingsErrand) -> SettingsRead | Accepted:
        """Raises what stands in the way."""
        match errand:
            case ReadSettingsRequest():
                return self._read_in(errand)
            case TakeChannelRequest():
                return self._taken(errand)

    def _read_in(self, request: ReadSettingsRequest) -> SettingsRead:
        host = "" if request.files else request.host
        if request.files:
            order = SettingsOrder(maker=request.maker, files=request.files)
        else:
            if not request.user:
                raise UsageError("A device tells its settings to who signs in: name a user.")
            order = order_of_device(
                request.maker, host, request.port, request.user, request.password,
                self._allowed(host, allow=request.allow),
            )  # fmt: skip
        found = run_settings(order)
        id = random_id()
        with self._lock:
            self._read[id] = _Read(found, host, request.allow)
            for old in list(self._read)[:-_KEPT]:
                del self._read[old]
        return SettingsRead(id, found)

    def _taken(self, request: TakeChannelRequest) -> Accepted:
        with self._lock:
            read = self._read.get(request.read)
        if read is None:
            raise NotFoundError("These settings are not kept any more: read them again.")
        channel = next(
            (each for each in read.settings.channels if each.number == request.number), None
        )
        if channel is None:
            raise NotFoundError("The device has no such channel.")
        if request.camera:
            camera = self._store.find_camera(request.camera, with_credentials=False).id
            self._draw(camera, channel, request)
            return Accepted(camera)
        if not read.host:
            raise UsageError("Files hold no camera to record: choose a camera that is recorded.")
        cameras = self._store.cameras(with_credentials=False)
        known = recorded_from(cameras, read.host, channel)
        if known is not None:
            return Accepted(known.id, already=True)
        wanted = request_for_channel(
            self._settings, cameras, read.host, channel, (request.user, request.password),
            self._allowed(read.host, allow=read.allow), request.by,
        )  # fmt: skip
        camera = self._add(wanted)
        self._draw(camera, channel, request)
        return Accepted(camera)

    def _draw(self, camera: CameraId, channel: TakenChannel, request: TakeChannelRequest) -> None:
        entry = self._store.schedules().get(camera)
        before = entry.schedule if entry is not None else None
        pauses = pauses_as_there(channel, request.zone, before) if request.zone else None
        put_onto(camera, channel, request.by, self._order, self._store.areas(camera))
        if pauses is not None:
            self._order(ScheduleRequest(camera, pauses, request.by))

    def _allowed(self, host: str, *, allow: bool) -> frozenset[str]:
        return allowed_hosts(self._store) | (frozenset({host}) if allow else frozenset())
