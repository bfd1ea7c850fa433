"""What people ask of notices: the ways in which they leave, and a try of one."""

import msgspec

from watchglass.model.notice import MailSettings, NoticeWay, WebhookSettings


class WebhookRequest(msgspec.Struct, frozen=True, tag="notice_webhook"):
    """``secret`` signs what is sent; None keeps the one that is stored."""

    settings: WebhookSettings
    secret: str | None
    by: str

    def __repr__(self) -> str:
        return f"WebhookRequest({self.by!r})"


class MailRequest(msgspec.Struct, frozen=True, tag="notice_mail"):
    """``password`` None keeps the one that is stored, as long as the server stays the same."""

    settings: MailSettings
    password: str | None
    by: str

    def __repr__(self) -> str:
        return f"MailRequest({self.by!r})"


class DropWayRequest(msgspec.Struct, frozen=True, tag="notice_drop"):
    """Nothing leaves so any more."""

    way: NoticeWay
    by: str


class TryWayRequest(msgspec.Struct, frozen=True, tag="notice_try"):
    """Send a notice that says it is a try."""

    way: NoticeWay
    by: str


NoticeRequest = WebhookRequest | MailRequest | DropWayRequest | TryWayRequest
