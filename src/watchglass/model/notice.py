"""Notices: what somebody should know of the recorder without having to look."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import NoticeId


class NoticeKind(StrEnum):
    """What happened. All but the restart and contacts last, and end."""

    CAMERA_OFFLINE = "camera_offline"
    GAP_LIMIT = "gap_limit"
    """More of a camera is missing in a day than is let pass."""
    DISK_FILLING = "disk_filling"
    """Less fits on a volume than is to be kept."""
    DISK_FAILED = "disk_failed"
    KEEPER_DOWN = "keeper_down"
    RECORDER_RESTARTED = "recorder_restarted"
    BACKUP_DUE = "backup_due"
    CERTIFICATE_ENDS = "certificate_ends"
    """That of the page in the network: browsers will not trust it any more."""
    CAMERA_CONTACT = "camera_contact"
    """A camera talked to somebody outside for the first time: over as soon as it is told."""
    REQUEST_DUE = "request_due"
    """Somebody who was filmed waits for an answer, and the time for it runs out."""
    EXPORT_UNREVIEWED = "export_unreviewed"
    """Evidence was exported in an emergency, and no second person has looked at it in time."""
    REVIEW = "review"
    """What a rule found: it is over as soon as it is told, and lies among the review items."""


URGENT = frozenset({NoticeKind.DISK_FAILED, NoticeKind.KEEPER_DOWN})
"""Footage is being lost, or soon will be: they are told in quiet hours too."""


class NoticeWay(StrEnum):
    """How notices leave the recorder."""

    WEBHOOK = "webhook"
    MAIL = "mail"
    MQTT = "mqtt"
    APPRISE = "apprise"
    PLUGIN = "plugin"


class Condition(msgspec.Struct, frozen=True):
    """Something holds now: what, of which camera, volume or process, and a sentence on it."""

    kind: NoticeKind
    about: str
    sentence: str


class Notice(msgspec.Struct, frozen=True):
    """A condition that held long enough to be told. UTC ns; ``ended_ns`` None: it still holds."""

    id: NoticeId
    kind: NoticeKind
    about: str
    sentence: str
    at_ns: int
    ended_ns: int | None = None
    acknowledged_by: str = ""
    acknowledged_ns: int | None = None


class WayStatus(msgspec.Struct, frozen=True):
    """How the last tries went. ``waiting``: what is still to be sent; ``dropped``: what never was,
    because too much waited, or none of the tries of a day went through."""

    sent_ns: int | None = None
    failed_ns: int | None = None
    error: str = ""
    waiting: int = 0
    dropped: int = 0


class Delivery(msgspec.Struct, frozen=True):
    """A letter on its way out; ``body`` is a `model.letter.Letter` as JSON, made when it was put
    there."""

    id: int
    way: NoticeWay
    subject: str
    body: str
    made_ns: int
    tries: int
    due_ns: int
