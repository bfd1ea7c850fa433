"""The ways in which notices leave, as people set them up: checked, and their secrets sealed."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from msgspec.structs import replace

from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import random_id
from watchglass.base.secret import Secret
from watchglass.events.message import checked_address
from watchglass.events.notifiers import plugins
from watchglass.model.letter import Letter, LetterEvent
from watchglass.model.notice import NoticeKind
from watchglass.model.notice_control import (
    DropWayRequest,
    NoticeRequest,
    SetWayRequest,
    TryWayRequest,
)
from watchglass.model.notice_way import (
    AppriseSettings,
    MailSettings,
    MailTls,
    MqttSettings,
    PluginSettings,
    Quiet,
    WaySettings,
    WebhookSettings,
    way_of,
)
from watchglass.model.schedule import DAY_MIN, PauseSchedule, checked_schedule, zone_of
from watchglass.store.notices import NoticeStore

_SCHEMES = frozenset({"http", "https"})
_MOST_URL = 1000
_MOST_TO = 20
_MOST_SERVICES = 20
_MOST_SECRET = 8000
_SERVICE = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[!-~]{1,990}", re.ASCII)
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,40}(/[A-Za-z0-9_-]{1,40}){0,4}", re.ASCII)


def change_way(store: NoticeStore, request: NoticeRequest, now_ns: int) -> None:
    """Do what was asked; UsageError for what cannot be, NotFoundError for a way that is not set."""
    match request:
        case SetWayRequest():
            _set(store, request)
        case DropWayRequest():
            store.drop_way(request.way)
        case TryWayRequest():
            if store.way(request.way) is None:
                raise NotFoundError(f"No {request.way} is set up for notices.")
            text = f"A try, asked for by {request.by}."
            store.put(
                request.way,
                Letter(
                    event=LetterEvent.TEST, kind=NoticeKind.RECORDER_RESTARTED, subject=text,
                    text=text, at_ns=now_ns,
                ),
                now_ns,
            )  # fmt: skip


def _set(store: NoticeStore, request: SetWayRequest) -> None:
    settings = checked(request.settings)
    known = store.way(way_of(settings))
    secret = request.secret
    if isinstance(settings, AppriseSettings) and secret is not None:
        addresses = checked_services(secret.split())
        secret = "\n".join(addresses)
        settings = replace(
            settings, services=tuple(each.partition(":")[0].lower() for each in addresses)
        )
    if secret is not None and len(secret) > _MOST_SECRET:
        raise UsageError(f"A secret of a way has at most {_MOST_SECRET} characters.")
    keeps = secret is None and known is not None and _has_secret(settings)
    if keeps and known is not None:
        _require_same(known, settings)
        if isinstance(known, AppriseSettings) and isinstance(settings, AppriseSettings):
            settings = replace(settings, services=known.services)
    if isinstance(settings, AppriseSettings) and not settings.services:
        raise UsageError("Give the addresses of the services, such as ntfy://host/topic.")
    if isinstance(settings, MqttSettings):
        node = known.node if isinstance(known, MqttSettings) else random_id()[:12]
        settings = replace(settings, node=node)
    store.set_way(settings, Secret(secret) if secret else None, keep_secret=keeps)


def _has_secret(settings: WaySettings) -> bool:
    return bool(settings.user) if isinstance(settings, MailSettings | MqttSettings) else True


def _require_same(known: WaySettings, settings: WaySettings) -> None:
    """Return if the stored secret may go where these lead: a secret is for one server."""
    match known, settings:
        case WebhookSettings(), WebhookSettings():
            if _server(known.url) != _server(settings.url):
                raise UsageError("The webhook is at another server: give it a new secret.")
        case (MailSettings(), MailSettings()) | (MqttSettings(), MqttSettings()):
            assert isinstance(known, MailSettings | MqttSettings)
            assert isinstance(settings, MailSettings | MqttSettings)
            if (known.host, known.port, known.user) != (
                settings.host, settings.port, settings.user,
            ):  # fmt: skip
                raise UsageError("It is another server or user: give the password again.")
            if isinstance(known, MqttSettings) and known.tls and settings.tls is False:
                raise UsageError("It would go unencrypted now: give the password again.")
        case PluginSettings(), PluginSettings():
            if known.name != settings.name:
                raise UsageError("It is another plug-in: give its settings again.")
        case _:
            return


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def checked(settings: WaySettings) -> WaySettings:
    """The same; UsageError for what nothing can be sent by."""
    quiet = checked_quiet(settings.quiet)
    match settings:
        case WebhookSettings():
            return replace(settings, url=checked_url(settings.url), quiet=quiet)
        case MailSettings():
            return replace(checked_mail(settings), quiet=quiet)
        case MqttSettings():
            return replace(checked_mqtt(settings), quiet=quiet)
        case PluginSettings():
            if settings.name not in plugins():
                raise UsageError(
                    f"No plug-in for notices has the name {settings.name[:60]!r}: install it "
                    "beside Watchglass."
                )
        case AppriseSettings():
            pass
    return replace(settings, quiet=quiet)


def checked_quiet(quiet: Quiet) -> Quiet:
    """The same; UsageError says what is wrong with it."""
    zone_of(quiet.zone)
    if quiet.spans:
        checked_schedule(PauseSchedule(quiet.zone, quiet.spans, "quiet"))
    return quiet


def checked_url(url: str) -> str:
    """Without blanks around; UsageError for a URL that nothing may be sent to."""
    url = url.strip()
    wrong = UsageError(
        "A webhook is an address such as https://example.org/hook, without user name and password."
    )
    try:
        parts = urlsplit(url)
        good = parts.scheme in _SCHEMES and bool(parts.hostname) and "@" not in parts.netloc
        good = good and parts.port != 0 and not parts.fragment and len(url) <= _MOST_URL
    except ValueError:
        good = False
    if not good or not url.isascii() or not url.isprintable() or " " in url:
        raise wrong
    return url


def checked_services(addresses: Sequence[str]) -> list[str]:
    """The same; UsageError for what is no address of a service. It is not told: it is a secret."""
    if not 1 <= len(addresses) <= _MOST_SERVICES:
        raise UsageError(f"Notices go to 1 to {_MOST_SERVICES} services: an address on each line.")
    for number, each in enumerate(addresses, 1):
        if not _SERVICE.fullmatch(each):
            raise UsageError(
                f"Address {number} is none that apprise knows: they look like ntfy://host/topic."
            )
    return list(addresses)


def _host(text: str, what: str, example: str) -> str:
    host = text.strip().lower()
    if not host or not host.isascii() or not all(sign.isalnum() or sign in "-._:" for sign in host):
        raise UsageError(f"{what} is a host name, such as {example}.")
    return host


def checked_mail(settings: MailSettings) -> MailSettings:
    """The same; UsageError for what no mail can be sent by."""
    host = _host(settings.host, "A mail server", "mail.example.org")
    if not 1 <= settings.port <= 65_535:
        raise UsageError("The port of a mail server is 1 to 65535: often 465 or 587.")
    if not 1 <= len(settings.to) <= _MOST_TO:
        raise UsageError(f"Notices go to 1 to {_MOST_TO} mail addresses.")
    if settings.user and settings.tls is MailTls.NONE:
        raise UsageError("A password is not sent in the clear: choose tls or starttls.")
    if not settings.user.isprintable():
        raise UsageError("The mail server's user name holds a character that does not print.")
    if settings.daily_min is not None and not 0 <= settings.daily_min < DAY_MIN:
        raise UsageError("The time of the daily mail lies between 00:00 and 23:59.")
    zone_of(settings.zone)
    return replace(
        settings, host=host, sender=checked_address(settings.sender),
        to=tuple(map(checked_address, settings.to)),
    )  # fmt: skip


def checked_mqtt(settings: MqttSettings) -> MqttSettings:
    """The same; UsageError for a broker that nothing can be told to."""
    host = _host(settings.host, "A broker", "mqtt.example.org")
    if not 1 <= settings.port <= 65_535:
        raise UsageError("The port of a broker is 1 to 65535: often 8883, or 1883 unencrypted.")
    if not settings.user.isprintable():
        raise UsageError("The broker's user name holds a character that does not print.")
    for topic in (settings.prefix, settings.discovery):
        if topic and not _TOPIC.fullmatch(topic):
            raise UsageError(
                "The beginning of a topic has letters, digits, '-' and '_', and '/' between them."
            )
    if not settings.prefix:
        raise UsageError("Say below which topic things are told, such as watchglass.")
    return replace(settings, host=host)
