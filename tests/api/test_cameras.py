"""One camera as the API tells it, and the orders that changes of it become."""

from collections.abc import Iterator

import pytest

from tests.api.recorded import Browser, Recorded, Running, running
from watchglass.api.cameraports import CameraAbout, RemovedCamera
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.camera import Transport
from watchglass.model.control import (
    AnalysisRequest,
    DisableRequest,
    EditCameraRequest,
    RemoveCameraRequest,
    RetentionRequest,
    ScheduleRequest,
    SoundRequest,
    StateCameraRequest,
)
from watchglass.model.gap import GapCause
from watchglass.model.metric import Sample
from watchglass.model.schedule import PauseSchedule, WeeklySpan
from watchglass.model.statement import Place, Statement
from watchglass.model.stream import StreamName

NIGHTS = PauseSchedule("Europe/Vienna", (WeeklySpan((5, 6), 1320, 360),), "nobody there", "admin")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Browser]]:
    """20 s, a gap of 30 s, 20 s, and one more that is open."""
    recorded = Recorded(tmp_path_factory.mktemp("site"))
    recorded.record(20)
    for cause, seconds in ((GapCause.CAMERA_UNREACHABLE, 30), (GapCause.STALLED, 5)):
        recorded.worker.tell_gap(recorded.camera, cause)
        recorded.cycle()
        recorded.site.clock.advance(seconds * NS_PER_S)
        if cause is GapCause.CAMERA_UNREACHABLE:
            recorded.record(20)
    with running(recorded) as found:
        yield found
    recorded.close()


@pytest.fixture
def at(served: tuple[Running, Browser]) -> Running:
    served[0].of.orders.clear()
    return served[0]


@pytest.fixture
def browser(served: tuple[Running, Browser]) -> Browser:
    return served[1]


def path(at: Running) -> str:
    return f"/api/v1/cameras/{at.of.recorded.camera}"


def test_a_camera_is_told_as_its_recordings_show_it(at: Running, browser: Browser) -> None:
    labels = (at.of.recorded.camera, "main")
    at.of.numbers[:] = [Sample("watchglass_stream_clock_offset_seconds", labels, -3.5)]
    found = browser.json(path(at))
    assert found["camera"]["now"]["cause"] == "stalled"
    assert found["streams"][0]["clock_s"] == -3.5
    (stream,) = found["streams"]
    assert stream["fps"] == pytest.approx(10, abs=0.5)
    assert stream["gop_s"] == pytest.approx(1, abs=0.3)
    assert stream["bit_rate"] > 1000
    assert (stream["codec"], stream["host"]) == ("h264", "10.0.0.7")
    assert stream["retention_h"] == 336
    week = stream["week"]
    assert week["begun"] == 1
    gaps = {each["cause"]: each for each in week["gaps"]}
    lost = gaps["camera_unreachable"]
    assert lost["count"] == 1
    assert lost["missing_ms"] == pytest.approx(30_000, abs=2000)
    assert lost["last_to_ms"] - lost["last_from_ms"] == lost["missing_ms"]
    assert gaps["stalled"]["last_to_ms"] == pytest.approx(found["now_ms"], abs=2000)
    assert week["missing_ms"] == sum(each["missing_ms"] for each in week["gaps"])
    assert found["volume"]["days"] == 11.0
    assert (found["user"], found["schedule"]) == ("admin", None)
    assert found["statement"]["place"] == "ordinary"
    assert found["bytes"] > 0
    assert browser.get(f"/api/v1/cameras/{'e' * 32}").status_code == 404
    assert browser.get("/api/v1/cameras/..%2f..%2fetc").status_code == 404


def test_what_people_said_of_it_is_told(at: Running, browser: Browser) -> None:
    camera = at.of.recorded.camera
    before = at.of.about[camera]
    said = Statement("thefts", "6 (1) f", "", Place.WORSHIP)
    at.of.about[camera] = CameraAbout(said, NIGHTS, 72, 72, "AT", "viewer")
    found = browser.json(path(at))
    at.of.about[camera] = before
    assert found["statement"]["refuses_rules"] is True
    assert (found["country"], found["longest_h"], found["user"]) == ("AT", 72, "viewer")
    assert found["schedule"]["spans"] == [{"days": [5, 6], "from_min": 1320, "to_min": 360}]
    assert found["schedule"]["next_ms"] > found["now_ms"]


def test_a_gate_is_told_as_its_numbers_say_it(at: Running, browser: Browser) -> None:
    camera, of = at.of.recorded.camera, "watchglass_gate_"
    unknown = browser.json(path(at) + "/gate")
    assert (unknown["state"], unknown["analysed"]) == ("unknown", True)
    assert (unknown["decoded_share"], unknown["own_recall"], unknown["since_ms"]) == (None,) * 3
    told = {
        "frames_total": 4000, "sent_frames_total": 100, "probes_total": 0, "checks_total": 8,
        "misses_total": 1, "state_since_seconds": 1_800_000_000.5,
    }  # fmt: skip
    at.of.numbers[:] = [
        *(Sample(f"{of}state", (camera, each), each == "quiet") for each in ("quiet", "open")),
        *(Sample(of + name, (camera,), value) for name, value in told.items()),
        Sample(f"{of}visits_total", (camera, "sizes"), 2),
        Sample(f"{of}visits_total", (camera, "camera"), 1),
        Sample(f"{of}state", ("f" * 32, "blind"), 1), Sample(f"{of}frames_total", ("f" * 32,), 1),
    ]  # fmt: skip
    found = browser.json(path(at) + "/gate")
    assert (found["state"], found["since_ms"]) == ("quiet", 1_800_000_000_500)
    assert (found["frames"], found["decoded_frames"], found["decoded_share"]) == (4000, 100, 0.025)
    assert (found["opened"], found["checks"], found["misses"]) == (3, 8, 1)


def test_changes_become_orders_of_whoever_is_signed_in(at: Running, browser: Browser) -> None:
    url, camera = path(at), at.of.recorded.camera
    edit = {
        "name": "Hall", "main": " rtsp://10.0.0.9/1 ", "user": "u", "password": "p",
        "transport": "udp", "look": False,
    }  # fmt: skip
    sent = [
        ("POST", "/disable", {"reason": "away"}),
        ("POST", "/sound", {"on": True, "reason": "shop"}),
        ("PATCH", "", edit),
        ("PUT", "/retention", {"hours": 400, "stream": "main", "reason": "trial"}),
        ("PUT", "/statement", {"purpose": "thefts", "place": "union", "public": False}),
        ("PUT", "/schedule", {
            "zone": "Europe/Vienna", "reason": "nobody there",
            "spans": [{"days": [6, 5, 6], "from_min": 1320, "to_min": 360}],
        }),
        ("DELETE", "/schedule", None),
        ("PUT", "/gate", {"on": False, "priority": 2, "reason": "works council"}),
        ("POST", "/remove", {"reason": "sold"}),
        ("POST", "/remove", {"reason": "sold", "erase": True, "name": "Gate 0"}),
    ]  # fmt: skip
    for method, tail, body in sent:
        answer = browser.send(method, url + tail, body)
        assert answer.status_code in (200, 204), answer.text
    by = "admin"
    schedule = PauseSchedule(NIGHTS.zone, NIGHTS.spans, NIGHTS.reason)
    assert at.of.orders == [
        DisableRequest(camera, by, "away"),
        SoundRequest(camera, True, by, "shop"),
        EditCameraRequest(
            camera, by, "Hall", ((StreamName.MAIN, "rtsp://10.0.0.9/1"),), "u", "p", Transport.UDP,
            look=False,
        ),
        RetentionRequest(400, camera, StreamName.MAIN, by=by, reason="trial"),
        StateCameraRequest(camera, Statement("thefts", place=Place.UNION, public=False), by),
        ScheduleRequest(camera, schedule, by),
        ScheduleRequest(camera, None, by),
        AnalysisRequest(camera, by, on=False, priority=2, reason="works council"),
        RemoveCameraRequest(camera, by, "sold"),
        RemoveCameraRequest(camera, by, "sold", erase=True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("POST", "/remove", {"reason": "sold", "erase": True, "name": "Gate"}),
        ("POST", "/remove", {"reason": ""}),
        ("POST", "/disable", {"reason": ""}),
        ("PATCH", "", {"nonsense": 1}),
        ("PATCH", "", {"volume": "../x"}),
        ("PUT", "/retention", {"hours": 0}),
        ("PUT", "/statement", {"place": "anywhere"}),
        ("PUT", "/schedule", {"zone": "UTC", "reason": "x", "spans": []}),
        ("PUT", "/gate", {"priority": 4}),
    ],
)
def test_what_is_wrong_orders_nothing(
    at: Running, browser: Browser, method: str, tail: str, body: object
) -> None:
    answer = browser.send(method, path(at) + tail, body)
    assert answer.status_code == 400, answer.text
    assert at.of.orders == []


def test_what_removed_cameras_left_is_told_until_it_is_gone(at: Running, browser: Browser) -> None:
    assert browser.json("/api/v1/removed") == {"cameras": []}
    camera = at.of.recorded.camera
    at.of.removed[:] = [
        RemovedCamera(camera, "Old gate", False, 72),
        RemovedCamera(CameraId("f" * 32), "Long gone", True, 72),
    ]
    (left,) = browser.json("/api/v1/removed")["cameras"]
    assert (left["name"], left["erase"]) == ("Old gate", False)
    assert left["bytes"] > 0
    newest_ms = browser.json(path(at))["camera"]["streams"][0]["last_picture_ms"]
    assert left["gone_by_ms"] == newest_ms + 72 * 3600 * 1000
    at.of.removed[:] = [RemovedCamera(camera, "Old gate", True, 72)]
    (left,) = browser.json("/api/v1/removed")["cameras"]
    assert left["gone_by_ms"] is None
    at.of.removed.clear()
