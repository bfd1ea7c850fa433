"""The ways in which notices leave, as somebody set them up. No secret is in any of this.

Of each, ``kinds`` empty means all of them, and ``allow`` that its host may be one that is refused
by default.
"""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from watchglass.model.notice import NoticeKind, NoticeWay
from watchglass.model.schedule import PauseSchedule, WeeklySpan, is_paused, paused_until


class Quiet(msgspec.Struct, frozen=True):
    """When only what is urgent leaves, by the clock of ``zone`` (IANA); no spans: never."""

    zone: str = "UTC"
    spans: tuple[WeeklySpan, ...] = ()

    def until(self, at_ns: int) -> int | None:
        """UTC ns at which the quiet of ``at_ns`` ends; None when there is none then."""
        schedule = PauseSchedule(self.zone, self.spans, "quiet")
        return paused_until(schedule, at_ns) if is_paused(schedule, at_ns) else None


class MailTls(StrEnum):
    """``starttls`` begins in the clear and goes on encrypted, or not at all."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class WebhookSettings(msgspec.Struct, frozen=True, tag="webhook"):
    """``picture``: what rules found goes with a picture of it, with masks drawn."""

    url: str
    kinds: tuple[NoticeKind, ...] = ()
    allow: bool = False
    quiet: Quiet = Quiet()
    picture: bool = False


class MailSettings(msgspec.Struct, frozen=True, tag="mail"):
    """``daily_min``: the minute of the day, by the clock of ``zone``, at which two lines on the day
    are sent; None for never."""

    host: str
    port: int
    tls: MailTls
    sender: str
    to: tuple[str, ...]
    user: str = ""
    kinds: tuple[NoticeKind, ...] = ()
    allow: bool = False
    daily_min: int | None = None
    zone: str = "UTC"
    quiet: Quiet = Quiet()
    picture: bool = False


class MqttSettings(msgspec.Struct, frozen=True, tag="mqtt"):
    """A broker, and where in its tree things are told: below ``prefix/node``. ``discovery`` is the
    prefix by which Home Assistant finds them; empty: it is told nothing of them. ``node`` is made
    when the way is set up, and stays."""

    host: str
    port: int
    tls: bool = True
    user: str = ""
    prefix: str = "watchglass"
    discovery: str = "homeassistant"
    node: str = ""
    kinds: tuple[NoticeKind, ...] = ()
    allow: bool = False
    quiet: Quiet = Quiet()
    picture: bool = False


class AppriseSettings(msgspec.Struct, frozen=True, tag="apprise"):
    """Services that apprise knows. Their addresses hold passwords and tokens, so they are the
    secret of this way; ``services`` are their schemes, for people."""

    services: tuple[str, ...] = ()
    kinds: tuple[NoticeKind, ...] = ()
    allow: bool = False
    quiet: Quiet = Quiet()
    picture: bool = False


class PluginSettings(msgspec.Struct, frozen=True, tag="plugin"):
    """A plug-in by its name; its own settings, as JSON, are the secret of this way. ``hosts``:
    those that are let in although they are refused by default."""

    name: str
    hosts: tuple[str, ...] = ()
    kinds: tuple[NoticeKind, ...] = ()
    quiet: Quiet = Quiet()
    picture: bool = False


WaySettings: TypeAlias = (
    WebhookSettings | MailSettings | MqttSettings | AppriseSettings | PluginSettings
)

WAYS: dict[NoticeWay, type[WaySettings]] = {
    NoticeWay.WEBHOOK: WebhookSettings,
    NoticeWay.MAIL: MailSettings,
    NoticeWay.MQTT: MqttSettings,
    NoticeWay.APPRISE: AppriseSettings,
    NoticeWay.PLUGIN: PluginSettings,
}


def way_of(settings: WaySettings) -> NoticeWay:
    """Which way these are of."""
    return next(way for way, kind in WAYS.items() if isinstance(settings, kind))
