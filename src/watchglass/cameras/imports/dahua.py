"""Settings of Dahua's recorders and cameras: the tables of configManager.cgi, line by line."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from watchglass.cameras.imports.accounted import Accounted
from watchglass.cameras.imports.grids import polygons
from watchglass.model.area import AreaKind
from watchglass.model.polygon import MOST_POINTS, Point
from watchglass.model.rule import Direction, RuleKind
from watchglass.model.schedule import DAY_MIN, WeeklySpan, rest_of_week
from watchglass.model.settings_import import TakenArea, TakenChannel, TakenSettings
from watchglass.model.stream import StreamName

TABLES = ("ChannelTitle", "RemoteDevice", "MotionDetect", "VideoAnalyseRule", "Encode", "Record")
_TO = 8192
_COLUMNS = 22
_MOST_LINES = 200_000
_REASONS = {
    "Password": "Logins are not carried over: give the camera's own.",
    "UserName": "Logins are not carried over: give the camera's own.",
    "Sensitive": "How sensitive a rule is, is learned here from the picture.",
    "Threshold": "How sensitive a rule is, is learned here from the picture.",
    "TimeSection[holiday][]": "Holidays are not known here: pause a camera on the day.",
}
_LINE = re.compile(r"(?:table\.)?([A-Za-z][\w.:\[\]-]{0,300})=(.*)")
_TITLE = re.compile(r"ChannelTitle\[(\d+)\]\.Name")
_REMOTE = re.compile(r"RemoteDevice\.\S*?_(\d+)\.(Address|Name)")
_MOTION = re.compile(
    r"MotionDetect\[(\d+)\]\.(Enable|MotionDetectWindow\[(\d+)\]\.Region\[(\d+)\])"
)
_RULE = re.compile(
    r"VideoAnalyseRule\[(\d+)\]\[(\d+)\]\.(Name|Type|Enable|Config\.Direction|"
    r"Config\.(DetectLine|DetectRegion)\[(\d+)\]\[([01])\])"
)
_HOURS = re.compile(r"Record\[(\d+)\]\.TimeSection\[([0-6])\]\[\d{1,2}\]")
_SECTION = re.compile(r"(\d{1,5}) (\d\d):(\d\d):\d\d-(\d\d):(\d\d):\d\d")
_KINDS = {
    "CrossLineDetection": (AreaKind.LINE, RuleKind.CROSSING),
    "CrossRegionDetection": (AreaKind.ZONE, RuleKind.ENTER),
}
_DIRECTIONS = {"LeftToRight": Direction.FORWARD, "RightToLeft": Direction.BACKWARD}


def read_dahua(documents: Mapping[str, bytes]) -> TakenSettings:
    """Each line is carried over, or listed as left. Passwords are told by no value."""
    account = Accounted(_REASONS)
    names: dict[int, str] = {}
    addresses: dict[int, str] = {}
    motion: dict[int, dict[str, str]] = defaultdict(dict)
    rules: dict[tuple[int, int], dict[str, str]] = defaultdict(dict)
    recorded: dict[int, list[WeeklySpan]] = defaultdict(list)
    for document, data in documents.items():
        for key, value in _settings(document, data, account):
            if title := _TITLE.fullmatch(key):
                names[int(title[1])] = value
            elif remote := _REMOTE.fullmatch(key):
                held = addresses if remote[2] == "Address" else names
                held.setdefault(int(remote[1]), value)
            elif moved := _MOTION.fullmatch(key):
                motion[int(moved[1])][moved[2]] = value
            elif rule := _RULE.fullmatch(key):
                rules[int(rule[1]), int(rule[2])][rule[3]] = value
            elif hours := _HOURS.fullmatch(key):
                recorded[int(hours[1])] += _recorded(int(hours[2]), value)
            else:
                shown = "" if key.endswith("Password") else value
                account.leave(document, _named(key), shown)
                continue
            account.carry(document, _named(key), value)
    areas: dict[int, list[TakenArea]] = defaultdict(list)
    for number, told in motion.items():
        areas[number] += _motion(told)
    for (number, _), told in sorted(rules.items()):
        areas[number] += _rule(told)
    channels = sorted({*names, *addresses, *areas})
    return TakenSettings(
        maker="dahua", device="", carried=account.carried(), left=account.left(),
        channels=tuple(
            TakenChannel(
                number=number + 1, name=names.get(number, ""), address=addresses.get(number, ""),
                areas=tuple(areas[number]), recorded=_by_week(recorded[number]),
                paths=(
                    (StreamName.MAIN, f"/cam/realmonitor?channel={number + 1}&subtype=0"),
                    (StreamName.SUB, f"/cam/realmonitor?channel={number + 1}&subtype=1"),
                ),
            )
            for number in channels
        ),
    )  # fmt: skip


def _named(key: str) -> str:
    """A setting, whichever channel it is of; the eighth day of hours is that of holidays."""
    return re.sub(r"\[\d+\]", "[]", key.replace("TimeSection[7]", "TimeSection[holiday]"))


def _settings(document: str, data: bytes, account: Accounted) -> Iterator[tuple[str, str]]:
    """Names and values; other lines are listed at once."""
    for line in data.decode("utf-8", "replace").splitlines()[:_MOST_LINES]:
        found = _LINE.fullmatch(line.strip())
        if found is not None:
            yield found[1], found[2].strip()[:1000]
        elif line.strip():
            account.leave(document, "a line that is no setting", line.strip())


def _recorded(day: int, value: str) -> list[WeeklySpan]:
    """A section of a day, 0 for Sunday; in none of the ways that its mask names: none."""
    found = _SECTION.fullmatch(value)
    if found is None or int(found[1]) == 0:
        return []
    from_min, to_min = (int(found[at]) * 60 + int(found[at + 1]) for at in (2, 4))
    if not from_min < to_min <= DAY_MIN:
        return []
    return [WeeklySpan(((day - 1) % 7,), from_min, to_min)]


def _by_week(spans: list[WeeklySpan]) -> tuple[WeeklySpan, ...]:
    """Empty where it is always."""
    found = tuple(sorted(set(spans), key=lambda span: (span.days, span.from_min)))
    return found if found and rest_of_week(found) else ()


def _motion(told: dict[str, str]) -> list[TakenArea]:
    windows: dict[int, dict[int, int]] = defaultdict(dict)
    for key, value in told.items():
        found = re.fullmatch(r"MotionDetectWindow\[(\d+)\]\.Region\[(\d+)\]", key)
        if found and re.fullmatch("[0-9]{1,10}", value) and int(found[2]) < 256:
            windows[int(found[1])][int(found[2])] = int(value)
    made = []
    for _, rows in sorted(windows.items()):
        grid = [
            [bool(rows.get(y, 0) >> x & 1) for x in range(_COLUMNS)] for y in range(max(rows) + 1)
        ]
        made += polygons(grid)
    return [
        TakenArea(
            name=f"Motion {at}", kind=AreaKind.ZONE, points=points, rule=RuleKind.MOTION,
            enabled=told.get("Enable", "").lower() == "true",
        )
        for at, points in enumerate(made, 1)
    ]  # fmt: skip


def _rule(told: dict[str, str]) -> list[TakenArea]:
    kind = _KINDS.get(told.get("Type", ""))
    if kind is None:
        return []
    points: dict[int, dict[int, int]] = defaultdict(dict)
    for key, value in told.items():
        found = re.fullmatch(r"Config\.Detect(?:Line|Region)\[(\d+)\]\[([01])\]", key)
        if found and re.fullmatch("[0-9]{1,5}", value):
            points[int(found[1])][int(found[2])] = min(int(value), _TO)
    corners: list[Point] = [
        (round(point[0] / _TO, 4), round(point[1] / _TO, 4))
        for _, point in sorted(points.items())
        if len(point) == 2
    ]
    least, most = (2, 2) if kind[0] is AreaKind.LINE else (3, MOST_POINTS)
    if not least <= len(corners) <= most:
        return []
    return [
        TakenArea(
            name=told.get("Name", "")[:60] or "Rule", kind=kind[0], points=tuple(corners),
            rule=kind[1], enabled=told.get("Enable", "").lower() == "true",
            direction=_DIRECTIONS.get(told.get("Config.Direction", ""), Direction.BOTH),
        )
    ]  # fmt: skip
