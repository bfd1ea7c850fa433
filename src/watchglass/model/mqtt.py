"""What the supervisor tells the process that stands at an MQTT broker, and what that says back.

The broker's password is in it, so it goes by its standard input alone.
"""

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.model.assignment import Shutdown
from watchglass.model.notice_way import MqttSettings
from watchglass.model.sending import Sent


class MqttStart(msgspec.Struct, frozen=True, tag="mqtt_start"):
    """The first message: the broker to stand at, and all that it has to keep, by topic. ``owns``:
    filters of the topics that are ours; what the broker keeps there besides is taken away.
    ``available``: where it says whether we are there. ``allow``: hosts let in by name."""

    settings: MqttSettings
    password: str
    keep: dict[str, str]
    owns: tuple[str, ...]
    available: str
    allow: tuple[str, ...]
    log_json: bool
    fences: FenceMode
    timeout_s: float = 20.0

    def __repr__(self) -> str:
        return "MqttStart(…)"


class MqttKeep(msgspec.Struct, frozen=True, tag="mqtt_keep"):
    """From now on the broker has to keep these; an empty text takes a topic away."""

    changes: dict[str, str]


class MqttTell(msgspec.Struct, frozen=True, tag="mqtt_tell"):
    """Told once, and not kept. The answer is a ``Sent`` of that number."""

    number: int
    topics: tuple[tuple[str, bytes], ...]


class MqttForget(msgspec.Struct, frozen=True, tag="mqtt_forget"):
    """Take away all that is ours, and end."""


class MqttStands(msgspec.Struct, frozen=True, tag="mqtt_stands"):
    """Whether it stands at the broker now; ``error``: why not."""

    connected: bool
    error: str = ""


ToMqtt = MqttStart | MqttKeep | MqttTell | MqttForget | Shutdown
FromMqtt = MqttStands | Sent
