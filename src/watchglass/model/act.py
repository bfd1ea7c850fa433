"""Acts: what people did that is neither a look nor a change with a line of its own."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import ActId, CameraId
from watchglass.model.look import Look


class ActKind(StrEnum):
    """What somebody did. The words stand in ledgers for ever: they are added to, never changed."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_FAILED = "sign_in_failed"
    SESSION_ENDED = "session_ended"
    USER_CHANGED = "user_changed"
    TOKEN_CHANGED = "token_changed"  # noqa: S105 - a word of the ledger
    CAMERA_CHANGED = "camera_changed"
    MASK_CHANGED = "mask_changed"
    AREA_CHANGED = "area_changed"
    """Drew, changed or took away a zone, a line or an ignore area."""
    RULE_CHANGED = "rule_changed"
    REVIEWED = "reviewed"
    """Marked what rules found as seen, or as not seen."""
    ALARM_CHANGED = "alarm_changed"
    """Acknowledged an alarm, gave it to somebody, or wrote a note to it."""
    ANALYSED = "analysed"
    """Had a span of the past looked at again, or stopped that."""
    SETTING_CHANGED = "setting_changed"
    ERASURE_CHANGED = "erasure_changed"
    """Asked for an erasure, refused one, or withdrew it; one that was approved has its own line."""
    REQUEST_CHANGED = "request_changed"
    """Took in or answered the request of somebody who was filmed."""
    STEERED = "steered"
    """Moved a camera: pan, tilt, zoom, a preset."""
    SEARCHED = "searched"
    SCANNED = "scanned"
    """Had a network looked at."""
    EVIDENCE = "evidence"
    """Asked for an evidence bundle, agreed to one or refused it, reviewed an emergency, or stopped
    or deleted one."""
    REPORTED = "reported"
    """Had a report written."""
    PICTURE_SENT = "picture_sent"
    """A picture of the recordings left the recorder with a notice, by a way that somebody set up;
    nobody asked for it."""
    STAMPED = "stamped"
    """What was signed by then was stamped by an outside authority; nobody asked for it."""
    EVENTS_LOST = "events_lost"
    """What rules had found was damaged on disk, and is set aside; nobody did it."""
    LOG_READ = "log_read"
    LOG_CHECKED = "log_checked"


class Act(msgspec.Struct, frozen=True, tag="act"):
    """Somebody, by name, did something at a time (UTC ns); empty ``user``: nobody who is known.

    ``detail`` says of it what a reader needs, in a sentence or less and at most `MOST_DETAIL`
    characters; it is kept beside the ledger as names are, and erased as they are. ``count``: that
    many times, where telling each would let a stranger fill the disk.
    """

    id: ActId
    user: str
    kind: ActKind
    at_ns: int
    camera: CameraId | None = None
    detail: str = ""
    count: int = 1


MOST_DETAIL = 500

Note = Look | Act
"""What the site's ledger is told of people."""
