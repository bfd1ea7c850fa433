"""Routes: the ways in which notices leave the recorder."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from msgspec import json
from msgspec.structs import asdict
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from watchglass.access.policy import Action, User
from watchglass.api.cameradetail import SpanBody
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.model.act import ActKind
from watchglass.model.notice import NoticeKind, NoticeWay, WayStatus
from watchglass.model.notice_control import DropWayRequest, SetWayRequest, TryWayRequest
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
from watchglass.model.schedule import WeeklySpan

router = APIRouter(prefix=PREFIX, tags=["notices"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
Changer = Annotated[User, Depends(Signed(Action.CHANGE_SYSTEM))]
Host = Annotated[str, Field(min_length=1, max_length=253)]
Port = Annotated[int, Field(ge=1, le=65_535)]


class QuietBody(BaseModel):
    """When only what is urgent leaves, by the clock of a time zone; no spans: never."""

    zone: str = Field(default="UTC", max_length=64)
    spans: list[SpanBody] = Field(default=[], max_length=50)


class WayState(BaseModel):
    """How the last tries went. ``dropped``: what was given up."""

    sent_ms: int | None
    failed_ms: int | None
    error: str
    waiting: int
    dropped: int


class WayBody(BaseModel):
    """``kinds`` empty: all. ``picture``: what rules found goes with a picture, masks drawn."""

    model_config = ConfigDict(extra="forbid")

    kinds: list[NoticeKind] = Field(default=[], max_length=20)
    quiet: QuietBody = QuietBody()
    picture: bool = False


class WayInfo(BaseModel):
    kinds: list[NoticeKind]
    quiet: QuietBody
    picture: bool
    state: WayState


class WebhookBody(WayBody):
    """``renew``: have it signed with a new secret, which is told once."""

    url: str = Field(min_length=8, max_length=1000)
    allow: bool = Field(False, description="Its host may be one that is refused by default.")
    renew: bool = False


class WebhookInfo(WayInfo):
    url: str
    allow: bool


class WebhookMade(BaseModel):
    """``secret`` is told this once, where it is new."""

    webhook: WebhookInfo
    secret: str | None


class MailBody(WayBody):
    """``password`` left out: the one that is stored, as long as the server stays the same."""

    host: Host
    port: Port
    tls: MailTls
    sender: str = Field(min_length=3, max_length=254)
    to: list[str] = Field(min_length=1, max_length=20)
    user: str = Field("", max_length=254)
    password: SecretStr | None = Field(None, max_length=256)
    allow: bool = False
    daily_min: int | None = Field(None, ge=0, lt=1440)
    zone: str = Field("UTC", max_length=64)


class MailInfo(WayInfo):
    """``daily_min``: the minute of the day at which two lines on it are sent."""

    host: str
    port: int
    tls: MailTls
    sender: str
    to: list[str]
    user: str
    has_password: bool
    allow: bool
    daily_min: int | None
    zone: str


class MqttBody(WayBody):
    """``password`` left out: the one that is stored, as long as the broker stays the same.
    ``discovery`` empty: Home Assistant is told nothing."""

    host: Host
    port: Port
    tls: bool = True
    user: str = Field("", max_length=254)
    password: SecretStr | None = Field(None, max_length=256)
    prefix: str = Field("watchglass", min_length=1, max_length=200)
    discovery: str = Field("homeassistant", max_length=200)
    allow: bool = False


class MqttInfo(WayInfo):
    """``node``: what all topics of this recorder are below, behind the prefix."""

    host: str
    port: int
    tls: bool
    user: str
    has_password: bool
    prefix: str
    discovery: str
    node: str
    allow: bool


class AppriseBody(WayBody):
    """``addresses``: one a line, as apprise has them; left out: those that are stored."""

    addresses: SecretStr | None = Field(None, max_length=8000)
    allow: bool = False


class AppriseInfo(WayInfo):
    """``services``: the schemes of the addresses; nothing more of them is told."""

    services: list[str]
    allow: bool


class PluginBody(WayBody):
    """``settings``: what the plug-in takes; left out: what is stored."""

    name: str = Field(min_length=1, max_length=60)
    settings: dict[str, Any] | None = None
    hosts: list[Host] = Field(default=[], max_length=20)


class PluginInfo(WayInfo):
    name: str
    hosts: list[str]


class Ways(BaseModel):
    """``plugins``: those that are installed."""

    webhook: WebhookInfo | None
    mail: MailInfo | None
    mqtt: MqttInfo | None
    apprise: AppriseInfo | None
    plugin: PluginInfo | None
    plugins: list[str]


@router.get("/notice-ways", operation_id="getNoticeWays")
async def get_ways(request: Request, _: Changer) -> Ways:
    """How notices leave; no secret is told."""
    of = services(request)
    return await of.blocking(_ways, of)


@router.put("/notice-ways/webhook", operation_id="setWebhook")
async def set_webhook(request: Request, user: Changer, body: WebhookBody) -> WebhookMade:
    """Have notices sent to a web server, signed."""
    of = services(request)
    is_new = body.renew or (await of.blocking(of.ports.notices.way, NoticeWay.WEBHOOK)) is None
    secret = secrets.token_urlsafe(32) if is_new else None
    settings = WebhookSettings(
        body.url, tuple(body.kinds), body.allow, _quiet(body.quiet), body.picture
    )
    found = (await _set(request, user, settings, secret)).webhook
    assert found is not None
    return WebhookMade(webhook=found, secret=secret)


@router.put("/notice-ways/mail", operation_id="setMail")
async def set_mail(request: Request, user: Changer, body: MailBody) -> Ways:
    """Have notices sent by mail, and two lines a day if that is asked for."""
    settings = MailSettings(
        body.host, body.port, body.tls, body.sender, tuple(body.to), body.user.strip(),
        tuple(body.kinds), body.allow, body.daily_min, body.zone, _quiet(body.quiet), body.picture,
    )  # fmt: skip
    return await _set(request, user, settings, _revealed(body.password))


@router.put("/notice-ways/mqtt", operation_id="setMqtt")
async def set_mqtt(request: Request, user: Changer, body: MqttBody) -> Ways:
    """Have an MQTT broker told of cameras and events, and Home Assistant find them there."""
    settings = MqttSettings(
        body.host, body.port, body.tls, body.user.strip(), body.prefix, body.discovery, "",
        tuple(body.kinds), body.allow, _quiet(body.quiet), body.picture,
    )  # fmt: skip
    return await _set(request, user, settings, _revealed(body.password))


@router.put("/notice-ways/apprise", operation_id="setApprise")
async def set_apprise(request: Request, user: Changer, body: AppriseBody) -> Ways:
    """Have notices sent by services that apprise knows."""
    settings = AppriseSettings(
        (), tuple(body.kinds), body.allow, _quiet(body.quiet), body.picture
    )  # fmt: skip
    return await _set(request, user, settings, _revealed(body.addresses))


@router.put("/notice-ways/plugin", operation_id="setNotifierPlugin")
async def set_plugin(request: Request, user: Changer, body: PluginBody) -> Ways:
    """Have notices sent by a plug-in that is installed beside the recorder."""
    settings = PluginSettings(
        body.name, tuple(each.lower() for each in body.hosts), tuple(body.kinds),
        _quiet(body.quiet), body.picture,
    )  # fmt: skip
    secret = None if body.settings is None else json.encode(body.settings).decode()
    return await _set(request, user, settings, secret)


@router.delete("/notice-ways/{way}", operation_id="dropNoticeWay", status_code=204)
async def drop_way(request: Request, user: Changer, way: NoticeWay) -> None:
    """Send nothing so any more, and forget its secret."""
    of = services(request)
    await of.acts.note(user, ActKind.SETTING_CHANGED, f"no notices by {way} any more")
    await of.blocking(of.ports.notices.change, DropWayRequest(way, user.name))


@router.post("/notice-ways/{way}/try", operation_id="tryNoticeWay", status_code=202)
async def try_way(request: Request, user: Changer, way: NoticeWay) -> None:
    """Send a notice that says it is a try; how it went is with the way a moment later."""
    of = services(request)
    await of.blocking(of.ports.notices.change, TryWayRequest(way, user.name))


async def _set(request: Request, user: User, settings: WaySettings, secret: str | None) -> Ways:
    of = services(request)
    way = way_of(settings)
    pictures = ", with pictures" if settings.picture else ""
    await of.acts.note(user, ActKind.SETTING_CHANGED, f"notices by {way}{pictures}")
    await of.blocking(of.ports.notices.change, SetWayRequest(settings, secret, user.name))
    return await of.blocking(_ways, of)


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def _quiet(body: QuietBody) -> Quiet:
    spans = [WeeklySpan(tuple(sorted(set(each.days))), each.from_min, each.to_min)
             for each in body.spans]  # fmt: skip
    return Quiet(body.zone, tuple(spans))


def _ways(of: Services) -> Ways:
    ports = of.ports.notices
    found: dict[str, Any] = {}
    for way in NoticeWay:
        settings = ports.way(way)
        if settings is None:
            found[way.value] = None
            continue
        told = asdict(settings)
        told["quiet"] = {
            "zone": settings.quiet.zone, "spans": [asdict(each) for each in settings.quiet.spans]
        }  # fmt: skip
        told["state"] = _state(ports.status(way))
        told["has_password"] = ports.has_secret(way)
        found[way.value] = told
    return Ways.model_validate(found | {"plugins": list(ports.plugins())})


def _state(status: WayStatus) -> WayState:
    return WayState(
        sent_ms=_ms(status.sent_ns),
        failed_ms=_ms(status.failed_ns),
        error=status.error,
        waiting=status.waiting,
        dropped=status.dropped,
    )


def _ms(ns: int | None) -> int | None:
    return ns // _NS_PER_MS if ns is not None else None
