"""Settings of Hikvision's recorders and cameras: ISAPI's documents, of several firmwares.

Elements are read by their local names: their namespaces differ between firmwares that mean the
same. Coordinates count from the bottom left there, and from the top left here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from watchglass.cameras.imports.accounted import Accounted, Document
from watchglass.cameras.imports.grids import hex_grid, polygons
from watchglass.cameras.survey.xml_reading import Element, XmlError, read_xml
from watchglass.model.area import AreaKind
from watchglass.model.polygon import MOST_POINTS, Point
from watchglass.model.rule import Direction, RuleKind
from watchglass.model.schedule import WeeklySpan
from watchglass.model.settings_import import TakenArea, TakenChannel, TakenSettings
from watchglass.model.stream import StreamName

MOST_CHANNELS = 256
OF_DEVICE = (
    "/ISAPI/System/deviceInfo", "/ISAPI/System/time",
    "/ISAPI/ContentMgmt/InputProxy/channels", "/ISAPI/System/Video/inputs/channels",
    "/ISAPI/Streaming/channels", "/ISAPI/ContentMgmt/record/tracks",
)  # fmt: skip
"""What is asked of a device; then, of each channel:"""
OF_CHANNEL = (
    "/ISAPI/System/Video/inputs/channels/{}/motionDetection",
    "/ISAPI/Smart/LineDetection/{}", "/ISAPI/Smart/FieldDetection/{}",
)  # fmt: skip
_REASONS = {
    "sensitivityLevel": "How sensitive a rule is, is learned here from the picture.",
    "sensitivity": "How sensitive a rule is, is learned here from the picture.",
    "timeThreshold": "To tell of who stays is a rule that needs a written purpose: make it here.",
    "detectionTarget": "Which kinds a rule is about is chosen here.",
    "userName": "Logins are not carried over: give the camera's own.",
    "password": "Logins are not carried over: give the camera's own.",
    "timeZone": "Times are kept in UTC; the page shows them by the clock of whoever looks.",
    "localTime": "The time of day of the moment.",
    "serialNumber": "Trust notes it: 'watchglass trust scan' with a login.",
    "macAddress": "Trust notes it: 'watchglass trust scan' with a login.",
    "firmwareVersion": "Trust notes it: 'watchglass trust scan' with a login.",
    "firmwareReleasedDate": "Trust notes it: 'watchglass trust scan' with a login.",
    "videoCodecType": "The camera's own setting, which stays in the camera.",
    "videoResolutionWidth": "The camera's own setting, which stays in the camera.",
    "videoResolutionHeight": "The camera's own setting, which stays in the camera.",
    "constantBitRate": "The camera's own setting, which stays in the camera.",
    "vbrUpperCap": "The camera's own setting, which stays in the camera.",
    "maxFrameRate": "The camera's own setting, which stays in the camera.",
    "GovLength": "The camera's own setting, which stays in the camera.",
    "ActionRecordingMode": "Recording is continuous here; what happens is found by rules.",
}
_MOST_PORT = 65535
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"([0-2]?\d):([0-5]\d)(?::[0-5]\d)?(?:Z|[+-]\d\d:\d\d)?")
_DIRECTIONS = {
    "left-right": Direction.FORWARD, "right-left": Direction.BACKWARD,
    "any": Direction.BOTH,
}  # fmt: skip


@dataclass
class _Channel:
    number: int
    name: str = ""
    address: str = ""
    streams: dict[StreamName, str] = field(default_factory=dict)
    rtsp_port: int = 0
    areas: list[TakenArea] = field(default_factory=list)
    recorded: set[WeeklySpan] = field(default_factory=set)


class IsapiSettings:
    """Of one device, from its documents by path."""

    def __init__(self) -> None:
        self._account = Accounted(_REASONS)
        self._channels: dict[int, _Channel] = {}
        self._device = ""

    def read(self, documents: Mapping[str, bytes]) -> TakenSettings:
        """What is no XML is listed as left, whole."""
        for path, data in documents.items():
            try:
                document = Document(path, read_xml(data), self._account)
            except XmlError as error:
                self._account.leave(path, "all of it", f"cannot be read: {error}")
                continue
            self._take(document)
            document.close()
        return TakenSettings(
            maker="hikvision", device=self._device, channels=tuple(self._made()),
            carried=self._account.carried(), left=self._account.left(),
        )  # fmt: skip

    def numbers(self) -> list[int]:
        """Of the channels that were told of so far."""
        return sorted(self._channels)

    def _made(self) -> Iterator[TakenChannel]:
        for _, each in sorted(self._channels.items()):
            streams = each.streams or {
                StreamName.MAIN: f"/Streaming/Channels/{each.number}01",
                StreamName.SUB: f"/Streaming/Channels/{each.number}02",
            }
            recorded = tuple(sorted(each.recorded, key=lambda span: (span.days, span.from_min)))
            yield TakenChannel(
                number=each.number, name=each.name, address=each.address,
                paths=tuple((name, streams[name]) for name in StreamName if name in streams),
                rtsp_port=each.rtsp_port, areas=tuple(each.areas),
                recorded=() if _is_always(recorded) else recorded,
            )  # fmt: skip

    def _take(self, of: Document) -> None:
        takers = {
            "DeviceInfo": self._info, "InputProxyChannelList": self._proxies,
            "VideoInputChannelList": self._inputs, "VideoInputChannel": self._inputs,
            "StreamingChannelList": self._streams, "StreamingChannel": self._streams,
            "TrackList": self._tracks, "MotionDetection": self._motion,
            "LineDetection": self._lines, "LineDetectionList": self._lines,
            "FieldDetection": self._fields, "FieldDetectionList": self._fields,
        }  # fmt: skip
        taker = takers.get(of.root.name)
        if taker is not None:
            taker(of)

    def _channel(self, number: str) -> _Channel | None:
        if not re.fullmatch("[0-9]{1,3}", number) or not 0 < int(number) <= MOST_CHANNELS:
            return None
        return self._channels.setdefault(int(number), _Channel(int(number)))

    def _info(self, of: Document) -> None:
        told = [of.take(of.root, name) for name in ("deviceName", "model", "deviceType")]
        self._device = ", ".join(each for each in told if each)[:200]

    def _proxies(self, of: Document) -> None:
        for each in of.below(of.root, "InputProxyChannel"):
            channel = self._channel(of.take(each, "id"))
            if channel is None:
                continue
            channel.name = of.take(each, "name") or channel.name
            for source in of.below(each, "sourceInputPortDescriptor"):
                channel.address = of.take(source, "ipAddress")

    def _inputs(self, of: Document) -> None:
        one = of.root.name == "VideoInputChannel"
        for each in [of.root] if one else of.below(of.root, "VideoInputChannel"):
            channel = self._channel(of.take(each, "id"))
            if channel is not None:
                channel.name = of.take(each, "name") or channel.name

    def _streams(self, of: Document) -> None:
        one = of.root.name == "StreamingChannel"
        for each in [of.root] if one else of.below(of.root, "StreamingChannel"):
            number = of.take(each, "id")
            name = {"01": StreamName.MAIN, "02": StreamName.SUB}.get(number[-2:])
            channel = self._channel(number[:-2]) if name is not None else None
            if channel is None or name is None:
                continue
            channel.name = channel.name or of.take(each, "channelName")
            for transport in of.below(each, "Transport"):
                port = _whole(of.take(transport, "rtspPortNo"))
                channel.rtsp_port = port if port <= _MOST_PORT else 0
            if of.take(each, "enabled").lower() != "false":
                channel.streams[name] = f"/Streaming/Channels/{number}"

    def _tracks(self, of: Document) -> None:
        for track in of.below(of.root, "Track"):
            number = of.take(track, "id")
            channel = self._channel(number[:-2]) if number.endswith("01") else None
            blocks = ("TrackSchedule", "ScheduleBlockList", "ScheduleBlock", "ScheduleAction")
            for action in of.below(track, *blocks):
                span = _span(of, action)
                if channel is not None and span is not None:
                    channel.recorded.add(span)

    def _motion(self, of: Document) -> None:
        channel = self._channel(_number_of(of.path))
        if channel is None:
            return
        enabled = of.take(of.root, "enabled").lower() == "true"
        found: list[tuple[Point, ...]] = []
        for grid in of.below(of.root, "Grid"):
            rows, columns = (of.take(grid, name) for name in _GRANULARITY)
            for layout in of.below(of.root, "MotionDetectionLayout", "layout"):
                cells = hex_grid(of.take(layout, "gridMap"), _whole(rows), _whole(columns))
                found += polygons(cells)
        for region in of.below(of.root, "MotionDetectionRegionList", "MotionDetectionRegion"):
            of.take(region, "id")
            found += _corners(of, region, _sizes(of))
        for at, points in enumerate(found, 1):
            _add(channel, f"Motion {at}", AreaKind.ZONE, points, RuleKind.MOTION, enabled=enabled)

    def _lines(self, of: Document) -> None:
        for each in _each(of, "LineDetection"):
            channel = self._channel(of.take(each, "id") or _number_of(of.path))
            enabled = of.take(each, "enabled").lower() == "true"
            size = _sizes(of, each)
            for item in of.below(each, "LineItemList", "LineItem"):
                on = of.take(item, "enabled").lower() != "false"
                number = of.take(item, "id")
                way = of.take(item, "directionSensitivity").lower()
                points = next(iter(_corners(of, item, size, least=2)), ())
                if channel is not None and len(points) == 2:
                    _add(channel, f"Line {number}", AreaKind.LINE, points, RuleKind.CROSSING,
                         _DIRECTIONS.get(way, Direction.BOTH), enabled=enabled and on)  # fmt: skip

    def _fields(self, of: Document) -> None:
        for each in _each(of, "FieldDetection"):
            channel = self._channel(of.take(each, "id") or _number_of(of.path))
            enabled = of.take(each, "enabled").lower() == "true"
            size = _sizes(of, each)
            for region in of.below(each, "FieldDetectionRegionList", "FieldDetectionRegion"):
                on = of.take(region, "enabled").lower() != "false"
                number = of.take(region, "id")
                for points in _corners(of, region, size):
                    if channel is not None:
                        _add(channel, f"Field {number}", AreaKind.ZONE, points, RuleKind.ENTER,
                             enabled=enabled and on)  # fmt: skip


_GRANULARITY = ("rowGranularity", "columnGranularity")


def _each(of: Document, name: str) -> Iterable[Element]:
    return [of.root] if of.root.name == name else of.below(of.root, name)


def _add(
    channel: _Channel, name: str, kind: AreaKind, points: tuple[Point, ...], rule: RuleKind,
    direction: Direction = Direction.BOTH, *, enabled: bool,
) -> None:  # fmt: skip
    channel.areas.append(
        TakenArea(
            name=name.strip(), kind=kind, points=points, rule=rule, direction=direction,
            enabled=enabled,
        )
    )  # fmt: skip


def _sizes(of: Document, element: Element | None = None) -> tuple[float, float]:
    """Width and height that coordinates count to: a thousand where nothing is told."""
    for size in of.below(element or of.root, "normalizedScreenSize"):
        told = (of.take(size, "normalizedScreenWidth"), of.take(size, "normalizedScreenHeight"))
        width, height = map(_whole, told)
        if width and height:
            return width, height
    return 1000, 1000


def _corners(
    of: Document, element: Element, size: tuple[float, float], least: int = 3
) -> list[tuple[Point, ...]]:
    """The corners that lie in the picture; none where they are too few, or all in one place."""
    points: list[Point] = []
    for holder, name in (("RegionCoordinatesList", "RegionCoordinates"),
                         ("CoordinatesList", "Coordinates")):  # fmt: skip
        for each in of.below(element, holder, name):
            x, y = (of.take(each, name) for name in ("positionX", "positionY"))
            across, up = _whole(x) / size[0], _whole(y) / size[1]
            if 0 <= across <= 1 and 0 <= up <= 1:
                points.append((round(across, 4), round(1 - up, 4)))
    distinct = list(dict.fromkeys(points))
    return [tuple(distinct)] if least <= len(distinct) <= MOST_POINTS else []


def _span(of: Document, action: Element) -> WeeklySpan | None:
    told = []
    for name in ("ScheduleActionStartTime", "ScheduleActionEndTime"):
        told += [
            (of.take(moment, "DayOfWeek").lower(), of.take(moment, "TimeOfDay"))
            for moment in of.below(action, name)
        ]
    if len(told) != 2 or told[0][0] not in _DAYS or told[1][0] not in _DAYS:
        return None
    minutes = [_minutes(time) for _, time in told]
    if minutes[0] is None or minutes[1] is None:
        return None
    over = told[0][0] != told[1][0]
    end = 1440 if over and minutes[1] == 0 else minutes[1]
    return WeeklySpan((_DAYS.index(told[0][0]),), minutes[0], end)


def _minutes(text: str) -> int | None:
    found = _TIME.fullmatch(text.strip())
    if found is None or int(found[1]) > 24:
        return None
    return int(found[1]) * 60 + int(found[2])


def _is_always(spans: tuple[WeeklySpan, ...]) -> bool:
    whole = {span.days[0] for span in spans if span.from_min == 0 and span.to_min >= 1439}
    return len(whole) == 7


def _number_of(path: str) -> str:
    found = re.findall("[0-9]+", path)
    return found[-1] if found else "1"


def _whole(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else 0
