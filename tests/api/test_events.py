"""What was found, through the API: searched, shown with its why, cleared, dealt with, counted."""

import csv
import io
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.people import Person, arrived
from tests.api.recorded import Browser, Recorded, Running, running
from tests.store.understood import event_of, review_of, rule
from watchglass.access.right import Action, Role
from watchglass.analytics.metrics import named_samples
from watchglass.api.eventaccess import span_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, random_id
from watchglass.model.act import ActKind
from watchglass.model.analysis import Analysis, AnalysisSpan, MotionSeen, SkipCause
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.event import Event, ReviewId
from watchglass.model.found import Crossing
from watchglass.model.object_track import TrackEnd, TrackId, TrackPart, TrackPoint
from watchglass.model.rule import Direction, RuleId, RuleKind

_MS = 1_000_000
HOUR_NS = 3600 * NS_PER_S
LEFT = "0,0 0.5,0 0.5,1 0,1"
RIGHT = "0.5,0 1,0 1,1 0.5,1"


class Scene:
    """A recorded camera before which somebody walks to the right, and a flag waves at the left."""

    def __init__(self, at: Running, browser: Browser) -> None:
        self.at, self.browser = at, browser
        self.recorded = at.of.recorded
        self.camera, self.other = self.recorded.cameras
        self.began_ns = self.recorded.began_ns
        desk = at.of.found
        assert desk is not None
        self.desk = desk
        self.walk = self.track("walk", 2, 5, 0.1, 0.9)
        self.flag = self.track("flag", 7, 9, 0.2, 0.21)
        self.gate = self.track("gate", 2, 5, 0.1, 0.9, camera=self.other)
        parts = [self.walk, self.flag, self.gate]
        self.events: list[Event] = []
        reviews = []
        for number, part in enumerate(parts):
            found = event_of(part, rule(camera=part.camera), review=f"{number}" * 32)
            self.events.append(found)
            reviews.append(review_of(found, alarm=number == 0))
        spans = [
            self.span(0, 6, Analysis.ANALYSED),
            self.span(6, 12, Analysis.QUIET),
            self.span(12, 15, Analysis.SKIPPED),
        ]
        moved = MotionSeen(
            camera=self.camera, from_ns=self.at_ns(2), to_ns=self.at_ns(5), amount=0.2,
            where=Box(0, 0, 1, 1),
        )  # fmt: skip
        self.desk.write([*parts, *spans, moved], self.events, reviews)
        self.day = {"from_ms": self.began_ns // _MS - 1000, "to_ms": self.at_ns(60) // _MS}

    def at_ns(self, seconds: float) -> int:
        return self.began_ns + round(seconds * NS_PER_S)

    def track(
        self, name: str, from_s: float, to_s: float, x0: float, x1: float,
        camera: CameraId | None = None,
    ) -> TrackPart:  # fmt: skip
        points = []
        for n in range(20):
            x = x0 + (x1 - x0) * n / 19
            box = Box(x - 0.02, 0.4, x + 0.02, 0.6)
            points.append(TrackPoint(self.at_ns(from_s + (to_s - from_s) * n / 19), box, 0.9))
        return TrackPart(
            camera=camera or self.camera, track=TrackId(name), kind=ObjectClass.PERSON,
            points=tuple(points), detector="regions", end=TrackEnd.LEFT,
        )  # fmt: skip

    def span(self, from_s: float, to_s: float, state: Analysis) -> AnalysisSpan:
        cause = SkipCause.OVERLOAD if state is Analysis.SKIPPED else None
        return AnalysisSpan(
            camera=self.camera, from_ns=self.at_ns(from_s), to_ns=self.at_ns(to_s), state=state,
            cause=cause,
        )  # fmt: skip

    def found(self, **params: object) -> list[str]:
        page = self.browser.json("/api/v1/events", params=self.day | params)
        return [each["id"] for each in page["events"]]


@pytest.fixture(scope="module")
def scene(recorded: Recorded) -> Iterator[Scene]:
    with running(recorded) as (at, browser):
        yield Scene(at, browser)


def test_events_are_searched_by_what_is_asked(scene: Scene) -> None:
    walk, flag, gate = (each.id for each in scene.events)
    assert set(scene.found()) == {walk, flag, gate}
    assert scene.found()[0] == flag
    assert set(scene.found(camera=scene.camera)) == {walk, flag}
    assert set(scene.found(region=RIGHT)) == {walk, gate}
    assert set(scene.found(region=LEFT, then=RIGHT, camera=scene.camera)) == {walk}
    assert scene.found(region=RIGHT, then=LEFT) == []
    assert scene.found(kind="car") == []
    assert scene.found(rule="b" * 32) == []
    tracks = scene.browser.json("/api/v1/tracks", params=scene.day | {"region": RIGHT})["tracks"]
    assert {each["id"] for each in tracks} == {"walk", "gate"}
    pages: list[str] = []
    before: str | None = ""
    while before is not None:
        page = scene.browser.json(
            "/api/v1/events", params=scene.day | {"most": 1, "before": before}
        )
        pages += [each["id"] for each in page["events"]]
        before = page["before"]
    assert sorted(pages) == sorted([walk, flag, gate])
    for wrong in ({"region": "0,0 1,1"}, {"region": "a"}, {"before": "x"}, {"camera": "f" * 32}):
        status = scene.browser.get("/api/v1/events", params=scene.day | wrong).status_code
        assert status in (400, 404), wrong
    searched = [each for each in scene.at.of.acts if each.kind is ActKind.SEARCHED]
    assert any("region" in each.detail and each.user == "admin" for each in searched)
    assert all(each.camera == scene.camera for each in searched if "of 2" not in each.detail)


def test_an_event_says_why_it_is_one(scene: Scene) -> None:
    told = scene.browser.json(f"/api/v1/events/{scene.events[0].id}")
    assert len(told["path"]) == 20
    assert told["why"]["rule"]["kind"] == "motion"
    assert "moved in the picture" in told["why"]["sentence"]
    assert told["best"]["at_ms"] == scene.events[0].best.at_ns // _MS
    assert scene.browser.get(f"/api/v1/events/{'0' * 32}").status_code == 404


def test_a_person_is_told_of_no_footage_that_he_may_not_see(scene: Scene) -> None:
    few = Person(
        "few", Role.VIEWER, frozenset({Action.PLAYBACK}), frozenset({scene.camera}),
        scene.at_ns(6), scene.at_ns(30),
    )  # fmt: skip
    browser = arrived(scene.at, few)
    walk, flag, gate = scene.events
    page = browser.json("/api/v1/events", params=scene.day)
    assert [each["id"] for each in page["events"]] == [flag.id]
    tracks = browser.json("/api/v1/tracks", params=scene.day)["tracks"]
    assert [each["id"] for each in tracks] == ["flag"]
    assert browser.get(f"/api/v1/events/{flag.id}").status_code == 200
    for hidden in (walk, gate):
        assert browser.get(f"/api/v1/events/{hidden.id}").status_code == 404
        for path in (f"review/{hidden.review}/seen", f"alarms/{hidden.review}/acknowledge"):
            assert browser.send("POST", f"/api/v1/{path}", None).status_code == 404
    reviews = browser.json("/api/v1/review", params=scene.day)
    assert [each["id"] for each in reviews["reviews"]] == [flag.review]
    assert reviews["waiting"] == {"unseen": 1, "alarms": 0}
    assert browser.json("/api/v1/alarms")["reviews"] == []
    assert browser.get("/api/v1/events", params=scene.day | {"camera": gate.camera}).status_code \
        == 404  # fmt: skip
    wrong = browser.send("POST", f"/api/v1/events/{flag.id}/wrong", {})
    assert wrong.status_code == 403
    browser.http.close()


def test_a_review_item_is_cleared_and_put_back(scene: Scene) -> None:
    review = scene.events[1].review
    path = f"/api/v1/review/{review}/seen"
    assert scene.browser.send("POST", path, None).status_code == 204
    unseen = scene.browser.json("/api/v1/review", params=scene.day | {"seen": False})
    assert review not in [each["id"] for each in unseen["reviews"]]
    seen = scene.browser.json("/api/v1/review", params=scene.day | {"seen": True})
    (item,) = seen["reviews"]
    assert (item["seen_by"], item["kinds"], item["best"] is not None) == ("admin", ["person"], True)
    assert scene.browser.send("DELETE", path, None).status_code == 204
    assert scene.browser.json("/api/v1/review", params=scene.day | {"seen": True})["reviews"] == []
    assert review is not None
    which = f"the review item {review[:8]}"

    def told() -> list[str]:
        return [each.detail for each in scene.at.of.acts if each.kind is ActKind.REVIEWED]

    until_s = time.monotonic() + 10
    while len(told()) < 2 and time.monotonic() < until_s:
        time.sleep(0.02)
    assert told() == [f"saw {which}", f"put back {which}"]


def test_an_alarm_is_dealt_with_and_handed_over(scene: Scene) -> None:
    review = scene.events[0].review
    (alarm,) = scene.browser.json("/api/v1/alarms")["reviews"]
    assert alarm["id"] == review
    span = scene.day
    sheet = scene.browser.json("/api/v1/alarms/handover", params=span)
    assert ([each["id"] for each in sheet["open"]], sheet["dealt"]) == ([review], [])
    at = f"/api/v1/alarms/{review}"
    assert scene.browser.send("PUT", f"{at}/assignee", {"to": "Bo"}).json()["assigned_to"] == "Bo"
    given = scene.browser.send("PUT", f"{at}/assignee", {"to": "Al", "note": " look again "}).json()
    assert given["assigned_to"] == "Al"
    assert [(each["by"], each["text"]) for each in given["notes"]] == [("admin", "look again")]
    (open_,) = scene.browser.json("/api/v1/alarms/handover", params=span)["open"]
    assert (open_["assigned_to"], open_["notes"]) == ("Al", given["notes"])
    noted = scene.browser.send("POST", f"{at}/notes", {"text": "the cleaner"})
    assert [each["text"] for each in noted.json()["notes"]] == ["look again", "the cleaner"]
    done = scene.browser.send("POST", f"{at}/acknowledge", None).json()
    assert done["acknowledged_by"] == "admin"
    assert scene.browser.json("/api/v1/alarms")["reviews"] == []
    sheet = scene.browser.json("/api/v1/alarms/handover", params=span)
    assert (sheet["open"], [each["id"] for each in sheet["dealt"]]) == ([], [review])
    assert scene.browser.send("POST", f"/api/v1/alarms/{scene.events[1].review}/acknowledge",
                              None).status_code == 409  # fmt: skip


def test_an_alarm_can_be_given_to_those_who_may_see_it(scene: Scene) -> None:
    """And to nobody who would be told of footage by it, nor of people by who may not see it."""
    walk, flag, _ = scene.events
    play = frozenset({Action.PLAYBACK})
    hall = frozenset({scene.camera})
    sees = Person("ada", Role.VIEWER, play, hall)
    late = Person("late", Role.VIEWER, play, hall, scene.at_ns(6), scene.at_ns(30))
    arrived(scene.at, Person("live", Role.VIEWER, frozenset({Action.LIVE}), hall)).http.close()
    arrived(scene.at, Person("elsewhere", Role.VIEWER, play, frozenset({scene.other}))).http.close()
    browser, other = arrived(scene.at, sees), arrived(scene.at, late)
    people = f"/api/v1/alarms/{walk.review}/people"
    told = browser.json(people)["people"]
    assert {"ada", "admin"} <= set(told)
    assert not {"late", "live", "elsewhere"} & set(told)
    assert "late" in other.json(f"/api/v1/alarms/{flag.review}/people")["people"]
    assert other.get(people).status_code == 404
    row = scene.at.of.access.user_named("ada")
    assert row is not None
    scene.at.of.access.set_disabled(row.id, True)
    assert "ada" not in scene.browser.json(people)["people"]
    browser.http.close()
    other.http.close()


def test_each_second_is_analysed_quiet_or_skipped_with_its_cause(scene: Scene) -> None:
    path = f"/api/v1/cameras/{scene.camera}/analysis"
    told = scene.browser.json(path, params=scene.day | {"pixels": 5000})
    found = [(each["state"], each["cause"]) for each in told["spans"]]
    assert found[:3] == [("analysed", None), ("quiet", None), ("skipped", "overload")]
    # Recorded until now, and nobody told of it.
    assert found[3] == ("skipped", "not_told")
    assert told["quiet_ms"] == 6000
    recorded = scene.browser.json("/api/v1/timeline", params=scene.day | {"camera": scene.camera})
    sums = told["analysed_ms"] + told["quiet_ms"] + told["skipped_ms"]
    assert sums >= recorded["cameras"][0]["recorded_ms"]
    assert next(each["moving_ms"] for each in told["density"]) >= 1000
    few = scene.browser.json(path, params=scene.day | {"pixels": 1})
    (one,) = few["spans"]
    assert (one["state"], one["quiet_ms"]) == ("skipped", 6000)
    # The other camera is recorded, and nobody told of any of it.
    other = scene.browser.json(f"/api/v1/cameras/{scene.other}/analysis", params=scene.day)
    assert [each["cause"] for each in other["spans"]] == ["not_told"]


def test_this_was_wrong_draws_an_area_only_after_all_that_it_hides_was_shown(scene: Scene) -> None:
    walk, flag, _ = scene.events
    path = f"/api/v1/events/{flag.id}/wrong"
    told = scene.browser.send("POST", path, {}).json()
    assert [each["id"] for each in told["hides"]] == [flag.id]
    assert told["area"] is None
    large = {"points": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    assert [each["id"] for each in scene.browser.send("POST", path, large).json()["hides"]] == [
        flag.id, walk.id,
    ]  # fmt: skip
    refused = scene.browser.send("POST", path, large | {"shown": told["shown"]})
    assert refused.json()["code"] == "refused"
    drawn = scene.browser.send("POST", path, {"shown": told["shown"], "days": 10}).json()["area"]
    assert drawn["kind"] == "ignore"
    day_ms = 24 * 3600 * 1000
    now_ms = scene.recorded.site.clock.wall_ns() // _MS
    assert abs(drawn["expires_ms"] - now_ms - 10 * day_ms) < 60_000
    areas = scene.browser.json(f"/api/v1/cameras/{scene.camera}/areas")["areas"]
    assert drawn["id"] in [each["id"] for each in areas]
    assert scene.browser.send(
        "DELETE", f"/api/v1/cameras/{scene.camera}/areas/{drawn['id']}", None
    ).status_code == 204  # fmt: skip


def test_counts_are_told_for_charts_and_as_a_table(scene: Scene) -> None:
    camera = f"/api/v1/cameras/{scene.camera}"
    line = {"name": "=gate", "kind": "line", "points": [[0, 0.5], [1, 0.5]]}
    area = scene.browser.send("POST", f"{camera}/areas", line).json()["id"]
    body = {"name": "=In", "kind": "counting", "area": area}
    counting = scene.browser.send("POST", f"{camera}/rules", body).json()
    crossings = [
        Crossing(
            id=random_id(), camera=scene.camera, rule=RuleId(counting["id"]), track=TrackId("t"),
            kind=ObjectClass.CAR, at_ns=scene.at_ns(n),
            direction=Direction.FORWARD if n % 3 else Direction.BACKWARD,
        )
        for n in range(12)
    ]  # fmt: skip
    scene.desk.write(crossings=crossings)
    for bucket in ("minute", "quarter", "hour", "day"):
        params = scene.day | {"bucket": bucket, "tz": "Europe/Vienna"}
        (told,) = scene.browser.json("/api/v1/counts", params=params)["rules"]
        assert (told["name"], told["forward"], told["backward"]) == ("=In", 8, 4)
        assert sum(each["forward"] for each in told["counts"]) == 8
        table = scene.browser.get("/api/v1/counts.csv", params=params)
        head, *lines = csv.reader(io.StringIO(table.text))
        assert head == ["from", "camera", "rule", "kind", "forward", "backward"]
        assert sum(int(each[4]) for each in lines) == 8
        assert {each[2] for each in lines} == {"'=In"}
    too_long = {"from_ms": 0, "to_ms": 2**52, "bucket": "minute"}
    assert scene.browser.get("/api/v1/counts", params=too_long).status_code == 400


def test_a_look_at_the_past_is_asked_for_told_and_stopped(scene: Scene) -> None:
    body = {
        "camera": scene.camera, "from_ms": scene.at_ns(0) // _MS, "to_ms": scene.at_ns(10) // _MS,
    }  # fmt: skip
    made = scene.browser.send("POST", "/api/v1/analyses", body)
    assert made.status_code == 201, made.text
    assert (made.json()["state"], made.json()["done"]) == ("waiting", 0.0)
    (listed,) = scene.browser.json("/api/v1/analyses")["analyses"]
    assert listed == made.json()
    other = Person("y", Role.VIEWER, frozenset({Action.PLAYBACK}), frozenset({scene.other}))
    browser = arrived(scene.at, other)
    assert browser.json("/api/v1/analyses")["analyses"] == []
    assert browser.send("POST", "/api/v1/analyses", body).status_code == 404
    assert browser.send("DELETE", f"/api/v1/analyses/{listed['id']}", None).status_code == 404
    browser.http.close()
    gone = scene.browser.send("DELETE", f"/api/v1/analyses/{listed['id']}", None)
    assert gone.status_code == 204
    assert scene.browser.json("/api/v1/analyses")["analyses"] == []


def test_kinds_of_rules_are_told_in_words(scene: Scene) -> None:
    from watchglass.api.eventinfo import sentence_of

    for kind in RuleKind:
        event = event_of(scene.walk, rule(kind, scene.camera), review=ReviewId("7" * 32))
        said = sentence_of(event, "gate")
        assert said.startswith("A person ")
        assert "'gate'" in said


def test_the_timeline_has_how_it_was_understood_as_far_as_one_may_see(scene: Scene) -> None:
    asked = scene.day | {"camera": scene.camera, "pixels": 5000}
    (bare,) = scene.browser.json("/api/v1/timeline", params=asked)["cameras"]
    assert bare["understood"] is None
    (line,) = scene.browser.json("/api/v1/timeline", params=asked | {"understood": True})["cameras"]
    states = {each["state"] for each in line["understood"]["spans"]}
    assert states == {"analysed", "quiet", "skipped"}
    assert line["understood"]["density"]
    marks = line["understood"]["events"]
    found = scene.browser.json("/api/v1/events", params=scene.day | {"camera": scene.camera})
    assert sum(each["count"] for each in marks) == len(found["events"]) > 0
    wide = asked | {"understood": True, "pixels": 1}
    (far,) = scene.browser.json("/api/v1/timeline", params=wide)["cameras"]
    assert [each["count"] for each in far["understood"]["events"]] == [len(found["events"])]
    few = Person(
        "layers", Role.VIEWER, frozenset({Action.PLAYBACK}), frozenset({scene.camera}),
        scene.at_ns(7), scene.at_ns(11),
    )  # fmt: skip
    browser = arrived(scene.at, few)
    (line,) = browser.json("/api/v1/timeline", params=asked | {"understood": True})["cameras"]
    assert [each["state"] for each in line["understood"]["spans"]] == ["quiet"]
    assert line["understood"]["density"] == []
    allowed = range(scene.at_ns(7) // 1_000_000, scene.at_ns(11) // 1_000_000)
    assert all(
        mark["from_ms"] in allowed and mark["to_ms"] - 1 in allowed
        for mark in line["understood"]["events"]
    )
    assert len(line["understood"]["events"]) < len(marks)
    browser.http.close()


def listened(browser: Browser, until: str, do: Callable[[], None]) -> list[tuple[str, str]]:
    """Names and data of what changes while ``do`` is done, up to the first of that name."""
    told: list[tuple[str, str]] = []
    with browser.http.stream("GET", "/api/v1/changes", headers=browser.headers()) as stream:
        name = ""
        # By then the first look has been told: what is written after it is a change.
        threading.Timer(2.5, do).start()
        for line in stream.iter_lines():
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            if key == "data":
                told.append((name, value))
                if name == until:
                    return told
    return told


@pytest.mark.full
def test_what_is_found_is_told_at_once_to_who_may_see_it(scene: Scene) -> None:
    part = scene.track("late", 14, 16, 0.3, 0.4)
    found = event_of(part, rule(camera=scene.camera), review="9" * 32)

    def write() -> None:
        scene.desk.write([part], [found], [review_of(found)])

    told = listened(scene.browser, "review", write)
    events = [data for name, data in told if name == "event"]
    assert len(events) == 1
    assert found.id in events[0]
    assert "9" * 32 in told[-1][1]

    def clear() -> None:
        scene.browser.send("POST", f"/api/v1/review/{'9' * 32}/seen", None)

    one = arrived(scene.at, Person("sees one", Role.VIEWER, frozenset({Action.PLAYBACK}), None))
    told = listened(one, "review", clear)
    assert '"seen":true' in told[-1][1].replace(" ", "")
    one.http.close()


def tried(scene: Scene, **more: object) -> dict[str, Any]:
    body = {"rule": {"name": "x", "kind": "motion"}} | scene.day | more
    answer = scene.browser.send("POST", f"/api/v1/cameras/{scene.camera}/rules/try", body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_rule_is_tried_on_what_was_seen_before(scene: Scene) -> None:
    before = scene.desk.store.change()
    everywhere = tried(scene)
    assert everywhere["tracks"] >= 2
    assert everywhere["count"] >= 1
    assert everywhere["analysed_ms"] == 6000
    line = {
        "id": "5" * 32, "name": "middle", "kind": "line", "points": [[0.5, 0], [0.5, 1]],
    }  # fmt: skip
    crossing = {"name": "x", "kind": "crossing", "area": line["id"]}
    told = tried(scene, rule=crossing, areas=[line])
    assert told["count"] == 1
    assert told["events"][0]["rule_kind"] == "crossing"
    way = told["events"][0]["direction"]
    other = {"forward": "backward", "backward": "forward"}[way]
    assert tried(scene, rule=crossing | {"direction": other}, areas=[line])["count"] == 0
    assert tried(scene, rule=crossing | {"kinds": ["car"]}, areas=[line])["count"] == 0
    counted = tried(scene, rule=crossing | {"kind": "counting"}, areas=[line])
    assert counted["forward"] + counted["backward"] == 1
    assert counted["count"] == 0
    # Nothing of it was kept, and nothing of it is told as found.
    assert scene.desk.store.change() == before
    wrong = {"rule": crossing} | scene.day
    path = f"/api/v1/cameras/{scene.camera}/rules/try"
    assert scene.browser.send("POST", path, wrong).status_code == 404
    few = Person(
        "tries", Role.VIEWER, frozenset({Action.PLAYBACK}), frozenset({scene.camera}),
        scene.at_ns(7), scene.at_ns(11),
    )  # fmt: skip
    browser = arrived(scene.at, few)
    body = {"rule": {"name": "x", "kind": "motion"}} | scene.day
    assert browser.send("POST", path, body).status_code == 403
    browser.http.close()


@pytest.mark.parametrize(
    ("from_ns", "to_ns", "words"),
    [
        (0, 2**62, "of any time"),
        (0, 3 * HOUR_NS + 1, "up to 1970-01-01 04:00 UTC"),
        (3 * HOUR_NS + 1, 2**62, "from 1970-01-01 03:00 UTC on"),
        (3 * HOUR_NS, 5 * HOUR_NS, "1970-01-01 03:00 to 1970-01-01 05:00 UTC"),
    ],
)
def test_a_search_is_noted_by_its_hours_and_an_open_end_as_one(
    from_ns: int, to_ns: int, words: str
) -> None:
    assert span_words(from_ns, to_ns) == words


def test_everybody_is_told_whether_things_get_a_name(scene: Scene) -> None:
    browser = arrived(scene.at, Person("no admin", Role.VIEWER))
    assert browser.json("/api/v1/naming") == {"state": "unknown", "kinds": []}
    # Told of footage too: no test after this one asks how that was understood.
    now_ns = scene.recorded.site.clock.wall_ns()
    scene.desk.store.put_switched_off(now_ns - NS_PER_S, now_ns)
    assert browser.json("/api/v1/naming")["state"] == "off"
    numbers = scene.at.of.numbers
    numbers[:] = named_samples("analytics-worker", frozenset({ObjectClass.MOVING}))
    assert browser.json("/api/v1/naming") == {"state": "no_model", "kinds": []}
    numbers[:] = named_samples("analytics-worker", frozenset({ObjectClass.CAR, ObjectClass.MOVING}))
    assert browser.json("/api/v1/naming") == {"state": "model", "kinds": ["car"]}
    numbers.clear()
    browser.http.close()
