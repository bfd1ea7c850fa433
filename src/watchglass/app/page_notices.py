"""Notices as the page has them: read here, changed by the running recorder."""

from collections.abc import Callable

from watchglass.api.noticeports import NoticePorts
from watchglass.base.clock import Clock
from watchglass.events.notifiers import plugins
from watchglass.model.notice_control import NoticeRequest
from watchglass.store.notices import NoticeStore


def notice_ports(
    store: NoticeStore, clock: Clock, change: Callable[[NoticeRequest], object]
) -> NoticePorts:
    """``change`` asks the recorder, and waits for it."""
    return NoticePorts(
        store.notices, lambda notice, by: store.acknowledge(notice, by, clock.wall_ns()),
        store.way, store.status, store.has_secret, lambda request: void(change(request)), plugins,
    )  # fmt: skip


def void(_: object) -> None:
    """What was answered says nothing more than that it is done."""
