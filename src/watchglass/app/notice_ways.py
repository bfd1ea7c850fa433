"""The ways in which notices leave, as people set them up: checked, and their secrets sealed."""

from urllib.parse import urlsplit

from msgspec.structs import replace

from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.secret import Secret
from watchglass.events.message import checked_address
from watchglass.model.notice import MailSettings, MailTls, NoticeWay, WebhookSettings
from watchglass.model.notice_control import (
    DropWayRequest,
    MailRequest,
    NoticeRequest,
    TryWayRequest,
    WebhookRequest,
)
from watchglass.model.schedule import DAY_MIN, zone_of
from watchglass.store.notices import NoticeStore

_SCHEMES = frozenset({"http", "https"})
_MOST_URL = 1000
_MOST_TO = 20


def change_way(store: NoticeStore, request: NoticeRequest, now_ns: int) -> None:
    """Do what was asked; UsageError for what cannot be, NotFoundError for a way that is not set."""
    match request:
        case WebhookRequest():
            settings = checked_webhook(request.settings)
            known = store.webhook()
            keeps = request.secret is None and known is not None
            if keeps and known is not None and _server(known.url) != _server(settings.url):
                raise UsageError("The webhook is at another server: give it a new secret.")
            secret = Secret(request.secret) if request.secret is not None else None
            store.set_way(NoticeWay.WEBHOOK, settings, secret, keep_secret=keeps)
        case MailRequest():
            mail = checked_mail(request.settings)
            before = store.mail()
            keeps = request.password is None and before is not None and bool(mail.user)
            if keeps and before is not None and (before.host, before.port, before.user) != (
                mail.host, mail.port, mail.user,
            ):  # fmt: skip
                raise UsageError("It is another mail server or user: give the password again.")
            password = Secret(request.password) if request.password else None
            store.set_way(NoticeWay.MAIL, mail, password, keep_secret=keeps)
        case DropWayRequest():
            store.drop_way(request.way)
        case TryWayRequest():
            if (store.webhook() if request.way is NoticeWay.WEBHOOK else store.mail()) is None:
                raise NotFoundError(f"No {request.way} is set up for notices.")
            store.put(
                request.way, "Watchglass: a try", f"A try, asked for by {request.by}.", now_ns
            )


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def checked_webhook(settings: WebhookSettings) -> WebhookSettings:
    """The same; UsageError for a URL that nothing may be sent to."""
    url = settings.url.strip()
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
    return replace(settings, url=url)


def checked_mail(settings: MailSettings) -> MailSettings:
    """The same; UsageError for what no mail can be sent by."""
    host = settings.host.strip().lower()
    if not host or not host.isascii() or not all(sign.isalnum() or sign in "-._:" for sign in host):
        raise UsageError("A mail server is a host name, such as mail.example.org.")
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
