"""Devices that answer as Hikvision's do when asked for their settings: ISAPI by HTTP digest.

Three series: a recorder, a camera of the 2 series, and a camera of an older firmware with another
namespace and regions in the place of a grid. Written from the documented names of elements.
"""

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from watchglass.simulate.digest import Credentials, challenge, is_authorised, new_nonce

_NEW = "http://www.hikvision.com/ver20/XMLSchema"
_OLD = "http://www.hikvision.com/ver10/XMLSchema"
_OLDEST = "http://www.std-cgi.com/ver10/XMLSchema"
_Points = tuple[tuple[int, int], ...]


def _xml(name: str, inside: str, space: str = _NEW, version: str = "2.0") -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}\n<{name} version="{version}" xmlns="{space}">{inside}</{name}>\n'.encode()


def _of(element: str, /, *inside: str, **texts: object) -> str:
    told = "".join(f"<{each}>{text}</{each}>" for each, text in texts.items())
    return f"<{element}>{told}{''.join(inside)}</{element}>"


def _texts(**texts: object) -> str:
    return "".join(f"<{each}>{text}</{each}>" for each, text in texts.items())


def _info(name: str, model: str, kind: str, firmware: str, space: str = _NEW) -> bytes:
    told = _texts(
        deviceName=name, deviceID="48443230-3000-11b5-8000-acb92f000001", model=model,
        serialNumber=f"{model}0120200101AAWR000000001", macAddress="ac:b9:2f:00:00:01",
        firmwareVersion=firmware, firmwareReleasedDate="build 200803", deviceType=kind,
        telecontrolID=88, supportBeep="true",
    )  # fmt: skip
    return _xml("DeviceInfo", told, space)


def _grid(cells: str, *, on: bool) -> bytes:
    return _xml(
        "MotionDetection",
        _texts(
            enabled=str(on).lower(), enableHighlight="true", samplingInterval=2,
            startTriggerTime=500, endTriggerTime=500, regionType="grid",
        )
        + _of("Grid", rowGranularity=18, columnGranularity=22)
        + _of("MotionDetectionLayout", _of("layout", gridMap=cells), sensitivityLevel=60),
    )  # fmt: skip


def _corners(holder: str, each: str, points: _Points) -> str:
    return _of(holder, *(_of(each, positionX=x, positionY=y) for x, y in points))


_SCREEN = _of("normalizedScreenSize", normalizedScreenWidth=1000, normalizedScreenHeight=1000)


def _line(way: str, points: _Points, space: str = _NEW) -> bytes:
    item = _of(
        "LineItem", _corners("CoordinatesList", "Coordinates", points), id=1, enabled="true",
        sensitivityLevel=50, directionSensitivity=way, detectionTarget="human",
    )  # fmt: skip
    inside = f'<LineItemList size="4">{item}</LineItemList>'
    return _xml("LineDetection", _texts(id=1, enabled="true") + _SCREEN + inside, space)


def _field(points: _Points) -> bytes:
    region = _of(
        "FieldDetectionRegion", _corners("RegionCoordinatesList", "RegionCoordinates", points),
        id=1, enabled="true", sensitivityLevel=50, timeThreshold=5,
    )  # fmt: skip
    inside = _texts(id=1, enabled="true") + _SCREEN + _of("FieldDetectionRegionList", region)
    return _xml("FieldDetection", inside)


def _proxy(number: int, name: str, address: str) -> str:
    source = _of(
        "sourceInputPortDescriptor", proxyProtocol="HIKVISION", addressingFormatType="ipaddress",
        ipAddress=address, managePortNo=8000, srcInputPort=1, userName="admin", streamType="auto",
        model="DS-2CD2143G0-I",
    )  # fmt: skip
    return _of("InputProxyChannel", source, id=number, name=name, enableAnr="false")


def _track(number: int, begin: str, end: str) -> str:
    actions = "".join(
        _of(
            "ScheduleAction",
            _of("ScheduleActionStartTime", DayOfWeek=day, TimeOfDay=begin),
            _of("ScheduleActionEndTime", DayOfWeek=day, TimeOfDay=end),
            _of("Actions", Record="true", ActionRecordingMode="CMR"),
            id=at, ScheduleDSTEnable="false",
        )
        for at, day in enumerate(_WEEK, 1)
    )  # fmt: skip
    schedule = _of("TrackSchedule", _of("ScheduleBlockList", _of("ScheduleBlock", actions)))
    return _of(
        "Track", schedule, id=f"{number}01", Channel=f"{number}01", Enable="true",
        Duration="P0DT0H", LoopEnable="true",
    )  # fmt: skip


def _stream(number: str, name: str, width: int, height: int) -> str:
    video = _of(
        "Video", videoCodecType="H.265", videoResolutionWidth=width,
        videoResolutionHeight=height, GovLength=50,
    )  # fmt: skip
    transport = _of("Transport", rtspPortNo=554)
    return _of("StreamingChannel", transport, video, id=number, channelName=name, enabled="true")


_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_MOTION = "/ISAPI/System/Video/inputs/channels/{}/motionDetection"
_LINE = "/ISAPI/Smart/LineDetection/1"
_TIME = _xml(
    "Time",
    _texts(
        timeMode="NTP", localTime="2026-11-27T10:00:00+01:00",
        timeZone="CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00",
    ),
)  # fmt: skip

RECORDER: Mapping[str, bytes] = {
    "/ISAPI/System/deviceInfo": _info("Cellar", "DS-7608NI-I2", "NVR", "V4.22.005"),
    "/ISAPI/System/time": _TIME,
    "/ISAPI/ContentMgmt/InputProxy/channels": _xml(
        "InputProxyChannelList",
        _proxy(1, "Front door", "10.0.9.11") + _proxy(2, "Yard", "10.0.9.12"),
    ),
    "/ISAPI/Streaming/channels": _xml(
        "StreamingChannelList",
        _stream("101", "Front door", 2560, 1440) + _stream("102", "Front door", 640, 360)
        + _stream("201", "Yard", 2560, 1440),
    ),
    "/ISAPI/ContentMgmt/record/tracks": _xml(
        "TrackList", _track(1, "07:00:00", "18:00:00") + _track(2, "00:00:00", "24:00:00")
    ),
    _MOTION.format(1): _grid("fffffc" * 4 + "000000" * 14, on=True),
    _LINE: _line("left-right", ((100, 500), (900, 500))),
    "/ISAPI/Smart/FieldDetection/1": _field(((100, 100), (500, 100), (500, 900), (100, 900))),
}  # fmt: skip
CAMERA: Mapping[str, bytes] = {
    "/ISAPI/System/deviceInfo": _info("Gate", "DS-2CD2143G0-I", "IPCamera", "V5.5.82"),
    "/ISAPI/System/time": _TIME,
    "/ISAPI/System/Video/inputs/channels": _xml(
        "VideoInputChannelList",
        _of("VideoInputChannel", id=1, inputPort=1, name="Gate", videoFormat="PAL"),
    ),
    "/ISAPI/Streaming/channels": _xml(
        "StreamingChannelList",
        _stream("101", "Gate", 2560, 1440) + _stream("102", "Gate", 640, 360),
    ),
    _MOTION.format(1): _grid("000000" * 9 + "03f000" * 9, on=False),
    _LINE: _line("any", ((0, 0), (1000, 1000))),
    "/ISAPI/Smart/FieldDetection/1": _field(()),
}
_REGION = _of(
    "MotionDetectionRegion",
    _corners(
        "RegionCoordinatesList", "RegionCoordinates", ((0, 0), (500, 0), (500, 500), (0, 500))
    ),
    id=1, enabled="true", sensitivityLevel=40,
)  # fmt: skip
OLD_CAMERA: Mapping[str, bytes] = {
    "/ISAPI/System/deviceInfo": _info("Shed", "DS-2CD2032-I", "IPCamera", "V5.2.0", _OLD),
    "/ISAPI/System/Video/inputs/channels": _xml(
        "VideoInputChannelList", _of("VideoInputChannel", id=1, inputPort=1, name="Shed"),
        _OLDEST, "1.0",
    ),
    _MOTION.format(1): _xml(
        "MotionDetection",
        _texts(id=1, enabled="true", regionType="roi")
        + _of("MotionDetectionRegionList", _REGION),
        _OLDEST, "1.0",
    ),
    _LINE: _line("right-left", ((200, 200), (800, 200)), _OLD),
}  # fmt: skip
SERIES = {"recorder": RECORDER, "camera": CAMERA, "old camera": OLD_CAMERA}


class IsapiServer:
    """One device on loopback. ``asked``: the paths that were asked for by somebody signed in;
    ``refused`` counts refusals."""

    def __init__(self, documents: Mapping[str, bytes], user: str, password: str) -> None:
        self.asked: list[str] = []
        self.refused = 0
        nonce, login = new_nonce(), Credentials(user, password, qop=True)
        told = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not is_authorised(login, nonce, "GET", self.headers.get("Authorization")):
                    told.refused += 1
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", challenge(login, nonce))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                body = documents.get(self.path)
                told.asked.append(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "application/xml")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.port = int(self._server.server_address[1])
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "IsapiServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
