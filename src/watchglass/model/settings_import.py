"""What another maker's recorder or camera is set to, as far as it can be carried over."""

import msgspec

from watchglass.model.area import AreaKind
from watchglass.model.polygon import Point
from watchglass.model.rule import Direction, RuleKind
from watchglass.model.schedule import WeeklySpan, rest_of_week
from watchglass.model.stream import StreamName


class TakenArea(msgspec.Struct, frozen=True, kw_only=True):
    """An area with the rule about it; from 0 to 1 across and down. ``enabled``: it was switched
    on."""

    name: str
    kind: AreaKind
    points: tuple[Point, ...]
    rule: RuleKind
    direction: Direction = Direction.BOTH
    enabled: bool = True


class TakenChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A camera, by the ``number`` of its channel. ``paths``: where its streams are on the device
    that told of it, ``rtsp_port`` at which port, 0 for the usual one; ``address`` is the camera's
    own behind a recorder. ``recorded``: when the device recorded it, empty for always or not told.
    """

    number: int
    name: str = ""
    address: str = ""
    paths: tuple[tuple[StreamName, str], ...] = ()
    rtsp_port: int = 0
    areas: tuple[TakenArea, ...] = ()
    recorded: tuple[WeeklySpan, ...] = ()

    @property
    def pauses(self) -> tuple[WeeklySpan, ...]:
        """When the device did not record it, as weekly pauses that somebody may accept."""
        return rest_of_week(self.recorded) if self.recorded else ()


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A setting of a document, and how often it stood there. ``why`` it was not carried over;
    empty for one that was. ``value`` is the first one's."""

    document: str
    setting: str
    count: int
    value: str
    why: str = ""


class TakenSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All of a device: each setting is in ``carried`` or in ``left``."""

    maker: str
    device: str
    channels: tuple[TakenChannel, ...]
    carried: tuple[Counted, ...]
    left: tuple[Counted, ...]


class SettingsOrder(msgspec.Struct, frozen=True, kw_only=True):
    """For the process that reads them: ``files`` by name, or else a device to ask. ``ip`` was
    checked before it came here."""

    maker: str
    files: tuple[tuple[str, bytes], ...] = ()
    host: str = ""
    ip: str = ""
    port: int = 80
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"SettingsOrder({self.maker!r}, {self.host!r})"


class ReadSettingsRequest(msgspec.Struct, frozen=True, tag="read_settings", kw_only=True):
    """Read what another maker's device is set to: of ``files`` that it gave, or else of the device.
    ``allow``: its address may be one that is refused by default."""

    maker: str
    files: tuple[tuple[str, bytes], ...] = ()
    host: str = ""
    port: int = 80
    user: str = ""
    password: str = ""
    allow: bool = False

    def __repr__(self) -> str:
        return f"ReadSettingsRequest({self.maker!r}, {self.host!r})"


class TakeChannelRequest(msgspec.Struct, frozen=True, tag="take_channel", kw_only=True):
    """Draw the areas and rules of a channel of what was read (``read``) on ``camera``; empty:
    record the channel, signed in so, and draw them there. ``zone`` (IANA): pause it, too, when the
    device did not record it, by the clock of that place; empty: do not."""

    read: str
    number: int
    by: str
    camera: str = ""
    user: str = ""
    password: str = ""
    zone: str = ""

    def __repr__(self) -> str:
        return f"TakeChannelRequest({self.number})"


SettingsErrand = ReadSettingsRequest | TakeChannelRequest


class SettingsRead(msgspec.Struct, frozen=True, tag="settings_read"):
    """By ``id`` its channels can be taken, until the recorder ends or much else was read."""

    id: str
    settings: TakenSettings


class SettingsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    settings: TakenSettings | None = None
    error: str = ""
