"""What was made of the fleet, as files of the process that judges: read in threads, never judged.

Which of the recorder's cameras a device is, is seen here: a camera that was added a second ago is
recorded already.
"""

import re
import threading
from collections import defaultdict
from collections.abc import Container, Iterable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from watchglass.api.ports import FleetPorts
from watchglass.base.errors import BusError, NotFoundError
from watchglass.model.camera import Camera
from watchglass.model.device import DeviceKind
from watchglass.model.stream_path import channel_of
from watchglass.model.survey_control import FleetMade, FleetRequest
from watchglass.trust.view import DEVICE_PAGE, DEVICES, FLEET, INDEX, DeviceView, FleetView

_MOST_TRIES = 3
_CHANNEL = re.compile(r"(\S+) channel (\d{1,6})")
_FLEETS: msgspec.json.Decoder[FleetView] = msgspec.json.Decoder(FleetView)
_VIEWS: msgspec.json.Decoder[DeviceView] = msgspec.json.Decoder(DeviceView)
_PLACES: msgspec.json.Decoder[dict[str, tuple[int, int]]] = msgspec.json.Decoder(
    dict[str, tuple[int, int]]
)


class FleetFiles:
    """Thread-safe; all calls block."""

    def __init__(self, ports: FleetPorts) -> None:
        self._ports = ports
        self._lock = threading.Lock()
        self._fleet: tuple[str, FleetView] | None = None
        self._index: tuple[str, dict[str, tuple[int, int]]] | None = None

    def fleet(self, cameras: Iterable[Camera]) -> tuple[str, FleetView]:
        """The list, and what names this state of it."""
        made, data = self._read(FLEET)
        with self._lock:
            if self._fleet is None or self._fleet[0] != made.key:
                self._fleet = made.key, _FLEETS.decode(data)
            view = self._fleet[1]
        recorded = _Recorded(cameras)
        rows = tuple(
            msgspec.structs.replace(
                row, camera=recorded.find(row.camera, row.kind, row.address, here=row.here)
            )
            for row in view.devices
        )
        return made.key, msgspec.structs.replace(view, devices=rows)

    def device(self, device: str, cameras: Iterable[Camera]) -> DeviceView:
        """One of them; NotFoundError."""
        made, places = self._places()
        place = places.get(device)
        if place is None:
            raise NotFoundError(
                "There is no such device any more: it may have become one with another."
            )
        with (Path(made.folder) / DEVICES).open("rb") as file:
            file.seek(place[0])
            view = _VIEWS.decode(file.read(place[1]))
        address = view.device.addresses[0] if view.device.addresses else ""
        camera = _Recorded(cameras).find(
            view.camera, view.device.kind, address, here=view.here
        )  # fmt: skip
        return msgspec.structs.replace(view, camera=camera)

    def known(self) -> Container[str]:
        """The ids of all devices as of now."""
        return self._places()[1]

    def _places(self) -> tuple[FleetMade, dict[str, tuple[int, int]]]:
        made, data = self._read(INDEX)
        with self._lock:
            if self._index is None or self._index[0] != made.key:
                self._index = made.key, _PLACES.decode(data)
            return made, self._index[1]

    def report(self, name: str) -> bytes:
        """A file of the signed report as of now."""
        return self._read(name, report=True)[1]

    def page(self, device: str) -> bytes:
        """The signed page of one device; NotFoundError."""
        return self._read(DEVICE_PAGE.format(device), page=device)[1]

    def _read(self, name: str, *, report: bool = False, page: str = "") -> tuple[FleetMade, bytes]:
        for _ in range(_MOST_TRIES):
            made = self._ports.fleet(FleetRequest(report, page))
            try:
                return made, (Path(made.folder) / name).read_bytes()
            except FileNotFoundError:
                continue  # it was made anew meanwhile
        raise BusError("The devices are judged anew all the time: ask again.")


class _Recorded:
    """Cameras that are recorded, by id, by the host of their main stream, and by its channel."""

    def __init__(self, cameras: Iterable[Camera]) -> None:
        self._at_host: dict[str, list[str]] = defaultdict(list)
        self._channels: dict[tuple[str, int], str] = {}
        self._ids: dict[str, str] = {}
        for each in cameras:
            self._ids[each.device_key] = each.id
            for stream in each.streams[:1]:
                parts = urlsplit(stream.url)
                if not parts.hostname:
                    continue
                self._at_host[parts.hostname].append(each.id)
                channel = channel_of(f"{parts.path}?{parts.query}")
                if channel is not None:
                    self._channels[parts.hostname, channel] = each.id

    def find(self, told: str | None, kind: str, address: str, *, here: bool) -> str | None:
        """``told`` is what the device is known to be; else the camera of its channel, or what
        alone is recorded at its address: of several there, or of a recorder, it is none."""
        if told is not None and told in self._ids:
            return self._ids[told]
        channel = _CHANNEL.fullmatch(address)
        if channel is not None:
            return self._channels.get((channel[1], int(channel[2])))
        if not here or kind == DeviceKind.RECORDER:
            return None
        at_it = self._at_host.get(address, ())
        return at_it[0] if len(at_it) == 1 else None
