"""Routes: notices, who has seen them, and the ways in which they leave."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, seen
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.ids import CameraId, NoticeId
from watchglass.model.act import ActKind
from watchglass.model.notice import (
    MailSettings,
    MailTls,
    Notice,
    NoticeKind,
    NoticeWay,
    WayStatus,
    WebhookSettings,
)
from watchglass.model.notice_control import (
    DropWayRequest,
    MailRequest,
    TryWayRequest,
    WebhookRequest,
)

router = APIRouter(prefix=PREFIX, tags=["notices"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
_SHOWN = 200
_OF_CAMERAS = frozenset({NoticeKind.CAMERA_OFFLINE, NoticeKind.GAP_LIMIT})
Reader = Annotated[User, Depends(Signed(Action.SEE_SYSTEM))]
Changer = Annotated[User, Depends(Signed(Action.CHANGE_SYSTEM))]


class NoticeInfo(BaseModel):
    """``about``: the id of a camera or a volume, or the name of a process."""

    id: str
    kind: NoticeKind
    about: str
    sentence: str
    at_ms: int
    ended_ms: int | None
    acknowledged_by: str
    acknowledged_ms: int | None


class NoticeList(BaseModel):
    """The newest first. ``unread``: what nobody has acknowledged."""

    notices: list[NoticeInfo]
    unread: int


class WayState(BaseModel):
    """How the last tries went. ``dropped``: what was given up."""

    sent_ms: int | None
    failed_ms: int | None
    error: str
    waiting: int
    dropped: int


class WebhookInfo(BaseModel):
    url: str
    kinds: list[NoticeKind]
    allow: bool
    state: WayState


class MailInfo(BaseModel):
    """``daily_min``: the minute of the day at which two lines on it are sent."""

    host: str
    port: int
    tls: MailTls
    sender: str
    to: list[str]
    user: str
    has_password: bool
    kinds: list[NoticeKind]
    allow: bool
    daily_min: int | None
    zone: str
    state: WayState


class Ways(BaseModel):
    webhook: WebhookInfo | None
    mail: MailInfo | None


class WebhookBody(BaseModel):
    """``kinds`` empty: all. ``renew``: have it signed with a new secret, which is told once."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=8, max_length=1000)
    kinds: list[NoticeKind] = Field(default=[], max_length=20)
    allow: bool = Field(False, description="Its host may be one that is refused by default.")
    renew: bool = False


class WebhookMade(BaseModel):
    """``secret`` is told this once, where it is new."""

    webhook: WebhookInfo
    secret: str | None


class MailBody(BaseModel):
    """``password`` left out: the one that is stored, as long as the server stays the same."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field(min_length=1, max_length=253)
    port: int = Field(ge=1, le=65_535)
    tls: MailTls
    sender: str = Field(min_length=3, max_length=254)
    to: list[str] = Field(min_length=1, max_length=20)
    user: str = Field("", max_length=254)
    password: SecretStr | None = Field(None, max_length=256)
    kinds: list[NoticeKind] = Field(default=[], max_length=20)
    allow: bool = False
    daily_min: int | None = Field(None, ge=0, lt=1440)
    zone: str = Field("UTC", max_length=64)


@router.get("/notices", operation_id="listNotices")
async def list_notices(request: Request, user: Reader) -> NoticeList:
    """What somebody should know of the recorder and its cameras."""
    of = services(request)
    found = [
        each
        for each in await of.blocking(of.ports.notices.notices)
        if each.kind not in _OF_CAMERAS or seen(request, user, CameraId(each.about))
    ]
    return NoticeList(
        notices=[_info(each) for each in found[:_SHOWN]],
        unread=sum(each.acknowledged_ns is None for each in found),
    )


@router.post("/notices/acknowledge", operation_id="acknowledgeNotices", status_code=204)
async def acknowledge_all(request: Request, user: Reader) -> None:
    """Say that all of them were seen."""
    of = services(request)
    await of.blocking(of.ports.notices.acknowledge, None, user.name)


@router.post("/notices/{notice}/acknowledge", operation_id="acknowledgeNotice", status_code=204)
async def acknowledge(
    request: Request, user: Reader, notice: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
) -> None:
    """Say that it was seen."""
    of = services(request)
    await of.blocking(of.ports.notices.acknowledge, NoticeId(notice), user.name)


@router.get("/notice-ways", operation_id="getNoticeWays")
async def get_ways(request: Request, _: Changer) -> Ways:
    """How notices leave; no secret is told."""
    of = services(request)
    return await of.blocking(_ways, of)


@router.put("/notice-ways/webhook", operation_id="setWebhook")
async def set_webhook(request: Request, user: Changer, body: WebhookBody) -> WebhookMade:
    """Have notices sent to a web server, signed."""
    of = services(request)
    is_new = body.renew or (await of.blocking(of.ports.notices.webhook)) is None
    secret = secrets.token_urlsafe(32) if is_new else None
    settings = WebhookSettings(body.url, tuple(body.kinds), body.allow)
    await of.acts.note(user, ActKind.SETTING_CHANGED, "notices by webhook")
    await of.blocking(of.ports.notices.change, WebhookRequest(settings, secret, user.name))
    found = (await of.blocking(_ways, of)).webhook
    assert found is not None
    return WebhookMade(webhook=found, secret=secret)


@router.put("/notice-ways/mail", operation_id="setMail")
async def set_mail(request: Request, user: Changer, body: MailBody) -> Ways:
    """Have notices sent by mail, and two lines a day if that is asked for."""
    of = services(request)
    settings = MailSettings(
        body.host, body.port, body.tls, body.sender, tuple(body.to), body.user.strip(),
        tuple(body.kinds), body.allow, body.daily_min, body.zone,
    )  # fmt: skip
    password = body.password.get_secret_value() if body.password is not None else None
    await of.acts.note(user, ActKind.SETTING_CHANGED, "notices by mail")
    await of.blocking(of.ports.notices.change, MailRequest(settings, password, user.name))
    return await of.blocking(_ways, of)


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


def _ways(of: Services) -> Ways:
    ports = of.ports.notices
    webhook, mail = ports.webhook(), ports.mail()
    return Ways(
        webhook=WebhookInfo(
            url=webhook.url,
            kinds=list(webhook.kinds),
            allow=webhook.allow,
            state=_state(ports.status(NoticeWay.WEBHOOK)),
        )
        if webhook is not None
        else None,
        mail=MailInfo(
            host=mail.host,
            port=mail.port,
            tls=mail.tls,
            sender=mail.sender,
            to=list(mail.to),
            user=mail.user,
            has_password=ports.has_secret(NoticeWay.MAIL),
            kinds=list(mail.kinds),
            allow=mail.allow,
            daily_min=mail.daily_min,
            zone=mail.zone,
            state=_state(ports.status(NoticeWay.MAIL)),
        )
        if mail is not None
        else None,
    )


def _state(status: WayStatus) -> WayState:
    return WayState(
        sent_ms=_ms(status.sent_ns),
        failed_ms=_ms(status.failed_ns),
        error=status.error,
        waiting=status.waiting,
        dropped=status.dropped,
    )


def _info(notice: Notice) -> NoticeInfo:
    return NoticeInfo(
        id=notice.id,
        kind=notice.kind,
        about=notice.about,
        sentence=notice.sentence,
        at_ms=notice.at_ns // _NS_PER_MS,
        ended_ms=_ms(notice.ended_ns),
        acknowledged_by=notice.acknowledged_by,
        acknowledged_ms=_ms(notice.acknowledged_ns),
    )


def _ms(ns: int | None) -> int | None:
    return ns // _NS_PER_MS if ns is not None else None
