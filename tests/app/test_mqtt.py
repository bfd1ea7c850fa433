"""An MQTT broker is told what holds, and Home Assistant finds it there: with a real mosquitto."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.app.broker import PASSWORD, USER, Broker, Listening, brokers
from tests.app.test_notice_desk import Bed
from tests.app.test_notice_reviews import told
from tests.media.certificates import make_certificate
from watchglass.base.ids import CameraId
from watchglass.model.detection import ObjectClass
from watchglass.model.event import EventId
from watchglass.model.gap import GapCause
from watchglass.model.notice import NoticeWay
from watchglass.model.notice_control import DropWayRequest, SetWayRequest, TryWayRequest
from watchglass.model.notice_event import EventTold
from watchglass.model.notice_way import MqttSettings
from watchglass.model.rule import Rule, RuleId, RuleKind

pytestmark = pytest.mark.full
RULE = RuleId("2" * 32)


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    folder = tmp_path / "bed"
    folder.mkdir()
    made = Bed(folder)
    yield made
    made.desk.close()
    made.site.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    folder = tmp_path / "broker"
    folder.mkdir()
    yield from brokers(folder)


def settings(broker: Broker, **more: object) -> MqttSettings:
    made = MqttSettings("127.0.0.1", broker.port, tls=False, user=USER, allow=True)
    return replace(made, **more)


def until(bed: Bed, holds: Callable[[], bool], patience_s: float = 30.0) -> None:
    """The desk looks on, until that holds."""
    end_s = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end_s
        bed.desk.turn()
        time.sleep(0.05)


def stands(bed: Bed) -> bool:
    return bed.desk._post.mqtt.stands


def node(bed: Bed) -> str:
    way = bed.desk.store.way(NoticeWay.MQTT)
    assert isinstance(way, MqttSettings)
    return way.node


def rule(camera: CameraId) -> Rule:
    return Rule(
        id=RULE, camera=camera, name="Porch", kind=RuleKind.ENTER, kinds=(ObjectClass.PERSON,)
    )


def event(camera: CameraId, to_ns: int | None = None, number: str = "4") -> EventTold:
    return EventTold(
        event=EventId(number * 32), camera=camera, rule=RULE, area=None,
        kind=ObjectClass.PERSON, from_ns=5_000_000_000, to_ns=to_ns,
    )  # fmt: skip


def test_home_assistant_finds_each_camera_with_what_it_says(bed: Bed, broker: Broker) -> None:
    bed.rules.append(rule(bed.camera))
    bed.desk.change(SetWayRequest(settings(broker), PASSWORD, "me"))
    until(bed, lambda: stands(bed))
    root = f"watchglass/{node(bed)}"
    until(bed, lambda: len(broker.kept()) >= 12)
    kept = broker.kept()
    assert kept[f"{root}/available"] == "online"
    state = f"{root}/{bed.camera}"
    assert (kept[f"{state}/online"], kept[f"{state}/recording"]) == ("ON", "ON")
    # Nobody says what goes on, so that nothing does is not said either.
    assert kept[f"{state}/person"] == kept[f"{state}/{RULE}/person"] == "None"
    configs = {topic: json.loads(text) for topic, text in kept.items() if "/config" in topic}
    assert {topic.rpartition("/")[0].partition("/")[0] for topic in configs} == {"homeassistant"}
    names = {each["name"] for each in configs.values()}
    assert names == {
        "Online", "Recording", "Motion", "Person", "Porch: motion", "Porch: person",
        "Last event at",
    }  # fmt: skip
    assert {each["device"]["name"] for each in configs.values()} == {"Hall"}
    assert len({each["unique_id"] for each in configs.values()}) == len(configs)
    for each in configs.values():
        assert each["availability_topic"] == f"{root}/available"
        assert each["state_topic"] in kept or each["state_topic"].endswith("last_event")

    bed.looks = True
    until(bed, lambda: broker.kept()[f"{state}/{RULE}/person"] == "OFF")
    bed.desk.take(event(bed.camera))
    until(bed, lambda: broker.kept().get(f"{state}/{RULE}/person") == "ON")
    kept = broker.kept()
    assert (kept[f"{state}/person"], kept[f"{state}/motion"]) == ("ON", "ON")
    last = json.loads(kept[f"{state}/last_event"])
    assert (last["at"], last["kind"], last["rule"]) == ("1970-01-01T00:00:05Z", "person", RULE)
    bed.desk.take(event(bed.camera, 9_000_000_000))
    until(bed, lambda: broker.kept()[f"{state}/{RULE}/person"] == "OFF")
    bed.desk.take(event(bed.camera))
    bed.desk.events_lost()
    bed.looks = False
    until(bed, lambda: broker.kept()[f"{state}/{RULE}/person"] == "None")
    bed.cause = GapCause.CAMERA_UNREACHABLE
    until(bed, lambda: broker.kept()[f"{state}/online"] == "OFF")
    assert broker.kept()[f"{state}/recording"] == "OFF"


def test_what_goes_is_taken_away_and_the_last_will_is_left(bed: Bed, broker: Broker) -> None:
    bed.rules.append(rule(bed.camera))
    bed.desk.change(SetWayRequest(settings(broker), PASSWORD, "me"))
    until(bed, lambda: stands(bed))
    root, find = f"watchglass/{node(bed)}", f"homeassistant/binary_sensor/watchglass_{node(bed)}"
    # What an older recorder of this name left there, and what is others'.
    broker.publish(f"{find}/{'e' * 32}_online/config", "{}")
    broker.publish(f"{root}/{'e' * 32}/online", "ON")
    broker.publish("homeassistant/binary_sensor/lamp/config", "{}")
    bed.desk._post.mqtt.child.kill()  # type: ignore[union-attr]
    until(bed, lambda: not any("e" * 32 in topic for topic in broker.kept()))
    until(bed, lambda: broker.kept().get(f"{root}/available") == "online")
    # A rule that is no more.
    assert f"{root}/{bed.camera}/{RULE}/person" in broker.kept()
    bed.rules.clear()
    until(bed, lambda: not any(RULE in topic for topic in broker.kept()))
    # A recorder that ends says so; one that is killed leaves its last will.
    bed.desk._post.mqtt.close()
    assert broker.kept()[f"{root}/available"] == "offline"
    bed.desk._post.mqtt._settings = None
    until(bed, lambda: broker.kept().get(f"{root}/available") == "online")
    child = bed.desk._post.mqtt.child
    assert child is not None
    child._stopping.set()  # not started again
    os.kill(child.pid, signal.SIGKILL)
    child.wait(5.0)
    until(bed, lambda: broker.kept().get(f"{root}/available") == "offline")
    bed.desk._post.mqtt._child = bed.desk._post.mqtt._settings = None
    until(bed, lambda: broker.kept().get(f"{root}/available") == "online")
    # The way goes, and all of ours with it.
    bed.desk.change(DropWayRequest(NoticeWay.MQTT, "me"))
    until(bed, lambda: set(broker.kept()) == {"homeassistant/binary_sensor/lamp/config"})


def test_notices_are_told_once_each_and_wait_for_a_broker_that_is_away(
    bed: Bed, broker: Broker
) -> None:
    bed.desk.change(SetWayRequest(settings(broker, picture=True), PASSWORD, "me"))
    until(bed, lambda: stands(bed))
    bed.pictures[bed.camera] = b"\xff\xd8masked"
    root = f"watchglass/{node(bed)}"
    listening = Listening(broker, f"{root}/#")
    try:
        bed.desk.change(TryWayRequest(NoticeWay.MQTT, "me"))
        bed.desk.take(told(bed.camera))
        until(bed, lambda: bed.desk.store.status(NoticeWay.MQTT).waiting == 0)
        until(bed, lambda: any(topic.endswith("/picture") for topic, _ in listening.heard))
    finally:
        listening.close()
    notices = [json.loads(each) for topic, each in listening.heard if topic == f"{root}/notice"]
    assert [each["event"] for each in notices] == ["opened", "test", "found"]  # it was started
    pictures = [each for topic, each in listening.heard if topic.endswith("/picture")]
    assert pictures == [b"\xff\xd8masked"]
    assert f"{root}/{bed.camera}/picture" not in broker.kept()
    assert f"{root}/notice" not in broker.kept()
    broker.end()
    until(bed, lambda: not stands(bed))
    bed.desk.change(TryWayRequest(NoticeWay.MQTT, "me"))
    bed.desk.turn()
    assert bed.desk.store.status(NoticeWay.MQTT).waiting == 1
    broker.start()
    until(bed, lambda: bed.desk.store.status(NoticeWay.MQTT).waiting == 0)


def test_without_discovery_home_assistant_is_told_nothing(bed: Bed, broker: Broker) -> None:
    bed.desk.change(SetWayRequest(settings(broker, discovery="", prefix="a/b"), PASSWORD, "me"))
    until(bed, lambda: stands(bed))
    until(bed, lambda: f"a/b/{node(bed)}/{bed.camera}/online" in broker.kept())
    assert all(topic.startswith("a/b/") for topic in broker.kept())


def test_a_wrong_password_and_a_broker_that_is_refused_are_said(bed: Bed, broker: Broker) -> None:
    bed.desk.change(SetWayRequest(settings(broker), "wrong", "me"))
    mqtt = bed.desk._post.mqtt
    until(bed, lambda: mqtt._stands is not None)
    assert mqtt._stands is not None
    assert "user name and password" in mqtt._stands.error
    bed.desk.change(SetWayRequest(settings(broker, allow=False), PASSWORD, "me"))
    bed.desk.turn()
    # Kept a moment after it was heard.
    until(bed, lambda: "let in by name" in bed.desk.store.status(NoticeWay.MQTT).error)
    assert mqtt._stands is not None
    assert "let in by name" in mqtt._stands.error


def test_a_password_goes_encrypted_to_the_broker_that_it_is_for(
    bed: Bed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "mqtt.pem"
    make_certificate(certificate, "DNS:localhost")
    folder = tmp_path / "tls"
    folder.mkdir()
    mqtt = bed.desk._post.mqtt
    for broker in brokers(folder, certificate):
        secure = settings(broker, tls=True, host="localhost")
        bed.desk.change(SetWayRequest(secure, PASSWORD, "me"))
        until(bed, lambda: mqtt._stands is not None)
        assert mqtt._stands is not None
        assert "certificate" in mqtt._stands.error  # it is made by itself
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        bed.desk.change(SetWayRequest(replace(secure, host="127.0.0.1"), PASSWORD, "me"))
        bed.desk.turn()
        until(bed, lambda: mqtt._stands is not None)
        assert "certificate" in mqtt._stands.error  # it is for another name
        bed.desk.change(SetWayRequest(secure, PASSWORD, "me"))
        bed.desk.turn()
        until(bed, lambda: stands(bed))
