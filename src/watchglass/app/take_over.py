"""What another maker's device was set to, put onto cameras of this recorder."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from watchglass.app.adding import free_name, look_at, request_for
from watchglass.base.errors import CameraError, RefusedError, UsageError
from watchglass.base.ids import CameraId, random_id
from watchglass.cameras.address import CameraAddress, resolve, split_url
from watchglass.config.settings import Settings
from watchglass.model.area import Area, AreaId, AreaKind, checked_name, checked_points
from watchglass.model.camera import Camera
from watchglass.model.control import AddCameraRequest
from watchglass.model.polygon import Point
from watchglass.model.rule import Rule, RuleId
from watchglass.model.schedule import PauseSchedule, checked_schedule
from watchglass.model.settings_import import SettingsOrder, TakenArea, TakenChannel
from watchglass.model.stream import StreamName
from watchglass.model.watch_control import SetAreaRequest, SetRuleRequest

_RTSP_PORT = 554
_MOST_FILES = 2000
_MOST_FILE_BYTES = 1 << 20
Orders = Callable[[Any], Any]


def order_of_files(maker: str, place: Path) -> SettingsOrder:
    """A folder with a document a file, or one file; names say which document it is: as
    ``ISAPI_Smart_LineDetection_1.xml``, or in folders like the device's paths."""
    paths = (
        sorted(each for each in place.rglob("*") if each.is_file()) if place.is_dir() else [place]
    )
    if len(paths) > _MOST_FILES:
        raise UsageError(f"{place} holds more than {_MOST_FILES} files.")
    files = []
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(_MOST_FILE_BYTES)
        except OSError as error:
            raise UsageError(f"{path} cannot be read ({error.strerror}).") from error
        inside = path.relative_to(place).with_suffix("") if place.is_dir() else Path(path.stem)
        files.append(("/" + "/".join(inside.parts).replace("_", "/"), data))
    if not files:
        raise UsageError(f"{place} holds no file.")
    return SettingsOrder(maker=maker, files=tuple(files))


def order_of_device(
    maker: str, host: str, port: int, user: str, password: str, allow: frozenset[str]
) -> SettingsOrder:
    """A device to ask; RefusedError for an address that the recorder goes to for nobody."""
    address: CameraAddress = split_url(f"rtsp://{host}:{port}/")[0]
    checked = resolve(address, allow)
    return SettingsOrder(
        maker=maker, host=address.host, ip=checked.ip, port=port, user=user, password=password
    )


def put_onto(
    camera: CameraId, channel: TakenChannel, by: str, order: Orders, drawn: Iterable[Area]
) -> int:
    """Draw a channel's areas on a camera, each with its rule; how many. What was switched off there
    is switched off here. What is among ``drawn`` is left as people have it since."""
    known = {(each.name, each.kind, each.points) for each in drawn}
    new = [each for each in channel.areas if _as_kept(each) not in known]
    for each in new:
        area = Area(
            id=AreaId(random_id()), camera=camera, name=each.name, kind=each.kind,
            points=each.points,
        )  # fmt: skip
        order(SetAreaRequest(camera, area, True, by))
        rule = Rule(
            id=RuleId(random_id()), camera=camera, name=each.name, kind=each.rule, area=area.id,
            direction=each.direction, enabled=each.enabled,
        )  # fmt: skip
        order(SetRuleRequest(camera, rule, True, by))
    return len(new)


def pauses_as_there(
    channel: TakenChannel, zone: str, before: PauseSchedule | None
) -> PauseSchedule:
    """Weekly pauses for when the device did not record a channel, by the clock of a place.
    UsageError where it does not tell, RefusedError where people gave the camera others."""
    if not channel.pauses:
        raise UsageError(
            "The device recorded this channel at all times, or does not say when: there is nothing "
            "to pause."
        )
    reason = f"its channel {channel.number} was not recorded then before"
    made = checked_schedule(PauseSchedule(zone, channel.pauses, reason))
    if before is not None and (before.zone, before.spans) != (made.zone, made.spans):
        raise RefusedError("This camera has weekly pauses of its own: change those on its page.")
    return made


def _as_kept(area: TakenArea) -> tuple[str, AreaKind, tuple[Point, ...]]:
    return checked_name(area.name, "An area"), area.kind, checked_points(area.kind, area.points)


def stream_url(host: str, channel: TakenChannel, path: str) -> str:
    """Where a stream of the device is had."""
    port = f":{channel.rtsp_port}" if channel.rtsp_port not in (0, _RTSP_PORT) else ""
    return f"rtsp://{f'[{host}]' if ':' in host else host}{port}{path}"


def recorded_from(known: Iterable[Camera], host: str, channel: TakenChannel) -> Camera | None:
    """The camera that has its main stream there already."""
    main = stream_url(host, channel, dict(channel.paths).get(StreamName.MAIN, ""))
    return next((each for each in known if each.streams and each.streams[0].url == main), None)


def request_for_channel(
    settings: Settings, known: Iterable[Camera], host: str, channel: TakenChannel,
    login: tuple[str, str], allowed: frozenset[str], by: str,
) -> AddCameraRequest:  # fmt: skip
    """Look at a channel of a device; what adds it, or why it cannot be recorded. ``allowed``: hosts
    beyond those of the settings; the device's is let in from then on if it is one of them."""
    urls = {name: stream_url(host, channel, path) for name, path in channel.paths}
    if StreamName.MAIN not in urls:
        raise UsageError("Its main stream is switched off in the device: switch it on there.")
    user, password = login if login[0] else (None, None)
    found = look_at(
        urls[StreamName.MAIN], user, password, settings, allowed,
        sub=urls.get(StreamName.SUB), no_sub=StreamName.SUB not in urls,
    )  # fmt: skip
    if found.main is None:
        raise found.problem or CameraError("The camera cannot be recorded, and does not say why.")
    name = free_name(channel.name or f"Channel {channel.number}", [each.name for each in known])
    return request_for(found, name, by, allowed & {host})
