"""Areas and rules: from the command line, and what a camera's place refuses."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.store.understood import BEGAN_NS, walk
from watchglass.app.cli.program import run
from watchglass.app.ground import ground
from watchglass.app.site import Site
from watchglass.app.wiring import own_site
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import RefusedError
from watchglass.base.ids import CameraId, random_id
from watchglass.config.settings import read_settings
from watchglass.model.analysis import Report
from watchglass.model.control import AddCameraRequest, StateCameraRequest
from watchglass.model.rule import Rule, RuleId, RuleKind
from watchglass.model.statement import Place, Statement
from watchglass.model.stream import StreamName
from watchglass.model.watch_control import SetRuleRequest
from watchglass.store.event_writer import Written
from watchglass.store.events import EventStore

CORNERS = "0,0 0.5,0 0.5,1 0,1"
PURPOSE = "so that the exit is kept free"


def rule_of(camera: CameraId, kind: RuleKind) -> Rule:
    return Rule(
        id=RuleId(random_id()), camera=camera, name=kind.value, kind=kind, dwell_s=60, count=3,
        purpose=PURPOSE,
    )  # fmt: skip


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site with a camera of that name."""
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path / "data"))
    with own_site(ground(read_settings({}))) as site:
        streams = ((StreamName.MAIN, "rtsp://192.0.2.1/m"),)
        site.add_camera(AddCameraRequest("Yard", streams, "", "", "", "me"))


@pytest.fixture
def site(yard: None) -> Iterator[Site]:
    with own_site(ground(read_settings({}))) as site:
        yield site


def test_a_place_that_is_stated_later_switches_such_rules_off(site: Site) -> None:
    (camera,) = site.store.cameras()
    for kind in (RuleKind.LOITERING, RuleKind.CROWDING, RuleKind.MOTION):
        site.carry_out(SetRuleRequest(camera.id, rule_of(camera.id, kind), True, "me"))
    stated = StateCameraRequest(camera.id, Statement(place=Place.CLINIC), "me")
    site.carry_out(stated)
    by_kind = {each.kind: each for each in site.store.rules(camera.id)}
    assert by_kind[RuleKind.MOTION].enabled
    for kind in (RuleKind.LOITERING, RuleKind.CROWDING):
        assert not by_kind[kind].enabled
        assert "clinic" in by_kind[kind].off_why
        with pytest.raises(RefusedError, match="clinic"):
            site.carry_out(SetRuleRequest(camera.id, rule_of(camera.id, kind), True, "me"))
    # Stated otherwise again, somebody has to switch them on.
    site.carry_out(StateCameraRequest(camera.id, Statement(), "me"))
    crowd = by_kind[RuleKind.CROWDING]
    assert not {each.kind: each for each in site.store.rules(camera.id)}[crowd.kind].enabled
    changed = SetRuleRequest(camera.id, rule_of(camera.id, crowd.kind), True, "me")
    site.carry_out(changed)


def test_a_start_switches_off_what_a_crash_left_on(site: Site) -> None:
    (camera,) = site.store.cameras()
    rule = rule_of(camera.id, RuleKind.LOITERING)
    site.carry_out(SetRuleRequest(camera.id, rule, True, "me"))
    site.store.set_statement(camera.id, Statement(place=Place.UNION))
    site.take_up()
    assert not site.store.rules(camera.id)[0].enabled


@pytest.mark.full
@pytest.mark.usefixtures("yard")
def test_zones_and_rules_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["zone", "list", "Yard"]) == 0
    assert "zone add" in capsys.readouterr().out
    assert run(["zone", "add", "Yard", "drive", "--points", CORNERS]) == 0
    assert run(["zone", "add", "Yard", "gate", "--kind", "line", "--points", "0,0.5 1,0.5"]) == 0
    assert run(["zone", "add", "Yard", "flag", "--kind", "ignore", "--points", CORNERS,
                "--for", "30d"]) == 0  # fmt: skip
    capsys.readouterr()
    assert run(["zone", "list", "Yard", "--json"]) == 0
    areas = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert [each["kind"] for each in areas.values()] == ["zone", "line", "ignore"]
    assert areas["flag"]["expires"]
    assert run(["rule", "list", "Yard"]) == 0
    assert "rule add" in capsys.readouterr().out
    when = ["--when", "fri-mon 22:00-06:00", "--tz", "Europe/Vienna"]
    things = ["--of", "person", "--of", "car"]
    enter = ["rule", "add", "Yard", "enter", "Night", "--in", "drive"]
    assert run([*enter, *things, *when, "--alarm"]) == 0
    assert run(["rule", "add", "Yard", "counting", "Cars", "--in", "gate", "--of", "car"]) == 0
    assert run(["rule", "add", "Yard", "loitering", "Exit", "--for", "60s"]) != 0
    assert "purpose" in capsys.readouterr().err
    assert run(["rule", "add", "Yard", "enter", "Night", "--in", "drive", "--when", "never"]) != 0
    _try_rules(capsys)
    assert run(["zone", "remove", "Yard", "drive"]) == 6
    assert run(["rule", "off", "Yard", "Night"]) == 0
    capsys.readouterr()
    assert run(["rule", "list", "Yard", "--json"]) == 0
    night, cars = json.loads(capsys.readouterr().out)
    assert night["spans"] == [{"days": [0, 4, 5, 6], "from_min": 1320, "to_min": 360}]
    assert night["kinds"] == ["person", "car"]
    assert (night["enabled"], cars["enabled"]) == (False, True)
    assert run(["rule", "list", "Yard"]) == 0
    assert "drive" in capsys.readouterr().out
    assert run(["rule", "remove", "Yard", night["id"][:6]]) == 0
    assert run(["zone", "remove", "Yard", "drive"]) == 0
    assert run(["check"]) == 0


def _try_rules(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ground(read_settings({}))
    span = ["--from", "5 hours ago"]
    later_ns = settings.clock.wall_ns() - BEGAN_NS - 3 * 3600 * NS_PER_S
    capsys.readouterr()
    assert run(["rule", "try", "Yard", "motion", *span]) != 0
    assert "Nothing was understood" in capsys.readouterr().err
    with own_site(settings) as site:
        (camera,) = site.store.cameras()
    over_line = ((0.5, 0.2), (0.5, 0.9))
    parts = []
    for number in range(3):
        part = walk(f"t{number}", number * 60, number * 60 + 8, camera=camera.id, way=over_line)
        points = tuple(replace(each, at_ns=each.at_ns + later_ns) for each in part.points)
        parts.append(replace(part, points=points))
    with closing(EventStore(settings.layout.events_db)) as store:
        store.write(Written(Report("s", 1, tuple(parts)), BEGAN_NS))
    assert run(["rule", "try", "Yard", "counting", "--in", "gate", *span, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["forward"] + found["backward"], found["tracks"]) == (3, 3)
    assert run(["rule", "try", "Yard", "crossing", "--in", "gate", *span]) == 0
    assert "fired 3 times, of 3 things" in " ".join(capsys.readouterr().out.split())
    # One that it has, of cars alone: nobody came by car. And nothing was made of it.
    assert run(["rule", "try", "Yard", "Cars", *span]) == 0
    assert "0 forward, 0 backward" in capsys.readouterr().out
    assert run(["rule", "list", "Yard", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
