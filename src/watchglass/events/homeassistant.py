"""What an MQTT broker is told of cameras, and how Home Assistant finds it there.

Everything here is kept by the broker (retained): a configuration for each entity, below the prefix
of discovery, and its state below our own. What is not in it any more is taken away by whoever
tells. A device is a camera.

    PREFIX/NODE/available                        online, or offline (the last will)
    PREFIX/NODE/CAMERA/online | recording        ON, OFF
    PREFIX/NODE/CAMERA/RULE/GROUP                ON while such a thing goes on, OFF; None: not known
    PREFIX/NODE/CAMERA/motion | person | …       the same, of any rule
    PREFIX/NODE/CAMERA/last_event                JSON: at, rule, kind, link
    PREFIX/NODE/CAMERA/picture                   a JPEG, not retained
    PREFIX/NODE/notice                           JSON as a webhook's, not retained
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from watchglass.base.ids import CameraId
from watchglass.events.message import at, plain
from watchglass.model.detection import ObjectClass
from watchglass.model.event import EventId
from watchglass.model.notice_event import EventTold
from watchglass.model.notice_way import MqttSettings
from watchglass.model.rule import Rule, RuleId, RuleKind

_MOST_GOING_ON = 1000
_MOST_NAME = 100
_ON, _OFF, _UNKNOWN = "ON", "OFF", "None"


class Group(StrEnum):
    """Kinds of things, as coarse as automations want them. ``motion`` is all of them."""

    MOTION = "motion"
    PERSON = "person"
    VEHICLE = "vehicle"
    ANIMAL = "animal"


_VEHICLES = frozenset(
    {
        ObjectClass.BICYCLE, ObjectClass.MOTORCYCLE, ObjectClass.CAR, ObjectClass.BUS,
        ObjectClass.TRUCK, ObjectClass.TRAIN, ObjectClass.BOAT,
    }
)  # fmt: skip
_ANIMALS = frozenset(
    {
        ObjectClass.BIRD, ObjectClass.CAT, ObjectClass.DOG, ObjectClass.HORSE, ObjectClass.ANIMAL,
    }
)  # fmt: skip
_CLASSES = {Group.MOTION: "motion", Group.PERSON: "occupancy"}


def groups_of(kind: ObjectClass) -> frozenset[Group]:
    """Those that a thing of this kind switches on."""
    found = {Group.MOTION}
    if kind is ObjectClass.PERSON:
        found.add(Group.PERSON)
    elif kind in _VEHICLES:
        found.add(Group.VEHICLE)
    elif kind in _ANIMALS:
        found.add(Group.ANIMAL)
    return frozenset(found)


def _groups(rule: Rule) -> tuple[Group, ...]:
    """Those that a rule may switch on, in their order."""
    kinds = rule.kinds or tuple(ObjectClass)
    found = frozenset[Group]().union(*map(groups_of, kinds))
    return tuple(each for each in Group if each in found)


@dataclass(frozen=True, slots=True)
class CameraNow:
    """A camera as it is: whether it answers (None: nobody has asked), and is being recorded."""

    id: CameraId
    name: str
    online: bool | None
    recording: bool


class GoingOn:
    """Which events go on, and the last of each camera, as the events-worker says."""

    def __init__(self) -> None:
        self.known = False
        """Whether anybody would say so if there were any."""
        self.events: dict[EventId, EventTold] = {}
        self.last: dict[CameraId, EventTold] = {}

    def hear(self, told: EventTold) -> None:
        """An event began, or is over."""
        if told.to_ns is None:
            self.events[told.event] = told
            while len(self.events) > _MOST_GOING_ON:
                del self.events[next(iter(self.events))]
        else:
            self.events.pop(told.event, None)
        last = self.last.get(told.camera)
        if last is None or told.from_ns >= last.from_ns:
            self.last[told.camera] = told

    def lost(self) -> None:
        """Nobody says anything any more: what went on is not over, it is not known."""
        self.events.clear()

    def on(self, camera: CameraId, rule: RuleId | None, group: Group) -> bool:
        """Whether such a thing goes on; ``rule`` None: by any."""
        return any(
            each.camera == camera and rule in (None, each.rule) and group in groups_of(each.kind)
            for each in self.events.values()
        )


def available_topic(settings: MqttSettings) -> str:
    """Where it stands whether the recorder is there at all."""
    return f"{_root(settings)}/available"


def notice_topic(settings: MqttSettings) -> str:
    """Where notices are told, as they come."""
    return f"{_root(settings)}/notice"


def picture_topic(settings: MqttSettings, camera: CameraId) -> str:
    """Where pictures of what rules found are told."""
    return f"{_root(settings)}/{camera}/picture"


def own_topics(settings: MqttSettings) -> tuple[str, ...]:
    """Filters of all topics that are ours and are kept: what is there and unknown is old."""
    found = [f"{_root(settings)}/#"]
    if settings.discovery:
        found.append(f"{settings.discovery}/+/{_node(settings)}/+/config")
    return tuple(found)


def retained(
    settings: MqttSettings, cameras: Sequence[CameraNow], rules: Iterable[Rule],
    going_on: GoingOn, links: Mapping[CameraId, str], version: str,
) -> dict[str, str]:  # fmt: skip
    """All that the broker has to keep now, by topic. ``links``: to the last event of each."""
    watching: dict[CameraId, list[Rule]] = {}
    for rule in rules:
        if rule.enabled and rule.kind is not RuleKind.COUNTING:
            watching.setdefault(rule.camera, []).append(rule)
    found: dict[str, str] = {}
    for camera in cameras:
        of = _Of(settings, camera, going_on, version)
        found.update(of.always())
        found.update(of.by_rules(watching.get(camera.id, [])))
        found.update(of.last_event(links.get(camera.id, "")))
    return found


@dataclass(frozen=True, slots=True)
class _Of:
    """The topics of one camera."""

    settings: MqttSettings
    camera: CameraNow
    going_on: GoingOn
    version: str

    def always(self) -> Iterator[tuple[str, str]]:
        online = {"device_class": "connectivity", "entity_category": "diagnostic"}
        recording = {"device_class": "running", "entity_category": "diagnostic"}
        yield from self._binary("online", "Online", online, self._word(self.camera.online))
        yield from self._binary(
            "recording", "Recording", recording, self._word(self.camera.recording)
        )
        if self.settings.picture:
            yield from self._entity(
                "image", "picture", "Last event",
                {"image_topic": self._topic("picture"), "content_type": "image/jpeg"},
            )  # fmt: skip

    def by_rules(self, rules: Sequence[Rule]) -> Iterator[tuple[str, str]]:
        every = {group for rule in rules for group in _groups(rule)}
        for group in (each for each in Group if each in every):
            state = self._state(None, group)
            more = {"device_class": _CLASSES.get(group, "motion")}
            yield from self._binary(group.value, group.value.capitalize(), more, state)
        for rule in rules:
            for group in _groups(rule):
                more = {"device_class": _CLASSES.get(group, "motion")}
                name = f"{plain(rule.name)[:_MOST_NAME]}: {group}"
                state = self._state(rule.id, group)
                yield from self._binary(f"{rule.id}/{group}", name, more, state)

    def last_event(self, link: str) -> Iterator[tuple[str, str]]:
        state = self._topic("last_event")
        yield from self._entity(
            "sensor", "last_event", "Last event at",
            {
                "device_class": "timestamp", "state_topic": state,
                "value_template": "{{ value_json.at }}", "json_attributes_topic": state,
            },
        )  # fmt: skip
        last = self.going_on.last.get(self.camera.id)
        if last is not None:
            told = {
                "at": f"{at(last.from_ns):%Y-%m-%dT%H:%M:%SZ}", "kind": last.kind.value,
                "rule": last.rule, "link": link,
            }  # fmt: skip
            yield state, _json(told)

    def _state(self, rule: RuleId | None, group: Group) -> str:
        if not self.going_on.known:
            return _UNKNOWN
        return self._word(self.going_on.on(self.camera.id, rule, group))

    def _binary(
        self, what: str, name: str, more: dict[str, Any], state: str
    ) -> Iterator[tuple[str, str]]:
        topic = self._topic(what)
        yield from self._entity("binary_sensor", what, name, {"state_topic": topic} | more)
        yield topic, state

    def _entity(
        self, platform: str, what: str, name: str, more: dict[str, Any]
    ) -> Iterator[tuple[str, str]]:
        if not self.settings.discovery:
            return
        node, id = _node(self.settings), f"{self.camera.id}_{what.replace('/', '_')}"
        told = {
            "name": name,
            "unique_id": f"{node}_{id}",
            "availability_topic": available_topic(self.settings),
            "device": {
                "identifiers": [f"{node}_{self.camera.id}"],
                "name": plain(self.camera.name)[:_MOST_NAME],
                "manufacturer": "Watchglass",
                "sw_version": self.version,
            },
            "origin": {"name": "Watchglass", "sw_version": self.version},
        }
        yield f"{self.settings.discovery}/{platform}/{node}/{id}/config", _json(told | more)

    def _topic(self, what: str) -> str:
        return f"{_root(self.settings)}/{self.camera.id}/{what}"

    @staticmethod
    def _word(holds: bool | None) -> str:
        return _UNKNOWN if holds is None else _ON if holds else _OFF


def _root(settings: MqttSettings) -> str:
    return f"{settings.prefix}/{settings.node}"


def _node(settings: MqttSettings) -> str:
    return f"watchglass_{settings.node}"


def _json(told: Mapping[str, Any]) -> str:
    return msgspec.json.encode(told).decode()
