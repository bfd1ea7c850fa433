"""What the API needs of notices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watchglass.base.ids import NoticeId
from watchglass.model.notice import Notice, NoticeWay, WayStatus
from watchglass.model.notice_control import NoticeRequest
from watchglass.model.notice_way import WaySettings


@dataclass(frozen=True, slots=True)
class NoticePorts:
    """All calls block. ``change`` asks the running recorder."""

    notices: Callable[[], Sequence[Notice]]
    acknowledge: Callable[[NoticeId | None, str], int]
    way: Callable[[NoticeWay], WaySettings | None]
    status: Callable[[NoticeWay], WayStatus]
    has_secret: Callable[[NoticeWay], bool]
    change: Callable[[NoticeRequest], None]
    plugins: Callable[[], Sequence[str]] = tuple
