"""What another maker's device was set to, put onto cameras of this recorder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from watchglass.base.errors import UsageError
from watchglass.base.ids import CameraId, random_id
from watchglass.cameras.address import CameraAddress, resolve, split_url
from watchglass.model.area import Area, AreaId
from watchglass.model.rule import Rule, RuleId
from watchglass.model.settings_import import SettingsOrder, TakenChannel
from watchglass.model.watch_control import SetAreaRequest, SetRuleRequest

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


def put_onto(camera: CameraId, channel: TakenChannel, by: str, order: Orders) -> int:
    """Draw a channel's areas on a camera, each with its rule; how many. What was switched off there
    is switched off here."""
    for each in channel.areas:
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
    return len(channel.areas)


def stream_url(host: str, path: str) -> str:
    """Where a stream of the device is had."""
    return f"rtsp://{f'[{host}]' if ':' in host else host}{path}"
