"""What the API needs of notices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watchglass.base.ids import NoticeId
from watchglass.model.notice import MailSettings, Notice, NoticeWay, WayStatus, WebhookSettings
from watchglass.model.notice_control import NoticeRequest


@dataclass(frozen=True, slots=True)
class NoticePorts:
    """All calls block. ``change`` asks the running recorder."""

    notices: Callable[[], Sequence[Notice]]
    acknowledge: Callable[[NoticeId | None, str], int]
    webhook: Callable[[], WebhookSettings | None]
    mail: Callable[[], MailSettings | None]
    status: Callable[[NoticeWay], WayStatus]
    has_secret: Callable[[NoticeWay], bool]
    change: Callable[[NoticeRequest], None]
