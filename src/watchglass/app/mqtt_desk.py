"""The process that stands at an MQTT broker, as the notices see it: run while one is set up."""

import threading
from collections.abc import Callable

import msgspec

from watchglass.app.child import Child
from watchglass.app.ground import Ground
from watchglass.base import log
from watchglass.base.secret import Secret
from watchglass.events.homeassistant import available_topic, own_topics
from watchglass.model.assignment import Shutdown
from watchglass.model.gap import GapCause
from watchglass.model.mqtt import (
    FromMqtt,
    MqttForget,
    MqttKeep,
    MqttStands,
    MqttStart,
    MqttTell,
)
from watchglass.model.notice_way import MqttSettings
from watchglass.model.sending import Sent

_END_S = 2.0
_FORGET_S = 20.0
_LOG = log.get("mqtt")
_ANSWERS: msgspec.json.Decoder[FromMqtt] = msgspec.json.Decoder(FromMqtt)


class MqttDesk:
    """Used by the thread of the notices. ``done`` is called by another, with a number and why it
    was not taken, ``stood`` with why it does not stand there, or an empty text, and ``died`` when
    it will not answer any more."""

    def __init__(
        self,
        on: Ground,
        done: Callable[[int, str], None],
        stood: Callable[[str], None],
        died: Callable[[], None],
    ) -> None:
        self._on = on
        self._done = done
        self._stood = stood
        self._told_death = died
        self._lock = threading.Lock()
        self._settings: MqttSettings | None = None
        self._password: Secret | None = None
        self._keep: dict[str, str] = {}
        self._stands: MqttStands | None = None
        self._child: Child | None = None

    @property
    def child(self) -> Child | None:
        """The process, while a broker is set up."""
        return self._child

    @property
    def stands(self) -> bool:
        """Whether it stands at the broker now."""
        return self._stands is not None and self._stands.connected

    def follow(
        self, settings: MqttSettings | None, password: Callable[[], Secret | None], *, anew: bool
    ) -> None:
        """Stand at this broker, or at none; what was told to another is taken away there. ``anew``:
        the password may be another, though all else is as it was."""
        if settings == self._settings and not anew:
            return
        before, self._settings = self._settings, settings
        if self._child is not None and before is not None:
            self._leave(self._child, forgets=settings is None or _place(before) != _place(settings))
        self._child, self._stands, self._keep = None, None, {}
        if settings is not None:
            self._password = password()
            child = self._child = Child(
                "mqtt", "watchglass.app.mqtt_process", self._first_message, self._on.clock,
                speaks=True, hear=self._hear, died=self._died,
            )  # fmt: skip
            child.start()

    def keep(self, wanted: dict[str, str]) -> None:
        """Have the broker keep this, and nothing else of ours."""
        with self._lock:
            before, self._keep = self._keep, wanted
        changes = {topic: text for topic, text in wanted.items() if before.get(topic) != text}
        changes.update(dict.fromkeys(before.keys() - wanted.keys(), ""))
        if changes and self._child is not None:
            self._child.tell(MqttKeep(changes))  # where it is being started: it is told all then

    def tell(self, number: int, topics: tuple[tuple[str, bytes], ...]) -> bool:
        """Whether its answer is to be waited for."""
        return self._child is not None and self._child.tell(MqttTell(number, topics))

    def close(self) -> None:
        if self._child is not None:
            self._leave(self._child, forgets=False)
            self._child = None

    def _leave(self, child: Child, *, forgets: bool) -> None:
        child.stop(MqttForget() if forgets else Shutdown(GapCause.RECORDER_STOPPED))
        self._told_death()
        if not child.wait(_FORGET_S if forgets else _END_S):
            _LOG.warning("mqtt_not_left", forgets=forgets)

    def _first_message(self, _first: bool) -> MqttStart:
        settings = self._settings
        assert settings is not None
        with self._lock:
            keep = dict(self._keep)
        return MqttStart(
            settings, self._password.reveal() if self._password is not None else "", keep,
            own_topics(settings), available_topic(settings),
            (settings.host,) if settings.allow else (),
            self._on.settings.log_json, self._on.settings.fences,
        )  # fmt: skip

    def _died(self, _exit_code: int) -> None:
        self._stands = None
        self._told_death()

    def _hear(self, line: bytes) -> None:
        match _ANSWERS.decode(line):
            case MqttStands() as stands:
                if self._stands is None or stands.connected != self._stands.connected:
                    _LOG.info("mqtt_stands", connected=stands.connected, error=stands.error)
                self._stands = stands
                self._stood(stands.error)
            case Sent() as sent:
                self._done(sent.number, sent.error)


def _place(settings: MqttSettings) -> tuple[str, int, str, str, str]:
    """Where what is ours is kept."""
    of = settings
    return of.host, of.port, of.prefix, of.discovery, of.node
