"""Settings of other makers' devices: what is carried over, and that nothing else is lost."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.app.running import call_here, json_of
from tests.app.test_camera_changes import Bed
from watchglass.app.take_over import order_of_device, order_of_files, put_onto
from watchglass.base.errors import RefusedError, UsageError
from watchglass.cameras.imports.dahua import read_dahua
from watchglass.cameras.imports.grids import hex_grid, polygons
from watchglass.cameras.imports.isapi import IsapiSettings
from watchglass.cameras.settings_worker import run_settings
from watchglass.model.area import AreaKind, checked_points
from watchglass.model.rule import Direction, RuleKind
from watchglass.model.schedule import WeeklySpan
from watchglass.model.settings_import import SettingsOrder, TakenSettings
from watchglass.simulate.isapi import CAMERA, OLD_CAMERA, RECORDER, SERIES, IsapiServer
from watchglass.simulate.process import Simulator, arguments

series = pytest.mark.parametrize("documents", SERIES.values(), ids=SERIES)
INFO = "/ISAPI/System/deviceInfo"
LINE = "/ISAPI/Smart/LineDetection/1"


def told_by(documents: Mapping[str, bytes]) -> TakenSettings:
    return IsapiSettings().read(documents)


def elements(data: bytes) -> Counter[str]:
    """Each element without children, by the names down to it: read by another reader."""
    found: Counter[str] = Counter()

    def walk(element: ET.Element, path: str) -> None:
        here = f"{path}/{element.tag.rpartition('}')[2]}".lstrip("/")
        if len(element) == 0:
            found[here] += 1
        for child in element:
            walk(child, here)

    walk(ET.fromstring(data), "")
    return found


@series
def test_every_element_is_carried_over_or_listed(documents: Mapping[str, bytes]) -> None:
    found = told_by(documents)
    for path, data in documents.items():
        listed: Counter[str] = Counter()
        for each in (*found.carried, *found.left):
            if each.document == path:
                listed[each.setting] += each.count
        assert listed == elements(data), path
    assert all(each.why for each in found.left)
    assert not any(each.why for each in found.carried)


def test_a_recorder_with_its_channels_rules_and_hours() -> None:
    front, yard = told_by(RECORDER).channels
    assert (front.name, front.address, yard.name) == ("Front door", "10.0.9.11", "Yard")
    paths = [path for _, path in front.paths]
    assert paths == ["/Streaming/Channels/101", "/Streaming/Channels/102"]
    assert [path for _, path in yard.paths] == ["/Streaming/Channels/201"]
    hours = {(span.days, span.from_min, span.to_min) for span in front.recorded}
    assert hours == {((day,), 420, 1080) for day in range(5)}
    assert WeeklySpan((0, 1, 2, 3), 1080, 420) in front.pauses
    assert told_by(OLD_CAMERA).channels[0].pauses == ()
    motion, line, area = front.areas
    assert motion.rule is RuleKind.MOTION
    assert set(motion.points) == {(1.0, 0.0), (1.0, 4 / 18), (0.0, 4 / 18), (0.0, 0.0)}
    assert (line.rule, line.direction) == (RuleKind.CROSSING, Direction.FORWARD)
    # From the bottom left there, from the top left here.
    assert line.points == ((0.1, 0.5), (0.9, 0.5))
    assert (area.rule, area.points[0]) == (RuleKind.ENTER, (0.1, 0.9))


def test_cameras_of_two_firmwares() -> None:
    (gate,) = told_by(CAMERA).channels
    # An empty field is none.
    assert [each.rule for each in gate.areas] == [RuleKind.MOTION, RuleKind.CROSSING]
    assert not gate.areas[0].enabled
    (shed,) = told_by(OLD_CAMERA).channels
    assert [each.rule for each in shed.areas] == [RuleKind.MOTION, RuleKind.CROSSING]
    assert shed.areas[0].points == ((0.0, 1.0), (0.5, 1.0), (0.5, 0.5), (0.0, 0.5))
    assert shed.areas[1].direction is Direction.BACKWARD


@series
def test_a_device_is_asked_in_a_fenced_process(documents: Mapping[str, bytes]) -> None:
    with IsapiServer(documents, "admin", "secret") as server:
        order = order_of_device(
            "hikvision", "127.0.0.1", server.port, "admin", "secret", frozenset({"127.0.0.1"})
        )
        assert run_settings(order) == told_by(documents)
        assert set(server.asked) >= set(documents)


def test_a_login_that_is_refused_is_not_tried_again() -> None:
    with IsapiServer(CAMERA, "admin", "secret") as server:
        order = SettingsOrder(
            maker="hikvision", host="127.0.0.1", ip="127.0.0.1", port=server.port, user="admin",
            password="wrong",
        )  # fmt: skip
        with pytest.raises(UsageError, match="does not take"):
            run_settings(order)
        # The first question, and the one answer to its challenge.
        assert server.refused == 2


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;">]>
<MotionDetection><enabled>&d;</enabled></MotionDetection>"""


@pytest.mark.parametrize(
    "data",
    [
        BOMB, b"<a>" * 100 + b"</a>" * 100, b"no xml", b"", b"<a>" + b"x" * 300_000 + b"</a>",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    ],
)  # fmt: skip
def test_hostile_xml_is_listed_and_harms_no_other(data: bytes) -> None:
    found = told_by({INFO: data, LINE: CAMERA[LINE]})
    (whole,) = [each for each in found.left if each.setting == "all of it"]
    assert whole.document == INFO
    assert len(found.channels) == 1


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    told_by({"/ISAPI/Smart/FieldDetection/1": data})
    read_dahua({"MotionDetect": data})


@given(st.lists(st.lists(st.booleans(), min_size=22, max_size=22), min_size=1, max_size=18))
def test_each_part_of_a_grid_is_an_area_that_can_be_drawn(grid: list[list[bool]]) -> None:
    drawn = polygons(grid)
    assert bool(drawn) == any(map(any, grid))
    for points in drawn:
        assert all(0 <= each <= 1 for point in points for each in point)
        checked_points(AreaKind.ZONE, points)


def test_hexadecimal_rows_are_read_from_the_left() -> None:
    first, second = hex_grid("800000000004", 2, 22)
    assert (list(first).index(True), list(second).index(True)) == (0, 21)
    assert hex_grid("80", 3, 22) == ()
    assert hex_grid("zz", 1, 4) == ()


DAHUA = b"""table.ChannelTitle[0].Name=Gate
table.ChannelTitle[0].SerialNo=1
table.MotionDetect[0].Enable=true
table.MotionDetect[0].MotionDetectWindow[0].Region[0]=4194303
table.MotionDetect[0].MotionDetectWindow[0].Region[1]=4194303
table.MotionDetect[0].MotionDetectWindow[0].Sensitive=60
table.VideoAnalyseRule[0][0].Name=Fence
table.VideoAnalyseRule[0][0].Type=CrossLineDetection
table.VideoAnalyseRule[0][0].Enable=true
table.VideoAnalyseRule[0][0].Config.Direction=LeftToRight
table.VideoAnalyseRule[0][0].Config.DetectLine[0][0]=0
table.VideoAnalyseRule[0][0].Config.DetectLine[0][1]=4096
table.VideoAnalyseRule[0][0].Config.DetectLine[1][0]=8192
table.VideoAnalyseRule[0][0].Config.DetectLine[1][1]=4096
table.Record[0].PreRecord=5
table.Record[0].TimeSection[0][0]=0 00:00:00-24:00:00
table.Record[0].TimeSection[1][0]=1 07:00:00-18:00:00
table.Record[0].TimeSection[1][1]=2 20:00:00-21:30:00
table.Record[0].TimeSection[2][0]=65 00:00:00-23:59:59
table.Record[0].TimeSection[7][0]=1 00:00:00-24:00:00
table.Record[1].TimeSection[3][0]=1 00:00:00-24:00:00
table.RemoteDevice.uuid:System_CONFIG_NETCAMERA_INFO_0.Address=10.0.9.21
table.RemoteDevice.uuid:System_CONFIG_NETCAMERA_INFO_0.Password=hunter2
"""


def test_dahuas_tables_line_by_line() -> None:
    found = read_dahua({"all": DAHUA})
    (gate,) = found.channels
    assert (gate.name, gate.address) == ("Gate", "10.0.9.21")
    motion, fence = gate.areas
    assert set(motion.points) == {(1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)}
    assert (fence.direction, fence.points) == (Direction.FORWARD, ((0.0, 0.5), (1.0, 0.5)))
    # Its days begin with Sunday, and its mask says how it was recorded, if it was.
    assert gate.recorded == (
        WeeklySpan((0,), 420, 1080), WeeklySpan((0,), 1200, 1290), WeeklySpan((1,), 0, 1439),
    )  # fmt: skip
    assert WeeklySpan((0,), 1080, 1200) in gate.pauses
    (holidays,) = [each for each in found.left if "holiday" in each.setting]
    assert holidays.why.startswith("Holidays")
    counted = sum(each.count for each in (*found.carried, *found.left))
    assert counted == len(DAHUA.splitlines())
    assert "hunter2" not in str(found)


def test_files_are_read_by_their_names(tmp_path: Path) -> None:
    for path, data in RECORDER.items():
        (tmp_path / f"{path.lstrip('/').replace('/', '_')}.xml").write_bytes(data)
    assert run_settings(order_of_files("hikvision", tmp_path)) == told_by(
        dict(sorted(RECORDER.items()))
    )


def test_no_address_that_the_recorder_goes_to_for_nobody() -> None:
    with pytest.raises(RefusedError):
        order_of_device("hikvision", "169.254.169.254", 80, "a", "b", frozenset())


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    made = Bed(tmp_path)
    yield made
    made.close()


def test_areas_become_areas_with_rules_of_a_camera(bed: Bed) -> None:
    front = told_by(RECORDER).channels[0]
    assert put_onto(bed.camera, front, "me", bed.site.carry_out, ()) == 3
    there = bed.store.areas(bed.camera)
    assert put_onto(bed.camera, front, "me", bed.site.carry_out, there) == 0  # again, no harm
    drawn = {each.id: each for each in bed.store.areas(bed.camera)}
    rules = bed.store.rules(bed.camera)
    assert {each.kind for each in rules} == {RuleKind.MOTION, RuleKind.CROSSING, RuleKind.ENTER}
    assert all(each.area in drawn and each.enabled for each in rules)


@pytest.mark.full
def test_channels_of_a_recorder_are_recorded_each_with_its_areas(
    data: Path, tmp_path: Path
) -> None:
    """Its settings by ISAPI, its streams from simulated cameras at the recorder's paths."""
    login = ("--user", "admin", "--password-stdin", "--allow")
    of = ("--data", str(data))
    small = arguments(
        cameras=2, width=320, height=180, fps=10, bit_rate=300_000, seconds=4, sub_width=160,
        sub_height=90, sub_bit_rate=100_000, user="admin", password="secret",
        path="Streaming/Channels/{channel}0{stream}",
    )  # fmt: skip
    with Simulator(*small) as cameras:
        port = f"<rtspPortNo>{cameras.port}<".encode()
        told = {path: data.replace(b"<rtspPortNo>554<", port) for path, data in RECORDER.items()}
        with IsapiServer(told, "admin", "secret") as device:
            host = ("127.0.0.1", "--port", str(device.port), *login, "--json")

            def took(*more: str) -> list[str]:
                made = call_here(*of, "camera", "take-over", *host, *more, stdin="secret\n")
                assert made.returncode == 0, made.stderr
                return list(msgspec.json.decode(made.stdout)["done"])

            assert took() == []
            assert not data.exists()
            assert took("--add") == [
                "Front door is added, with 3 areas.", "Yard is added, with 0 areas.",
            ]  # fmt: skip
            # Again does no harm.
            assert [each.partition(":")[0] for each in took("--add")] == [
                "Channel 1 is recorded already, as Front door",
                "Channel 2 is recorded already, as Yard",
            ]
            wrong = call_here(
                *of, "camera", "take-over", *host, "--onto", "9=Yard", stdin="secret\n"
            )
            assert (wrong.returncode, "names no channel" in wrong.stderr) == (2, True)
            assert took("--onto", "1=Yard") == ["Yard: 3 areas with rules."]
            (paused,) = took("--onto", "1=Front door", "--pauses", "Europe/Vienna")
            assert paused.startswith("Front door: 0 areas (3 drawn before) with rules; pauses mon")
    front, yard = json_of(*of, "camera", "list")
    scheduled = json_of(*of, "camera", "schedule", front["id"])
    assert scheduled["zone"] == "Europe/Vienna"
    assert "sat,sun 00:00-24:00" in scheduled["pauses"]
    assert json_of(*of, "camera", "schedule", yard["id"])["pauses"] == []
    assert [len(each["streams"]) for each in (front, yard)] == [2, 1]
    for camera in (front, yard):
        assert len(json_of(*of, "zone", "list", camera["id"])) == 3
